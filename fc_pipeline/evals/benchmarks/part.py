"""Public benchmarks as a part of a track: MMLU, HellaSwag, ARC, GSM8K, TruthfulQA after the stages that it names."""

from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import Field

from fc_pipeline.engine.deferred import deferred_imports
from fc_pipeline.engine.part import Part, Section
from fc_pipeline.engine.step import StepSpec
from fc_pipeline.evals.benchmarks.config import BenchmarksConfig, ItemsConfig
from fc_pipeline.evalsets.steps import evalset_step
from fc_pipeline.tokens.config import TokensFields

with deferred_imports():
    from fc_pipeline.evals.benchmarks.evaluate import evaluate_benchmarks
    from fc_pipeline.evals.benchmarks.pages import benchmarks_page
    from fc_pipeline.evals.benchmarks.report import benchmarks


class BenchmarkFields(TokensFields):
    """The benchmarks of a track."""

    benchmarks: BenchmarksConfig | None = Field(
        default=None, description="Public benchmarks after a stage of training; null for none."
    )


def check(track: BenchmarkFields) -> None:
    if track.benchmarks is None:
        return
    stages = _trained(track)
    for name in track.benchmarks.stages or []:
        if name not in stages:
            raise ValueError(f"benchmarks.stages: {name} is none of the stages that train the decoder: {_list(stages)}")
    if not stages:
        raise ValueError("benchmarks: no stage trains the decoder; add one, or take benchmarks away")
    asks_for_text = any(one.task == "gsm8k" for one in track.benchmarks.tasks)
    if asks_for_text and track.benchmarks.max_answer_tokens >= track.model.context_length:
        raise ValueError(
            f"benchmarks.max_answer_tokens ({track.benchmarks.max_answer_tokens}) leaves no room for a prompt in "
            f"model.context_length ({track.model.context_length}): lower it"
        )


def steps(track: BenchmarkFields, parts: Sequence[Part]) -> Iterator[StepSpec]:
    """The eval sets that are read, and a step for each stage."""
    if track.benchmarks is None:
        return
    settings = track.benchmarks.model_dump(mode="json", exclude={"tasks", "stages"})
    tasks = []
    evalsets: set[str] = set()
    for one in track.benchmarks.tasks:
        sources = {"items": one.items, "shots_from": one.shots_from if one.shots else None}
        evalsets |= {source.evalset for source in sources.values() if source is not None and source.evalset}
        pinned = {name: _pinned(source, where=f"benchmarks: {one.task}") for name, source in sources.items()}
        tasks.append({**one.model_dump(mode="json", exclude={"items", "shots_from"}), **pinned})
    for name in sorted(evalsets):
        yield evalset_step(name)
    inputs = {f"evalsets/{name}": f"evalsets/{name}" for name in sorted(evalsets)} | _decontaminated(track, evalsets)
    for name in track.benchmarks.stages or _trained(track)[-1:]:
        yield StepSpec(
            key=f"{track.name}/benchmarks/{name}",
            function=evaluate_benchmarks,
            description=f"{_list([one['task'] for one in tasks])} after {name}, with intervals and chance.",
            group=f"{track.name}_training",
            config={"weights": track.weights, "tasks": tasks, **settings},
            inputs={"stage": track.stage_key(name), "tokenizer": track.tokenizer_key, **inputs},
            judges=track.stage_key(name),
            kinds=("pytorch",),
            accelerator=True,
            page=benchmarks_page,
        )


def _trained(track: BenchmarkFields) -> list[str]:
    return [name for name, stage in track.main_stages if stage.trains_decoder]


def _pinned(source: ItemsConfig | None, *, where: str) -> dict[str, Any] | None:
    if source is None or source.file is None:
        return None if source is None else {"evalset": source.evalset}
    from fc_pipeline.evals.benchmarks.items import pin_file

    return pin_file(source.file, where=where)


def _decontaminated(track: BenchmarkFields, evalsets: set[str]) -> dict[str, str]:
    """What knows which items the corpus held, by role, where it was asked about one of these eval sets."""
    corpus = track.corpus
    if not evalsets & set(corpus.decontamination.evalsets):
        return {}
    keys = {"decontaminated": f"corpus/{corpus.name}/decontaminated"}
    return keys | {
        f"decontaminated/{dump}": f"corpus/{corpus.name}/dumps/decontaminated/{dump}" for dump in corpus.dumps
    }


def _list(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"


PART = Part(
    name="benchmarks",
    fields=BenchmarkFields,
    steps=steps,
    check=check,
    sections=(Section(name="benchmarks", title="Benchmarks", read=benchmarks, phase="evaluation"),),
)
