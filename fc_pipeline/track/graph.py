"""The graph of all tracks: the steps of each track's parts, their gates, and the report."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace

from fc_pipeline.engine.deferred import deferred_imports
from fc_pipeline.engine.gates import Gate, SharedGate
from fc_pipeline.engine.graph import Graph
from fc_pipeline.engine.milestones import Milestone
from fc_pipeline.engine.part import PHASES, template_folder
from fc_pipeline.engine.step import StepSpec
from fc_pipeline.lineage.takedown_list import taken_down
from fc_pipeline.track.config import TrackConfig
from fc_pipeline.track.gates import check_gates, held_by_milestones, track_gates, track_milestones
from fc_pipeline.track.parts import PARTS

with deferred_imports():
    from fc_pipeline.report.pages import report_page
    from fc_pipeline.report.write import write_report

SECTIONS = tuple(
    sorted((section for part in PARTS for section in part.sections), key=lambda section: PHASES.index(section.phase))
)
"""Sections of the report in the order of the work."""


def build_graph(tracks: Iterable[TrackConfig], *, also_without: Sequence[str] = ()) -> Graph:
    """Sources and corpora are shared: tracks that name the same one must declare it equally (UserError).

    Documents that were taken down (fc_pipeline/lineage/takedown.py) and those of `also_without` are part of the recipes
    of the steps that read their sources.
    """
    steps: list[StepSpec] = []
    gates: dict[str, list[Gate]] = {}
    milestones: list[Milestone] = []
    removed = [*taken_down(), *also_without]
    for track in tracks:
        steps += track_steps(track, without=removed)
        milestones += track_milestones(track)
        for key, gate in track_gates(track):
            gates.setdefault(key, []).append(gate)
    return Graph(steps, gates, milestones=milestones)


def track_steps(track: TrackConfig, *, without: Sequence[str] = ()) -> list[StepSpec]:
    """The steps of all parts of a track, and the report."""
    if without:
        for part in PARTS:
            track = part.without(track, without)
    steps = [_owned(step, track.name) for part in PARTS for step in part.steps(track, PARTS)]
    judges: dict[str, list[str]] = {}
    for step in steps:
        if step.judges is not None:
            judges.setdefault(step.judges, []).append(step.key)
    check_gates(track, steps)
    corpus_gates = [key for key, gate in track_gates(track) if isinstance(gate, SharedGate)]
    steps = [_held_up(step, judges=judges, corpus_gates=corpus_gates) for step in steps]
    return held_by_milestones(track, [*steps, _report(track, steps)])


def _owned(step: StepSpec, track: str) -> StepSpec:
    return replace(step, track=track) if step.key.startswith(f"{track}/") else step


def _held_up(step: StepSpec, *, judges: dict[str, list[str]], corpus_gates: list[str]) -> StepSpec:
    """The step with the gates that it waits for.

    A step that uses a stage's weights, or follows it, needs the evaluations of that stage; a step of the track that
    reads the corpus needs the track's gates on the corpus.
    """
    needed = [
        judge
        for key in step.upstream
        if step.judges != key  # evaluations of one stage do not wait for each other
        for judge in judges.get(key, [])
    ]
    if step.track is not None and any(key.startswith("corpus/") for key in step.inputs.values()):
        needed += corpus_gates
    extra = [key for key in needed if key not in step.inputs.values()]
    return replace(step, requires=tuple(dict.fromkeys((*step.requires, *extra))))


def _report(track: TrackConfig, steps: list[StepSpec]) -> StepSpec:
    """The report's step. Its inputs are the track's artifacts but eval sets and tokenizers, in the steps' order."""
    keys = [key for key in Graph(steps, {}) if not key.startswith(("evalsets/", "tokenizers/"))]
    return StepSpec(
        key=f"{track.name}/report",
        function=write_report,
        description="Report and model card, written from the manifests.",
        group=f"{track.name}_report",
        config={
            "name": track.name,
            "description": track.description,
            "sections": {section.name: section.title for section in SECTIONS},
            "gates": [gate.model_dump(mode="json") for gate in track.gates],
            "milestones": {
                one.name: track.milestones[one.name].model_dump(mode="json") for one in track_milestones(track)
            },
            "waivers": [waiver.model_dump(mode="json") for waiver in track.waivers],
            "templates": _templates_digest(),
        },
        inputs={key.removeprefix(f"{track.name}/"): key for key in keys},
        helpers={section.name: section.read for section in SECTIONS},
        track=track.name,
        page=report_page,
        key_metrics=("bits_per_byte", "gates_passed", "gates_failed", "gates_waived"),
        logged=("report.html", "model_card.md"),
    )


def _templates_digest() -> str:
    """Hash of the report's templates: the code version sees no file that is not Python."""
    folders = {template_folder(write_report), *(template_folder(section.read) for section in SECTIONS)}
    parts = sorted(
        f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n"
        for folder in folders
        for path in folder.iterdir()
    )
    return hashlib.sha256("".join(parts).encode()).hexdigest()[:16]
