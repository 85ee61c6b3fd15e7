"""The steps of an experiment, and the graph of all that the project builds: tracks and experiments."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from fc_pipeline.engine.deferred import deferred_imports
from fc_pipeline.engine.graph import Graph
from fc_pipeline.engine.step import StepSpec
from fc_pipeline.experiments.config import ExperimentConfig, load_experiments
from fc_pipeline.experiments.image_graph import image_experiment_steps
from fc_pipeline.experiments.own_step import own_step
from fc_pipeline.experiments.variants import variant_tracks
from fc_pipeline.track.config import TRACKS, load_tracks, parse_track, read_attributes
from fc_pipeline.track.graph import build_graph

with deferred_imports():
    from fc_pipeline.corpus.deduplicate import deduplicate
    from fc_pipeline.corpus.split import split
    from fc_pipeline.experiments.result import write_result


@dataclass
class _Variant:
    """What a variant is made from."""

    steps: list[StepSpec] = field(default_factory=list)
    """Those that are its own."""
    keys: dict[str, str] = field(default_factory=dict)
    """Key of an artifact in the variant's track -> key of the artifact that the variant takes for it."""
    parts: dict[str, str] = field(default_factory=dict)
    """Its documents: part, such as `filtered` or `shards` -> key."""


def project_graph(*, also_without: Sequence[str] = ()) -> Graph:
    """Every track and every experiment. Raises UserError for the first that is wrong."""
    tracks = build_graph(load_tracks().values(), also_without=also_without)
    return with_experiments(tracks, load_experiments().values(), also_without=also_without)


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
        of_its_kind = image_experiment_steps if experiment.stages else experiment_steps
        steps += of_its_kind(experiment, folder=folder, also_without=also_without)
    return Graph(steps, {key: tracks.gates(key) for key in tracks if tracks.gates(key)})


def experiment_steps(
    experiment: ExperimentConfig, *, folder: Path = TRACKS, also_without: Sequence[str] = ()
) -> list[StepSpec]:
    """Data, trainings and evaluations of the variants of an experiment on text, and the result.

    A step of a variant's data that is the same as the baseline's is the baseline's. Tokenizer and held-out text are
    the baseline's always: evaluations read its shards, whatever the variant was trained on.
    """
    track = parse_track(experiment.track, read_attributes(experiment.track, folder))
    base = build_graph([track], also_without=also_without)
    shards, tokenizer = f"{experiment.track}/shards", f"{experiment.track}/tokenizer"
    steps: list[StepSpec] = []
    results: dict[str, str] = {}
    for name, changed in variant_tracks(experiment, folder).items():
        graph = build_graph([changed], also_without=also_without)
        variant = _data(experiment, name, graph=graph, base=base)
        steps += variant.steps
        results |= {f"data/{part}/{name}": key for part, key in variant.parts.items()}
        for seed in experiment.seeds:
            partition = f"{name}.s{seed}"
            training = graph[f"{experiment.track}/stages/{experiment.stage}"]
            config = {**training.config, "stage": {**training.config["stage"], "seed": seed}}
            stage = own_step(experiment, training, "stages", partition, inputs={"shards": variant.keys[shards]})
            inputs = {"stage": stage.key, "shards": shards, "tokenizer": tokenizer}
            steps.append(replace(stage, config=config))
            evaluation = graph[f"{experiment.track}/evals/{experiment.stage}"]
            steps.append(own_step(experiment, evaluation, "evals", partition, inputs=inputs))
            results[f"evals/{partition}"] = steps[-1].key
    return [*steps, _result(experiment, results)]


def _data(experiment: ExperimentConfig, name: str, *, graph: Graph, base: Graph) -> _Variant:
    """Everything up to the shards, mapped to what the variant shares with the baseline or has for itself."""
    variant = _Variant()
    shards = f"{experiment.track}/shards"
    tokenizer = f"{experiment.track}/tokenizer"
    for key in graph.closure([shards]):
        spec = graph[key]
        if key == tokenizer:
            variant.keys[key] = key
            continue
        if key.split("/")[0] in ("sources", "evalsets"):
            variant.keys[key] = key
            variant.steps += [spec] if key not in base else []
            continue
        inputs = {role: variant.keys[source] for role, source in spec.inputs.items()}
        if key in base and _same(replace(spec, inputs=inputs), base[key]):
            variant.keys[key] = key
        else:
            if spec.function == split:
                inputs |= _holdout(key, base=base, variant=variant, graph=graph)
            variant.steps.append(own_step(experiment, spec, _part(key, experiment), name, inputs=inputs))
            variant.keys[key] = variant.steps[-1].key
        variant.parts[_part(key, experiment)] = variant.keys[key]
    return variant


def _same(spec: StepSpec, other: StepSpec) -> bool:
    return (spec.function, spec.config, spec.inputs) == (other.function, other.config, other.inputs)


def _holdout(split_key: str, *, base: Graph, variant: _Variant, graph: Graph) -> dict[str, str]:
    """What the split of a variant needs to know: the text that is held out, and all that is known to repeat it."""
    own = [variant.keys[key] for key in graph.closure([split_key]) if graph[key].function == deduplicate]
    first = [key for key in base.closure([split_key]) if base[key].function == deduplicate]
    return {"holdout": split_key} | {f"duplicates/{key}": key for key in sorted({*own, *first})}


def _part(key: str, experiment: ExperimentConfig) -> str:
    """`corpus/<corpus>/filtered` -> `filtered`, `<track>/shards` -> `shards`."""
    if key.startswith("corpus/"):
        return key.split("/", 2)[2]
    return key.removeprefix(f"{experiment.track}/")


def _result(experiment: ExperimentConfig, inputs: dict[str, str]) -> StepSpec:
    return StepSpec(
        key=f"experiments/{experiment.name}/result",
        function=write_result,
        description="Variants side by side: held-out bits per byte, their spread, and what became of documents.",
        group=f"experiment_{experiment.name}",
        config={
            "name": experiment.name,
            "description": experiment.description,
            "track": experiment.track,
            "tokens": experiment.tokens,
            "seeds": experiment.seeds,
            "metric": experiment.metric,
            "variants": list(experiment.variants),
        },
        inputs=inputs,
    )
