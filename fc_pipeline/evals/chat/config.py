"""What an assistant is asked after its stages."""

from typing import Annotated, Literal

from pydantic import Field

from fc_model.config.strict import Strict


class RulesJudge(Strict):
    """A program decides: instructions that are followed, no loop, an ended turn. It does not judge what is said."""

    kind: Literal["rules"] = "rules"


class EndpointJudge(Strict):
    """A model behind an OpenAI-compatible address decides. It is asked twice, with the replies in either order."""

    kind: Literal["endpoint"] = "endpoint"
    url: str = Field(pattern=r"^https?://", description="Up to /v1; /chat/completions is added.")
    model: str = Field(min_length=1, description="The name by which the server knows it.")
    key_variable: str | None = Field(
        default=None, description="Environment variable that holds the key; null where the server wants none."
    )
    max_tokens: int = Field(default=16, gt=0, description="Of its verdict.")


Judge = Annotated[RulesJudge | EndpointJudge, Field(discriminator="kind")]


class WinRateConfig(Strict):
    """Replies of the stage against those of an earlier one."""

    against: str = Field(description="An earlier stage that trains the decoder.")
    judge: Judge = Field(default_factory=RulesJudge, description="Who decides.")
    max_openings: int = Field(default=50, ge=0, description="Held-out first prompts, beside those with instructions.")


class ChatEvalsConfig(Strict):
    """The evaluation of chat and tools after one or more stages of kind sft."""

    stages: list[str] | None = Field(default=None, description="After which stages; null: after the last one.")
    max_turns: int = Field(default=200, gt=0, description="Turns with tools of each file of held-out ones, by seed.")
    max_dialogues: int = Field(default=50, ge=0, description="Held-out conversations that are played with real tools.")
    max_problems: int = Field(default=200, ge=0, description="Held-out problems whose answer a program checks.")
    max_problem_tokens: int = Field(default=256, gt=0, description="Of a reply to a problem, with its reasoning.")
    max_prompts: int = Field(default=100, ge=0, description="Prompts with instructions, made of held-out text.")
    prompt_words: int = Field(default=40, gt=0, description="Words of the held-out text in such a prompt.")
    control_items: int = Field(default=20, gt=0, description="Turns and prompts that shuffled weights are asked, too.")
    max_reply_tokens: int = Field(default=128, gt=0, description="Of a reply.")
    win_rate: WinRateConfig | None = Field(default=None, description="Against an earlier stage; null for none.")
    seed: int = Field(default=0, ge=0, description="Of what is drawn, of the intervals and of the shuffled weights.")
