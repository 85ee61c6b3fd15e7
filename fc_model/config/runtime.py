"""How a stage is run on this machine: what must not matter to its result. Imports no torch."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from fc_model.config.strict import Strict


class RuntimeConfig(Strict):
    """How a stage is run on this machine; none of it is part of an artifact's identity."""

    device: Literal["auto", "cpu", "cuda", "mps"] = Field(default="auto", description="auto: cuda, else mps, else cpu.")
    threads: int | None = Field(default=None, gt=0, description="CPU threads of torch; null: this process's cores.")
    workers: int | None = Field(
        default=None, ge=0, description="Processes for images; 0: a thread; null: two less than the cores, at most 8."
    )
    micro_batch: int | None = Field(
        default=None, gt=0, description="Windows or images a pass; null: by the device. Halved when memory runs out."
    )
    log_every: int = Field(default=10, gt=0, description="Steps between lines of the log.")
    compile: Literal["auto"] | bool = Field(
        default="auto", description="torch.compile; auto: where a compiler stands and the stage is long enough to pay."
    )
    keep_checkpoints: int = Field(default=2, ge=2, description="Checkpoints that are kept while a stage runs.")
    progress: bool = Field(default=True, description="Show the progress in the terminal.")
    mlflow_uri: str | None = Field(
        default=None, description="Where `python -m fc_model.train` logs: sqlite:///... or a server; null: nowhere."
    )
