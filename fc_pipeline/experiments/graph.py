"""The steps of an experiment, and the graph of the whole project: tracks and experiments.

Every variant is a whole track. Steps that are equal in the track's own graph are the track's artifacts; the others
belong to the experiment, up to the trained stages and their evaluations, which are built once a seed.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from fc_model.errors import UserError
from fc_pipeline.engine.deferred import deferred_imports
from fc_pipeline.engine.gates import Gate
from fc_pipeline.engine.graph import Graph
from fc_pipeline.engine.milestones import Milestone
from fc_pipeline.engine.step import StepSpec
from fc_pipeline.experiments.config import BASELINE, EXPERIMENT_TYPE, EXPERIMENTS, ExperimentConfig, load_experiment
from fc_pipeline.experiments.variants import variant_name, variant_tracks
from fc_pipeline.lineage.takedown_list import taken_down
from fc_pipeline.track.config import TRACK_TYPE, TRACKS, TrackConfig, parse_track, read_attributes, read_component
from fc_pipeline.track.gates import track_gates, track_milestones
from fc_pipeline.track.graph import build_graph, track_steps
from fc_pipeline.yaml_loader import read_yaml

with deferred_imports():
    from fc_pipeline.experiments.pages import result_page
    from fc_pipeline.experiments.result import write_result


def project_graph(
    *,
    of: str | None = None,
    also_without: Sequence[str] = (),
    tracks: Path = TRACKS,
    experiments: Path = EXPERIMENTS,
    warn: bool = True,
) -> Graph:
    """Every track and every experiment below the folders.

    When `of` is a track, experiments are not read, which takes as long as all else: no step of a track depends on one.
    The other tracks are: they may share its corpus, with gates of their own.

    One that is wrong stops no other: it is among the graph's `broken`, and `warn` names it on standard error. So is a
    track that contradicts those before it (it comes after the one that it extends), and an experiment on such a track.
    """
    removed = [*taken_down(), *also_without]
    read: dict[str, _Track] = {}
    broken: dict[str, str] = {}
    for path in sorted(tracks.glob("*/defs.yaml"), key=lambda path: (_num_bases(path), path)):
        name = path.parent.name
        with _noted(broken, name, path):
            track = parse_track(name, read_attributes(name, tracks))
            one = _Track(track_steps(track, without=removed), list(track_gates(track)), track_milestones(track))
            _joined([*read.values(), one])
            read[name] = one
    graph = _joined([read[name] for name in sorted(read)])
    steps = list(graph.values())
    only_tracks = of in read or of in broken
    for path in [] if only_tracks else sorted(experiments.glob("*/defs.yaml")):
        with _noted(broken, f"{experiments.name}/{path.parent.name}", path):
            experiment = load_experiment(path)
            if experiment.track in broken:
                raise UserError(broken[experiment.track])
            own = experiment_steps(experiment, folder=tracks, also_without=also_without)
            Graph([*steps, *own], {})
            steps += own
    if broken and warn:
        reasons = set(broken.values())
        why = " ".join(reasons.pop().split()) if len(reasons) == 1 else "`fustercluck check` tells why"
        print(f"fustercluck: warning: left out {', '.join(broken)}: {why}", file=sys.stderr)
    return Graph(steps, _gates(graph), milestones=graph.milestones, broken=broken)


class _Track(NamedTuple):
    steps: list[StepSpec]
    gates: list[tuple[str, Gate]]
    milestones: list[Milestone]


def _joined(tracks: Sequence[_Track]) -> Graph:
    gates: dict[str, list[Gate]] = {}
    for key, gate in (pair for track in tracks for pair in track.gates):
        gates.setdefault(key, []).append(gate)
    milestones = [milestone for track in tracks for milestone in track.milestones]
    return Graph([step for track in tracks for step in track.steps], gates, milestones=milestones)


def _gates(graph: Graph) -> dict[str, list[Gate]]:
    return {key: graph.gates(key) for key in graph if graph.gates(key)}


def _num_bases(path: Path, *seen: Path) -> int:
    """How many tracks one extends, directly or not."""
    try:
        base = read_component(path, "a track", TRACK_TYPE).get("extends")
    except (UserError, OSError):
        return 0
    below = path.parent.parent / str(base) / path.name
    return 0 if base is None or below in seen else 1 + _num_bases(below, *seen, below)


@contextmanager
def _noted(broken: dict[str, str], name: str, path: Path) -> Iterator[None]:
    """Keep why a track or experiment is wrong, with its file."""
    try:
        yield
    except UserError as error:
        why = str(error).removeprefix(f"tracks/{name}: ").removeprefix(f"{name}: ")
        broken[name] = why if str(path) in why or why in broken.values() else f"{path}: {why}"


def misplaced(tracks: Path = TRACKS, experiments: Path = EXPERIMENTS) -> list[str]:
    """Files of tracks and experiments elsewhere in `defs/`, where nothing reads them and Dagster refuses them."""
    homes = {TRACK_TYPE: tracks, EXPERIMENT_TYPE: experiments}
    lines = []
    for path in sorted(tracks.parent.rglob("defs.yaml")):
        raw = None
        with suppress(UserError):  # of several documents, or no YAML: Dagster's own
            raw = read_yaml(path)
        home = homes.get(str(raw.get("type"))) if isinstance(raw, dict) else None
        if home is not None and path.parent.parent not in homes.values():
            lines.append(f"{path}: {home.name} are looked for in {home}: move this folder there")
    return lines


def with_experiments(
    tracks: Graph, experiments: Iterable[ExperimentConfig], *, folder: Path = TRACKS, also_without: Sequence[str] = ()
) -> Graph:
    """The graph of the tracks and of experiments on them.

    Args:
        folder: of the tracks' files.
        also_without: documents that are left out, as in `build_graph`.
    """
    steps = list(tracks.values())
    for experiment in experiments:
        steps += experiment_steps(experiment, folder=folder, also_without=also_without)
    return Graph(steps, _gates(tracks), milestones=tracks.milestones)


def experiment_steps(
    experiment: ExperimentConfig, *, folder: Path = TRACKS, also_without: Sequence[str] = ()
) -> list[StepSpec]:
    """Data, trainings and evaluations of the variants, and the result.

    All variants are scored alike: evaluations read the track's own data with its tokenizer, whatever the variant was
    trained on. All start alike: with `start`, everything up to that stage is the track's.

    Raises:
        UserError: a variant begins with other weights, is judged otherwise, or changes nothing that is trained.
    """
    tracks = variant_tracks(experiment, folder)
    track = parse_track(experiment.track, read_attributes(experiment.track, folder))
    base = _without_gates(track, also_without)
    graphs = {name: _without_gates(changed, also_without) for name, changed in tracks.items()}
    plan = _Plan(experiment, base, first=graphs[BASELINE])
    for name, graph in graphs.items():
        plan.check(name, graph)
        plan.add(name, graph)
    return [*plan.steps, _result(experiment, tracks, plan.results)]


def _without_gates(track: TrackConfig, also_without: Sequence[str]) -> Graph:
    graph = build_graph([track], also_without=also_without)
    return Graph((replace(spec, requires=()) for spec in graph.values()), {})


def _same(spec: StepSpec, other: StepSpec) -> bool:
    return (spec.function, spec.config, spec.inputs) == (other.function, other.config, other.inputs)


@dataclass
class _Plan:
    """The steps of an experiment, as its variants are added."""

    experiment: ExperimentConfig
    base: Graph
    """Of the track itself."""
    first: Graph
    """Of the baseline: the track with the experiment's stages."""
    steps: list[StepSpec] = field(default_factory=list)
    results: dict[str, str] = field(default_factory=dict)
    """Inputs of the result."""

    def __post_init__(self) -> None:
        track = self.experiment.track
        self.trained = [f"{track}/stages/{stage}" for stage in self.experiment.stages]
        self.evaluations = [key for key, spec in self.first.items() if spec.judges in self.trained]
        latest: dict[str, str] = {}  # evals or image_evals -> the one after the last stage that has it
        for stage in self.trained:
            latest |= {_part(key).split("/")[0]: key for key in self.evaluations if self.first[key].judges == stage}
        self.last = list(latest.values())
        start = [] if self.experiment.start is None else [f"{track}/stages/{self.experiment.start}"]
        self.begins_with = self.base.closure(start)

    def check(self, variant: str, graph: Graph) -> None:
        """Raise UserError for a variant that is not comparable with the baseline, or equal to it."""
        where, track = variant_name(self.experiment, variant), self.experiment.track
        fields = sorted(self.experiment.variants[variant].model_fields_set)
        keys = [*graph.closure(self.trained), *self.evaluations]
        changed = [key for key in keys if key not in self.first or not _same(graph[key], self.first[key])]
        if fields and not changed:
            raise UserError(
                f"{where}: nothing that is trained or scored follows from {', '.join(fields)}: take it away"
            )
        for key in changed:
            if key in self.begins_with:
                why = f"all begin with the weights of {self.experiment.start}"
                fields = [name for name in fields if name != "stages"]
            elif key in self.evaluations and graph[key].config != self.first[key].config:
                why = "all are scored alike"
            else:
                continue
            raise UserError(f"{where}: {why}, and {key} would be another: leave {', '.join(fields)} as in {track}")

    def add(self, variant: str, graph: Graph) -> None:
        """Add the variant's own steps, and its artifacts that the result reads."""
        data: dict[str, str] = {}  # key in the variant's track -> key of the artifact that the variant uses
        trainings: list[str] = []
        read = graph.closure(self.trained)
        for key in graph.closure([*self.trained, *self.last]):
            spec = graph[key]
            if key in self.trained or any(source in trainings for source in spec.inputs.values()):
                trainings.append(key)
            elif key in read:
                data[key] = self._data(variant, graph, key, data)
                if self.experiment.start is None and not self._shared(spec):
                    self.results[f"data/{_part(key)}/{variant}"] = data[key]
        for seed in self.experiment.seeds:
            own: dict[str, str] = {}
            for key in trainings:
                inputs = own if key in self.evaluations else data | own  # evaluations read the track's data
                own[key] = self._training(graph[key], f"{variant}.s{seed}", seed, inputs)

    def _data(self, variant: str, graph: Graph, key: str, data: dict[str, str]) -> str:
        """Key of the artifact that the variant uses: the track's where it is equal, else its own."""
        if self._shared(graph[key]):
            self.steps += [] if key in self.base else [graph[key]]
            return key
        spec = _from(graph[key], data)
        if key in self.begins_with or (key in self.base and _same(spec, self.base[key])):
            return key
        if _kind(spec) == "split":
            spec = replace(spec, inputs=spec.inputs | self._holdout(key, graph=graph, data=data))
        return self._rescope_step(spec, _part(key), variant)

    def _shared(self, spec: StepSpec) -> bool:
        """True for the tokenizer, which scores all variants, and for steps that are equal in every track."""
        if spec.track is None:
            return not spec.key.startswith("corpus/")
        return spec.key == f"{spec.track}/tokenizer"

    def _holdout(self, split: str, *, graph: Graph, data: dict[str, str]) -> dict[str, str]:
        """Inputs of a variant's split: the held-out text, and the documents that are known to repeat it."""
        own = [data[key] for key in graph.closure([split])[:-1] if _kind(graph[key]) == "deduplicated"]
        first = [key for key in self.base.closure([split]) if _kind(self.base[key]) == "deduplicated"]
        return {"holdout": split} | {f"duplicates/{key}": key for key in sorted({*own, *first})}

    def _training(self, spec: StepSpec, partition: str, seed: int, keys: dict[str, str]) -> str:
        """Key of a trained stage, or of a step after it, of one variant and seed."""
        part = _part(spec.key)
        if spec.key in self.last or self.trained == [spec.key]:
            part = part.split("/")[0]
        key = self._rescope_step(_from(spec, keys), part, partition)
        if spec.key in self.trained:
            self.steps[-1] = replace(
                self.steps[-1], config=spec.config | {"stage": spec.config["stage"] | {"seed": seed}}
            )
        if spec.key in self.last:
            self.results[f"{part}/{partition}"] = key
        return key

    def _rescope_step(self, spec: StepSpec, part: str, partition: str) -> str:
        """Add the step as `experiments/<name>/<part>/<partition>`; its key."""
        name = self.experiment.name
        key = f"experiments/{name}/{part}/{partition}"
        step = replace(spec, key=key, group=f"experiment_{name}", partition=partition, track=None, fresh_for_days=None)
        self.steps.append(step)
        return key


def _from(spec: StepSpec, keys: dict[str, str]) -> StepSpec:
    """The step with its inputs replaced by `keys`, where these name others."""
    judges = None if spec.judges is None else keys.get(spec.judges, spec.judges)
    return replace(spec, judges=judges, inputs={role: keys.get(key, key) for role, key in spec.inputs.items()})


def _part(key: str) -> str:
    """`corpus/<corpus>/filtered` -> `filtered`, `<track>/shards` -> `shards`."""
    return key.split("/", 2)[2] if key.startswith("corpus/") else key.split("/", 1)[1]


def _kind(spec: StepSpec) -> str:
    """`corpus/<corpus>/dumps/deduplicated/<dump>` -> `deduplicated`."""
    return spec.asset.rsplit("/", 1)[-1]


def _result(experiment: ExperimentConfig, tracks: dict[str, TrackConfig], inputs: dict[str, str]) -> StepSpec:
    return StepSpec(
        key=f"experiments/{experiment.name}/result",
        function=write_result,
        description="Variants side by side: their metrics, the spread of the seeds, and what became of their data.",
        group=f"experiment_{experiment.name}",
        config={
            **experiment.model_dump(mode="json", exclude={"owners", "variants"}, exclude_none=True),
            "variants": list(experiment.variants),
            "vision": {name: shape for name, track in tracks.items() if (shape := _vision(track))},
        },
        inputs=inputs,
        page=result_page,
    )


def _vision(track: TrackConfig) -> dict[str, Any]:
    """Kind of fusion, weights, and the tokens that an image of each group takes; empty where no image is read."""
    vision, images = track.vision, track.stages[track.final_stage].images
    if vision is None or images is None:
        return {}
    grids = {group.name: vision.encoder.grid(group.height, group.width) for group in images.groups}
    return {
        "fusion": vision.fusion.kind,
        "encoder_parameters": vision.encoder.num_parameters(),
        "fusion_parameters": vision.fusion.num_parameters(vision.encoder, track.model.hidden_size),
        "tokens": {name: vision.fusion.num_tokens(grid) for name, grid in grids.items()},
    }
