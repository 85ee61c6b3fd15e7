"""Status of the keys: built or running, progress and disk use."""

import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from fc_model.artifacts import ManifestError, Store
from fc_model.artifacts.files import read_file
from fc_model.artifacts.lock import read_holder
from fc_model.artifacts.writer import WORKSPACE
from fc_pipeline.engine.gates import failures
from fc_pipeline.engine.graph import Graph
from fc_pipeline.engine.resolve import Resolver
from fc_pipeline.formatting import Line, columns, duration, size, training_progress

State = Literal["built", "damaged", "running", "half-done", "outdated", "absent"]
"""damaged: its manifest cannot be read, or a file is missing or of another size. outdated: only artifacts of another
recipe exist."""

_STYLES: dict[State, str] = {
    "built": "green",
    "damaged": "bold red",
    "running": "bold cyan",
    "half-done": "yellow",
    "outdated": "yellow",
    "absent": "dim",
}


@dataclass(frozen=True)
class StatusItem:
    key: str
    state: State
    identity: str | None = None
    seconds: float | None = None
    num_bytes: int = 0
    """Size of the present artifact, or of the half-done work."""
    other_bytes: int = 0
    """Size of all other artifacts and half-done work of this key; `gc` lists what can be deleted."""
    problems: tuple[str, ...] = ()
    """What is wrong with a damaged artifact, one line each."""
    gates: tuple[str, ...] = ()
    """Failed and missing verdicts of the artifact, one line each."""
    waits_for: str | None = None
    """For an outdated one: the first of what it is made from that is missing, outdated or damaged."""
    holder: dict[str, Any] | None = None
    """{"pid", "host"} of the process that is writing it."""
    progress: dict[str, Any] | None = None
    """Last record of the metrics log of the half-done work: step, steps, loss, eta_seconds and so on."""


def make_status(graph: Graph, store: Store, keys: Iterable[str]) -> list[StatusItem]:
    """One item a key, in the order of the graph. Reads manifests, locks, logs and sizes of files."""
    resolver = Resolver(graph, store)
    return [_item(resolver, key) for key in keys]


def _item(resolver: Resolver, key: str) -> StatusItem:
    store = resolver.store
    artifact = resolver.artifact(key)
    sizes = {identity: folder_bytes(store.folder(key, identity)) for identity in store.identities(key)}
    for written in sizes:
        holder = read_holder(store.lock_path(key, written))
        if holder is not None:
            progress = read_progress(store.folder(key, written))
            who = {"pid": holder["pid"], "host": holder["host"]}
            return _sized(sizes, key=key, state="running", identity=written, holder=who, progress=progress)
    if artifact is not None and (problems := artifact.problems(read="none")):
        return _sized(sizes, key=key, state="damaged", identity=artifact.identity, problems=tuple(problems))
    if artifact is not None:
        seconds, gates = artifact.manifest.run.get("seconds"), tuple(failures(artifact, resolver.graph.gates(key)))
        return _sized(sizes, key=key, state="built", identity=artifact.identity, seconds=seconds, gates=gates)
    recipe = resolver.recipe(key)
    identity = recipe.identity(key) if recipe is not None else None
    try:
        store.find(key, identity) if identity is not None else None
    except ManifestError as error:
        return _sized(sizes, key=key, state="damaged", identity=identity, problems=(str(error),))
    if identity is not None and (store.folder(key, identity) / WORKSPACE).is_dir():
        progress = read_progress(store.folder(key, identity))
        return _sized(sizes, key=key, state="half-done", identity=identity, progress=progress)
    if not store.versions(key):
        return _sized(sizes, key=key, state="absent")
    return _sized(sizes, key=key, state="outdated", waits_for=_missing_input(resolver, key))


def _missing_input(resolver: Resolver, key: str) -> str | None:
    """The first artifact that the key is made from, at any distance, that is not there and has all of its inputs."""
    missing = [read for read in resolver.graph[key].inputs.values() if resolver.artifact(read) is None]
    return (_missing_input(resolver, missing[0]) or missing[0]) if missing else None


def _sized(sizes: dict[str, int], *, identity: str | None = None, **fields: Any) -> StatusItem:
    own = sizes.get(identity, 0) if identity is not None else 0
    return StatusItem(identity=identity, num_bytes=own, other_bytes=sum(sizes.values()) - own, **fields)


def folder_bytes(folder: Path) -> int:
    """Size of all files below a folder; files that vanish meanwhile count as 0."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.lstat().st_size if not path.is_dir() else 0
        except FileNotFoundError:
            continue
    return total


def read_progress(folder: Path) -> dict[str, Any] | None:
    """The newest record with a loss in a metrics log below the folder's workspace; None when there is none."""
    newest = None
    for path in sorted((folder / WORKSPACE).rglob("metrics.jsonl")):
        for line in read_file(path).split(b"\n")[:-1]:  # the last piece is empty, or a line being written
            with suppress(ValueError):  # a damaged line, which training leaves out when it resumes
                record = json.loads(line)
                if isinstance(record, dict) and "loss" in record:
                    newest = record
    return newest


def status_lines(items: list[StatusItem], *, root: Path) -> list[Line]:
    """The status in words: one line a key, the pages of the reports, and the disk use."""
    rows = [[item.state, item.key, size(item.num_bytes), _details(item)] for item in items]
    lines: list[Line] = [
        ("bold red" if item.gates else _STYLES[item.state], text)
        for item, text in zip(items, columns(rows), strict=True)
    ]
    built = sum(item.state == "built" for item in items)
    used, other = sum(item.num_bytes for item in items), sum(item.other_bytes for item in items)
    spare = f", and {size(other)} of earlier or half-done ones (`fustercluck gc`)" if other else ""
    built_folders = (root / item.key / str(item.identity) for item in items if item.state == "built")
    reports = [("", f"report: {page}") for folder in built_folders if (page := folder / "report.html").is_file()]
    return [*lines, *reports, ("bold", f"{built} of {len(items)} built; {size(used)} in {root}{spare}")]


def _details(item: StatusItem) -> str:
    parts = [*item.problems, *item.gates]
    if item.waits_for is not None:
        parts.append(f"waits for {item.waits_for}")
    if item.progress is not None:
        now = ("tokens_per_second", "eta_seconds") if item.holder is None else ()  # not for a process that ended
        parts.append(training_progress({name: value for name, value in item.progress.items() if name not in now}))
    if item.holder is not None:
        parts.append(f"pid {item.holder['pid']} on {item.holder['host']}")
    if item.state == "built" and item.seconds is not None:
        parts.append(f"{item.identity} in {duration(item.seconds)}")
    return "; ".join(parts)
