"""Which benchmarks a track runs, and on which items."""

from typing import Any, Literal

from pydantic import Field, model_validator

from fc_model.config.strict import Strict

TaskName = Literal[
    "arc_challenge", "arc_easy", "gsm8k", "hellaswag", "mmlu", "truthfulqa_mc1", "truthfulqa_mc2"
]  # fmt: skip
CATALOGUED = {"arc_challenge", "arc_easy", "gsm8k", "hellaswag", "mmlu"}
"""The tasks whose items the catalogue of eval sets has under their own names."""
_FIXED_EXAMPLES = {"truthfulqa_mc1", "truthfulqa_mc2"}


class ItemsConfig(Strict):
    """Where items come from: one of the two."""

    evalset: str | None = Field(default=None, description="Name from fc_pipeline/evalsets/catalog.")
    file: str | None = Field(
        default=None, description="JSONL (plain, gz, zst), a row of the hub's data set a line; as FC_HOME is relative."
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> "ItemsConfig":
        if (self.evalset is None) == (self.file is None):
            raise ValueError("name either an evalset or a file")
        return self


class BenchmarkConfig(Strict):
    """One benchmark."""

    task: TaskName = Field(description="How a row becomes a prompt, and how the answer is scored.")
    shots: int = Field(default=0, ge=0, description="Examples with their answers in front of each item.")
    max_items: int | None = Field(default=None, gt=0, description="Items that are drawn by the seed; null for all.")
    items: ItemsConfig | None = Field(default=None, description="null: the task's own eval set of the catalogue.")
    shots_from: ItemsConfig | None = Field(
        default=None,
        description="Whose first items are the examples; null: mmlu_dev for mmlu's own items, else the items "
        "themselves, which are then not scored.",
    )

    @model_validator(mode="before")
    @classmethod
    def _defaults(cls, raw: Any) -> Any:
        if isinstance(raw, dict) and raw.get("items") is None and raw.get("task") in CATALOGUED:
            raw = {**raw, "items": {"evalset": raw["task"]}}
            if raw["task"] == "mmlu" and raw.get("shots_from") is None:
                raw["shots_from"] = {"evalset": "mmlu_dev"}
        return raw

    @model_validator(mode="after")
    def _fits_together(self) -> "BenchmarkConfig":
        if self.items is None:
            raise ValueError(f"{self.task} has no items in the catalogue: give `items: {{file: <rows>.jsonl}}`")
        if self.shots and self.task in _FIXED_EXAMPLES:
            raise ValueError(f"{self.task} has examples of its own: leave `shots` out")
        return self


class BenchmarksConfig(Strict):
    """The benchmarks after one or more stages."""

    tasks: list[BenchmarkConfig] = Field(min_length=1, description="Each task once.")
    stages: list[str] | None = Field(
        default=None, description="After which stages; null: after the last one that trains the decoder."
    )
    control_items: int = Field(
        default=100, gt=0, description="Items a task that a model of shuffled weights is asked, too."
    )
    max_answer_tokens: int = Field(default=256, gt=0, description="Of an answer that is written freely (gsm8k).")
    precision: Literal["fp32", "bf16", "auto"] = Field(
        default="fp32", description="Of the forward pass; auto takes bf16 where it is faster, so machines may differ."
    )
    seed: int = Field(default=0, ge=0, description="Of the drawn items, the intervals and the shuffled weights.")

    @model_validator(mode="after")
    def _each_once(self) -> "BenchmarksConfig":
        names = [one.task for one in self.tasks]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"tasks: {', '.join(twice)} stands twice")
        return self
