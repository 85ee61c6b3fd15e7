"""What a step is told, and what is known of it before it runs."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from fc_model.artifacts import Artifact, ArtifactWriter
from fc_pipeline.engine.deferred import path_of
from fc_pipeline.executors.settings import Executor, LocalExecutor

T = TypeVar("T")
R = TypeVar("R")


def _ignore(metrics: dict[str, Any]) -> None:
    """Reports to nobody."""


@dataclass(kw_only=True)
class Runtime:
    """What must not matter to the bytes that a step writes."""

    home: Path
    """FC_HOME: artifacts, the cache of downloads, MLflow's database."""
    workers: int = 1
    threads: int = 1
    executor: Executor = field(default_factory=LocalExecutor)
    """Where the batches of data steps are computed."""
    device: str = "auto"
    report: Callable[[dict[str, Any]], None] = _ignore
    """Takes live progress: {"step", "steps", "loss", "tokens_per_second", "eta_seconds", ...}."""
    tags: dict[str, str] = field(default_factory=dict)
    """For MLflow: dagster.run_id and the like."""


@dataclass(kw_only=True)
class Step:
    """The one argument of a step's function."""

    key: str
    config: dict[str, Any]
    inputs: dict[str, Artifact]
    out: ArtifactWriter
    runtime: Runtime
    helpers: dict[str, Callable[..., Any]] = field(default_factory=dict)
    """Functions that the step was given beside its inputs, such as the sections of a report."""

    def ordered_map(self, function: Callable[[T], R], items: Iterable[T], /) -> Iterator[R]:
        """Yields `function(item)` in the order of the items, computed by the runtime's executor.

        A step calls it through its argument, so what computes is no part of the step's code version.
        `function`, items and results: see fc_pipeline/executors/ordered_map.py.
        """
        from fc_pipeline.executors.ordered_map import ordered_map

        return ordered_map(
            function,
            items,
            executor=self.runtime.executor,
            workers=self.runtime.workers,
            folder=lambda: self.out.workspace("tasks"),
            report=self.runtime.report,
        )


@dataclass(frozen=True, kw_only=True)
class StepSpec:
    """A step as data: what the graph lists, the plan compares and Dagster shows."""

    key: str
    function: Callable[[Step], None]
    """A function, or a reference to one (`deferred_imports`), so that listing the steps imports none of them."""
    description: str
    group: str
    config: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    """Role -> key of the artifact."""
    requires: tuple[str, ...] = ()
    """Keys whose gates must have passed; they are not part of the identity."""
    judges: str | None = None
    """Key of the stage that this step evaluates: whatever takes that stage's weights further needs its gates passed."""
    helpers: dict[str, Callable[..., Any]] = field(default_factory=dict)
    """Functions that the step calls by name; their code is part of its code version."""
    track: str | None = None
    """The track that it belongs to; None for what tracks share."""
    page: Callable[[Artifact], dict[str, str]] | None = None
    """Pictures and tables of the artifact for its page in the UI, Markdown by name."""
    kinds: tuple[str, ...] = ("python",)
    accelerator: bool = False
    """True for steps that need the one accelerator (or all cores) for themselves."""
    partition: str | None = None
    """Last part of the key of a step that is one of several alike: the dump of a corpus."""

    fresh_for_days: int | None = None
    """Age at which the UI warns; None for what never grows old by itself."""

    @property
    def function_path(self) -> str:
        """Import path of the function, `package.module:name`."""
        return path_of(self.function)

    @property
    def asset(self) -> str:
        """What Dagster lists: the key, without the partition."""
        return self.key if self.partition is None else self.key.removesuffix(f"/{self.partition}")

    @property
    def upstream(self) -> tuple[str, ...]:
        """Every key that must exist before this step runs, without repeats."""
        return tuple(dict.fromkeys((*self.inputs.values(), *self.requires)))
