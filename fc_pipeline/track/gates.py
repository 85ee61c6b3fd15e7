"""The gates of a track with their waivers, and its milestones: on which artifacts they are, and what waits for them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from fc_model.errors import UserError, suggestion
from fc_pipeline.engine.gates import Gate, SharedGate
from fc_pipeline.engine.graph import Graph
from fc_pipeline.engine.milestones import Milestone
from fc_pipeline.engine.step import StepSpec
from fc_pipeline.track.config import TrackConfig


def track_gates(track: TrackConfig) -> Iterator[tuple[str, Gate]]:
    """(key, gate) of every gate. A gate on the corpus names the track, since it blocks only that track."""
    waivers = {waiver.gate: waiver for waiver in track.waivers}
    for gate in track.gates:
        folder, _, part = gate.artifact.partition("/")
        waiver = waivers.get(gate.name)
        if folder == "corpus":
            shared = SharedGate(**gate.model_dump(), track=track.name)
            yield f"corpus/{track.corpus.name}/{part}", shared.with_waiver(waiver)
        else:
            yield f"{track.name}/{gate.artifact}", gate.with_waiver(waiver)


def track_milestones(track: TrackConfig) -> list[Milestone]:
    """The milestones in the order of the file, which is that of the work; a track without gates has none."""
    gates = list(track_gates(track))
    return [
        Milestone(
            track=track.name,
            name=name,
            means=milestone.means,
            before=tuple(f"{track.name}/{step}" for step in milestone.before),
            gates=tuple((key, gate) for key, gate in gates if gate.milestone == name),
        )
        for name, milestone in track.milestones.items()
        if gates
    ]


def check_gates(track: TrackConfig, steps: Sequence[StepSpec]) -> None:
    """Raise UserError for a gate on an artifact that the track does not make."""
    keys = {step.key for step in steps} | {f"{track.name}/report"}
    for key, gate in track_gates(track):
        if key not in keys:
            raise UserError(
                f"tracks/{track.name}: gates: {gate.artifact!r} is no artifact of this track or of its corpus"
                f"{suggestion(gate.artifact, _names(track, keys))}"
            )


def held_by_milestones(track: TrackConfig, steps: Sequence[StepSpec]) -> list[StepSpec]:
    """The steps; those that wait for a milestone require its gated artifacts, and those of the milestones before it.

    Raises UserError for a milestone before a step that the track does not make, or that one of these artifacts needs.
    """
    graph = Graph(steps, {})
    judged: list[tuple[str, str]] = []
    needed: dict[str, list[str]] = {}
    for milestone in track_milestones(track):
        judged += [(milestone.name, key) for key, _ in milestone.gates]
        for step in milestone.before:
            part = step.removeprefix(f"{track.name}/")
            where = f"tracks/{track.name}: milestones.{milestone.name}.before: {part!r}"
            if step not in graph:
                names = _names(track, graph)
                what = "of the corpus, which tracks share" if part in names else "no step of this track"
                own = [name for name in names if f"{track.name}/{name}" in graph]
                raise UserError(f"{where} is {what}{suggestion(part, own)}")
            for name, key in judged:
                if step in graph.closure([key]):
                    artifact = key.removeprefix(f"{track.name}/")
                    raise UserError(f"{where} is needed for {artifact}, which {name} judges: name a step that follows")
            needed[step] = [*needed.get(step, []), *(key for _, key in judged)]
    return [_requiring(step, needed.get(step.key, [])) for step in steps]


def _requiring(step: StepSpec, keys: Sequence[str]) -> StepSpec:
    extra = [key for key in keys if key not in step.inputs.values()]
    return replace(step, requires=tuple(dict.fromkeys((*step.requires, *extra))))


def _names(track: TrackConfig, keys: Iterable[str]) -> list[str]:
    """The keys of the track and of its corpus, as its gates name them."""
    own, corpus = f"{track.name}/", f"corpus/{track.corpus.name}/"
    return [name.removeprefix(own).replace(corpus, "corpus/") for name in keys if name.startswith((own, corpus))]
