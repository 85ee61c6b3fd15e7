"""A step: its specification, and the argument of its function."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from fc_model.artifacts import Artifact, ArtifactWriter
from fc_model.observer import Track, untracked
from fc_pipeline.engine.deferred import path_of
from fc_pipeline.executors.settings import Executor, LocalExecutor

T = TypeVar("T")
R = TypeVar("R")
MAX_KEY_FIGURES = 5


@dataclass(kw_only=True)
class Runtime:
    """Settings that must not change the bytes that a step writes."""

    home: Path
    """FC_HOME: artifacts, the cache of downloads, MLflow's database."""
    workers: int = 1
    threads: int = 1
    executor: Executor = field(default_factory=LocalExecutor)
    """Where the batches of data steps are computed."""
    device: str = "auto"
    report: Callable[[dict[str, Any]], None] = lambda metrics: None
    """Receives live progress: {"step", "steps", "loss", "tokens_per_second", "eta_seconds", ...}."""
    track: Track = untracked
    """Begins the tracking of a training (see fc_model.train.run_stage)."""
    tags: dict[str, str] = field(default_factory=dict)
    """Tags of the MLflow run, such as dagster.run_id."""


@dataclass(kw_only=True)
class Step:
    """The one argument of a step's function."""

    key: str
    config: dict[str, Any]
    inputs: dict[str, Artifact]
    out: ArtifactWriter
    runtime: Runtime
    helpers: dict[str, Callable[..., Any]] = field(default_factory=dict)
    """Functions that the step calls by name, such as the readers of a report's sections."""
    in_workers: bool = field(default=False, init=False)
    """Whether other processes computed some of it."""

    def ordered_map(self, function: Callable[[T], R], items: Iterable[T], /) -> Iterator[R]:
        """Yields `function(item)` in the order of the items, computed by the runtime's executor.

        A step calls it through its argument, so the executor is no part of the step's code version.
        `function`, items and results: see fc_pipeline/executors/ordered_map.py.
        """
        from fc_pipeline.executors.ordered_map import ordered_map

        self.in_workers |= self.runtime.workers > 1 or not isinstance(self.runtime.executor, LocalExecutor)
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
    """A step as data, for the graph, the plan and Dagster."""

    key: str
    function: Callable[[Step], None]
    """A function, or a reference to one (`deferred_imports`), so that listing the steps imports none of them."""
    description: str
    group: str
    config: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    """Role -> key of the artifact."""
    requires: tuple[str, ...] = ()
    """Keys whose gates must have passed; not part of the identity."""
    judges: str | None = None
    """Key of the stage that this step evaluates: every step that uses the stage's weights needs its gates passed."""
    helpers: dict[str, Callable[..., Any]] = field(default_factory=dict)
    """Functions that the step calls by name; their code is part of its code version."""
    track: str | None = None
    """The track that the step belongs to; None for a shared step."""
    page: Callable[[Artifact], dict[str, str]] | None = None
    """Pictures and tables of the artifact for its page in the UI, Markdown by name."""
    key_metrics: tuple[str, ...] = ()
    """Names of the figures that matter most, best known first; the UI shows the first five that the artifact has."""
    logged: tuple[str, ...] = ()
    """Files that MLflow keeps with the run, beside the pictures of the page; files of records become tables."""
    registered: bool = False
    """True for the step whose folder is a version of the track's model in MLflow's registry."""
    kinds: tuple[str, ...] = ("python",)
    accelerator: bool = False
    """True for steps that need the accelerator (or all cores) exclusively."""
    partition: str | None = None
    """Last part of the key of a step that is one of several equal ones, such as a dump of a corpus."""

    expected: dict[str, int] = field(default_factory=dict)
    """What `plan` says of its size until it was built once, as far as that is known: download_bytes, disk_bytes."""
    fresh_for_days: int | None = None
    """Age in days at which the UI warns; None: never."""

    def key_figures(self, figures: Mapping[str, float]) -> dict[str, float]:
        """The five figures that matter most, of those that there are."""
        names = [name for name in self.key_metrics if name in figures]
        return {name: figures[name] for name in names[:MAX_KEY_FIGURES]}

    @property
    def function_path(self) -> str:
        return path_of(self.function)

    @property
    def asset(self) -> str:
        """Dagster's asset key: the key without the partition."""
        return self.key if self.partition is None else self.key.removesuffix(f"/{self.partition}")

    @property
    def upstream(self) -> tuple[str, ...]:
        """Every key that must exist before this step runs, without repeats."""
        return tuple(dict.fromkeys((*self.inputs.values(), *self.requires)))
