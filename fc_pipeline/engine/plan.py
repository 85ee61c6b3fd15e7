"""The plan of a run: for every key of a track whether it is built, and why."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from fc_model.artifacts import Artifact, ManifestError, Store
from fc_model.artifacts.manifest import InputEntry, Manifest
from fc_model.artifacts.writer import WORKSPACE
from fc_pipeline.engine.gates import failures, judge, judged_metrics
from fc_pipeline.engine.graph import Graph
from fc_pipeline.engine.recipe_diff import Changes, Wanted, changes
from fc_pipeline.engine.resolve import Resolver
from fc_pipeline.formatting import size

State = Literal["fresh", "rejudge", "pull", "maybe", "build", "damaged"]
"""fresh: present, nothing to do. rejudge: present, its gates changed. pull: missing or damaged here, in the remote.
maybe: an input is rebuilt; if its bytes stay equal, nothing is built. build: is built. damaged: is built again."""

Elsewhere = Callable[[str, str], Manifest | None]
"""Key and identity of an artifact -> its manifest, if it can be pulled."""

UNFINISHED: tuple[State, ...] = ("maybe", "build", "damaged")


@dataclass(frozen=True)
class PlanItem:
    key: str
    state: State
    reasons: list[str]
    identity: str | None = None
    """None while an input is not built, so that its digest is unknown."""
    parts: list[str] = field(default_factory=list)
    """Functions, classes and constants that changed since the artifact that it is compared with."""
    resumes: list[str] = field(default_factory=list)
    """Half-done work that the next attempt resumes."""
    gates: str = ""
    """`passed`, or the failed and unjudged gates; empty without gates."""
    blocked: list[str] = field(default_factory=list)
    """Failed gates of its inputs: for now it cannot be built."""
    pulled_bytes: int = 0
    """Bytes to download from the remote."""


def make_plan(
    graph: Graph, store: Store, keys: Iterable[str], *, elsewhere: Elsewhere = lambda key, identity: None
) -> list[PlanItem]:
    """One item a key, for the keys and everything upstream of them, in the order of building.

    Reads manifests and sizes of files, not their bytes: `verify` and the run detect a flipped bit. An artifact that is
    missing here but present `elsewhere` is to be pulled; nothing is downloaded.
    """
    resolver = Resolver(graph, store)
    items: dict[str, PlanItem] = {}
    for key in graph.closure(keys):
        items[key] = _item(resolver, key, items, elsewhere)
    return list(items.values())


def _item(resolver: Resolver, key: str, items: dict[str, PlanItem], elsewhere: Elsewhere) -> PlanItem:
    graph, store = resolver.graph, resolver.store
    wanted = _wanted(resolver, key, items)
    closest = _closest(store.versions(key), wanted)
    common: dict[str, Any] = {"key": key, "blocked": _blocked(resolver, key, items)}
    if any(entry is None for _, entry in wanted.inputs.values()):
        spared = closest is not None and not closest.certain
        return PlanItem(**common, state="maybe" if spared else "build", **_why(closest))
    recipe = resolver.recipe(key)
    assert recipe is not None  # every input is present
    identity = recipe.identity(key)
    common |= {"identity": identity, "resumes": _half_done(store, key, identity)}
    try:
        artifact = store.find(key, identity)
    except ManifestError as error:
        return _or_pulled(PlanItem(**common, state="damaged", reasons=[str(error)]), identity, resolver, elsewhere)
    if artifact is None:
        return _or_pulled(PlanItem(**common, state="build", **_why(closest)), identity, resolver, elsewhere)
    common |= {"resumes": [], "gates": "; ".join(failures(artifact, graph.gates(key))) or _passed(artifact)}
    problems = artifact.problems(read="none")
    if problems:
        return _or_pulled(PlanItem(**common, state="damaged", reasons=problems), identity, resolver, elsewhere)
    metrics = judged_metrics(artifact.metrics, artifact.manifest.counters)
    if judge(metrics, graph.gates(key)) != artifact.manifest.gates:
        return PlanItem(**common, state="rejudge", reasons=["its gates changed"])
    return PlanItem(**common, state="fresh", reasons=[])


def _or_pulled(item: PlanItem, identity: str, resolver: Resolver, elsewhere: Elsewhere) -> PlanItem:
    """The item of a missing or damaged artifact, with state `pull` when `elsewhere` has it."""
    manifest = elsewhere(item.key, identity)
    if manifest is None:
        return item
    resolver.will_be(Artifact(resolver.store.folder(item.key, identity), manifest))
    num_bytes = sum(entry.bytes for entry in manifest.files)
    reasons = [*(item.reasons if item.state == "damaged" else []), f"in the remote, {size(num_bytes)}"]
    return replace(item, state="pull", reasons=reasons, parts=[], pulled_bytes=num_bytes)


def _wanted(resolver: Resolver, key: str, items: dict[str, PlanItem]) -> Wanted:
    inputs: dict[str, tuple[str, InputEntry | None]] = {}
    for role, input_key in resolver.graph[key].inputs.items():
        artifact = resolver.artifact(input_key)
        known = artifact is not None and items[input_key].state not in UNFINISHED
        entry = InputEntry(input_key, artifact.identity, artifact.digest) if artifact is not None and known else None
        inputs[role] = (input_key, entry)
    return Wanted(config=resolver.graph[key].config, code=resolver.code(key), inputs=inputs)


def _closest(versions: list[Artifact], wanted: Wanted) -> Changes | None:
    """The changes since the most similar earlier artifact, the newest of equals; None when there is no artifact."""
    candidates = [changes(version.manifest.recipe, wanted) for version in reversed(versions)]
    return min(candidates, key=lambda changed: len(changed.certain), default=None)


def _why(closest: Changes | None) -> dict[str, Any]:
    if closest is None:
        return {"reasons": ["never built"]}
    return {"reasons": closest.lines, "parts": closest.parts}


def _half_done(store: Store, key: str, identity: str) -> list[str]:
    """Names of the half-done work that a killed attempt left in the artifact's workspace."""
    workspace = store.folder(key, identity) / WORKSPACE
    return sorted(path.name for path in workspace.iterdir()) if workspace.is_dir() else []


def _blocked(resolver: Resolver, key: str, items: dict[str, PlanItem]) -> list[str]:
    """Failed gates of the key's inputs. Inputs that are rebuilt or judged again first are left out: they may pass."""
    reasons = []
    for needed in resolver.graph[key].upstream:
        artifact = resolver.artifact(needed)
        if artifact is not None and items[needed].state == "fresh":
            reasons += failures(artifact, resolver.graph.gates_for(needed, for_key=key))
    return reasons


def _passed(artifact: Artifact) -> str:
    waived = [verdict["name"] for verdict in artifact.manifest.gates if not verdict["passed"]]
    if waived:
        return f"waived: {', '.join(waived)}"
    return "passed" if artifact.manifest.gates else ""
