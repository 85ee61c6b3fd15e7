"""What an assistant is asked after its stages."""

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from fc_model.chat.grounding.mode import Grounding
from fc_model.config.strict import Strict


class RulesJudge(Strict):
    """A program decides: instructions that are followed, no loop, an ended turn. It does not judge what is said."""

    kind: Literal["rules"] = "rules"


class EndpointJudge(Strict):
    """A model behind an OpenAI-compatible address decides. It is asked twice, with the replies in either order."""

    kind: Literal["endpoint"] = "endpoint"
    url: str = Field(description="Up to /v1; /chat/completions is added.")
    model: str = Field(min_length=1, description="The name by which the server knows it.")
    key_variable: str | None = Field(
        default=None, description="Environment variable that holds the key; null where the server wants none."
    )
    parameters: dict[str, str | int | float | bool] = Field(
        default={"temperature": 0, "max_tokens": 16},
        description="What the request says beside model and messages. Some models take none of these two, and "
        "max_completion_tokens, of which those that reason need a thousand or more.",
    )

    @field_validator("url")
    @classmethod
    def _an_address(cls, url: str) -> str:
        try:
            parts = urlsplit(url)
            has_host = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:
            has_host = False
        if not has_host or parts.query or parts.fragment or re.search(r"\s", url):
            raise ValueError("is no address of a server: write it as https://host/v1")
        return url

    @field_validator("parameters")
    @classmethod
    def _others(cls, parameters: dict[str, str | int | float | bool]) -> dict[str, str | int | float | bool]:
        if taken := sorted({"model", "messages", "stream", "n"} & parameters.keys()):
            raise ValueError(f"{taken[0]} is said already, or would change the form of the answer: leave it out")
        return parameters


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
    grounding: Grounding = Field(
        default="conversation",
        description="What numbers and dates of a call are, here and in chat: of the request, of the conversation, or "
        "any (none).",
    )
    win_rate: WinRateConfig | None = Field(default=None, description="Against an earlier stage; null for none.")
    seed: int = Field(default=0, ge=0, description="Of what is drawn, of the intervals and of the shuffled weights.")
