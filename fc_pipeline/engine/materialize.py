"""Build one artifact, or return the present one. Every Dagster asset of a track is a shell around this."""

import copy
import importlib
import platform
import time
from dataclasses import dataclass
from importlib.metadata import version

from fc_model.artifacts import AlreadyBuilt, Artifact, ManifestError, Recipe, Store
from fc_model.errors import UserError
from fc_pipeline.engine.gates import judge, judged_metrics, require_passed
from fc_pipeline.engine.graph import Graph
from fc_pipeline.engine.in_use import announce
from fc_pipeline.engine.resolve import Resolver
from fc_pipeline.engine.resource_usage import peak_memory_bytes, tree_cpu_seconds
from fc_pipeline.engine.step import Runtime, Step
from fc_pipeline.remote.sync import Log, pull_if_present, push_after_build, to_stderr

_RECORDED_LIBRARIES = ("torch", "pytorch-lightning", "sentencepiece", "datatrove", "numpy", "dagster", "mlflow")


@dataclass(frozen=True)
class Outcome:
    artifact: Artifact
    reused: bool


def materialize(graph: Graph, store: Store, key: str, runtime: Runtime, *, log: Log = to_stderr) -> Outcome:
    """Returns the artifact of `key`. A missing or damaged one is pulled from the remote, or else built and pushed.

    Raises:
        UserError: an input is missing, damaged, or has not passed its gates; the step's code was edited since the
            graph was read, or while its workers ran; or the step refuses its input.
    """
    spec = graph[key]
    announce(graph, store)
    resolver = Resolver(graph, store)
    inputs = {role: resolver.require(input_key, for_key=key) for role, input_key in spec.inputs.items()}
    required = [resolver.require(required_key, for_key=key) for required_key in spec.requires]
    for artifact in (*inputs.values(), *required):
        require_passed(artifact, graph.gates_for(artifact.key, for_key=key), for_key=key)
    recipe = resolver.recipe(key)
    assert recipe is not None  # every input is present
    identity = recipe.identity(key)
    existing, problems = _present(store, key, identity)
    if existing is not None:
        return Outcome(_reused(store, existing, graph), reused=True)
    if problems:
        log(f"{key} is damaged and is built again: {'; '.join(problems)}")
    pulled_as = pull_if_present(store, key, identity, replace=bool(problems), log=log)
    if pulled_as == "pulled":
        pulled = store.find(key, identity)
        assert pulled is not None
        return Outcome(_reused(store, pulled, graph), reused=True)

    for artifact in inputs.values():
        artifact.verify()
    _import_code(graph, key)
    try:
        _build(graph, store, key, recipe, inputs, runtime, replace=bool(problems))
        reused = False
    except AlreadyBuilt:  # by another process, between our check and our lock
        reused = True
    built = store.find(key, identity)
    assert built is not None
    if not reused:
        push_after_build(built, again=pulled_as == "damaged", log=log)
    return Outcome(_reused(store, built, graph) if reused else built, reused=reused)


def _present(store: Store, key: str, identity: str) -> tuple[Artifact | None, list[str]]:
    """The artifact if it is present and undamaged, else None, and its problems."""
    try:
        existing = store.find(key, identity)
    except ManifestError as error:
        return None, [str(error)]
    problems = existing.problems() if existing is not None else []
    return (None if problems else existing), problems


def _import_code(graph: Graph, key: str) -> None:
    """Import all that the step reaches, so that the code that runs is the code that its identity names.

    Modules are imported when a step first needs them, which may be long after the graph was read, and an edit in
    between would be built under the old version. An edit after this is not seen by this process.

    Raises:
        UserError: the code was edited since the graph was read.
    """
    for module in sorted({part.partition(":")[0] for part in graph.code(key)["parts"]}):
        importlib.import_module(module)
    if graph.edited(key):
        raise UserError(f"{key}: its code was edited after this run had begun; start the run again")


def _build(
    graph: Graph,
    store: Store,
    key: str,
    recipe: Recipe,
    inputs: dict[str, Artifact],
    runtime: Runtime,
    *,
    replace: bool,
) -> None:
    spec = graph[key]
    config = copy.deepcopy(recipe.config)  # a step that changes its config changes no other step's
    started, cpu_started = time.monotonic(), tree_cpu_seconds()
    with store.write(key, recipe, replace=replace) as out:
        helpers = dict(spec.helpers)
        step = Step(key=key, config=config, inputs=inputs, out=out, runtime=runtime, helpers=helpers)
        spec.function(step)
        if step.in_workers and graph.edited(key):  # they import the code when they start
            raise UserError(
                f"{key}: its code was edited while it ran, and its workers may have run either: run it again"
            )
        out.licences = out.licences or _roll_up(list(inputs.values()))
        out.gates = judge(judged_metrics(out.metrics, out.counters), graph.gates(key))
        out.run |= {
            "committed_at": time.time(),
            "seconds": round(time.monotonic() - started, 3),
            "cpu_seconds": round(tree_cpu_seconds() - cpu_started, 3),
            "peak_memory_bytes": peak_memory_bytes(),
            "python": platform.python_version(),
            "libraries": {name: version(name) for name in _RECORDED_LIBRARIES},
            "tags": runtime.tags,
        }


def _reused(store: Store, artifact: Artifact, graph: Graph) -> Artifact:
    """The artifact, judged by the current gates."""
    store.tidy(artifact)
    verdicts = judge(judged_metrics(artifact.metrics, artifact.manifest.counters), graph.gates(artifact.key))
    return artifact if verdicts == artifact.manifest.gates else store.judge(artifact, verdicts)


def _roll_up(inputs: list[Artifact]) -> list[dict]:
    """The licences of all inputs, each licence of a source once."""
    entries = {
        (entry["source"], entry["licence"]): entry for artifact in inputs for entry in artifact.manifest.licences
    }
    return [entries[key] for key in sorted(entries)]
