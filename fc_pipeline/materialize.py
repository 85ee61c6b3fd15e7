"""Build one artifact, or return the one that is there. Every Dagster asset of a track is a shell around this."""

import importlib
import platform
import resource
import sys
import time
from dataclasses import dataclass
from importlib.metadata import version

from fc_model.artifacts import Artifact, Store
from fc_pipeline.gates import judge, require_passed
from fc_pipeline.graph import Graph
from fc_pipeline.resolve import Resolver
from fc_pipeline.step import Runtime, Step

_RECORDED_LIBRARIES = ("torch", "pytorch-lightning", "sentencepiece", "datatrove", "numpy", "dagster", "mlflow")


@dataclass(frozen=True)
class Outcome:
    artifact: Artifact
    reused: bool


def materialize(graph: Graph, store: Store, key: str, runtime: Runtime) -> Outcome:
    """Returns the present artifact of `key`, building it if it is not there or damaged.

    Raises:
        UserError: an input is missing, damaged, or has not passed its gates; or the step refuses its input.
    """
    spec = graph[key]
    resolver = Resolver(graph, store)
    inputs = {role: resolver.require(input_key, for_key=key) for role, input_key in spec.inputs.items()}
    required = [resolver.require(required_key, for_key=key) for required_key in spec.requires]
    for artifact in (*inputs.values(), *required):
        require_passed(artifact, graph.gates(artifact.key), for_key=key)
    recipe = resolver.recipe(key)
    assert recipe is not None  # every input was just found
    existing = store.find(key, recipe.identity(key))
    if existing is not None:
        problems = existing.problems()
        if not problems:
            return Outcome(_judged(store, existing, graph), reused=True)
        print(f"{key} is damaged and is built again: {'; '.join(problems)}", file=sys.stderr)

    for artifact in inputs.values():
        artifact.verify()
    started, cpu_started = time.monotonic(), time.process_time()
    with store.write(key, recipe) as out:
        _function(spec.function)(Step(key=key, config=spec.config, inputs=inputs, out=out, runtime=runtime))
        out.licences = out.licences or _roll_up(list(inputs.values()))
        out.gates = judge(out.metrics, graph.gates(key))
        out.run |= {
            "committed_at": time.time(),
            "seconds": round(time.monotonic() - started, 3),
            "cpu_seconds": round(time.process_time() - cpu_started, 3),
            "peak_memory_bytes": peak_memory_bytes(),
            "python": platform.python_version(),
            "libraries": {name: version(name) for name in _RECORDED_LIBRARIES},
            "tags": runtime.tags,
        }
    built = store.find(key, recipe.identity(key))
    assert built is not None
    return Outcome(built, reused=False)


def peak_memory_bytes() -> int:
    """The most memory that this process, or any child that it has waited for, has held so far."""
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def _judged(store: Store, artifact: Artifact, graph: Graph) -> Artifact:
    verdicts = judge(artifact.metrics, graph.gates(artifact.key))
    return artifact if verdicts == artifact.manifest.gates else store.judge(artifact, verdicts)


def _function(path: str):  # type: ignore[no-untyped-def]
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)


def _roll_up(inputs: list[Artifact]) -> list[dict]:
    """The licences of all inputs, each source once."""
    entries = {entry["source"]: entry for artifact in inputs for entry in artifact.manifest.licences}
    return [entries[source] for source in sorted(entries)]
