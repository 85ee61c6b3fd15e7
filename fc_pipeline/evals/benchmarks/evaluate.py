"""The step that asks a stage's model the items of public benchmarks."""

import json
from collections.abc import Sequence
from statistics import fmean
from typing import Any

from fc_model.artifacts import Artifact
from fc_model.checkpoints.load import load_decoder
from fc_model.device import autocast_dtype, pick_device, set_threads
from fc_model.evals.benchmarks.ask import Asked, Model, ask
from fc_model.evals.benchmarks.bootstrap import bootstrap_interval
from fc_model.evals.benchmarks.item import Item, prompt_of
from fc_model.evals.benchmarks.known_answers import item_faults
from fc_model.evals.benchmarks.multiple_choice import chance
from fc_model.evals.benchmarks.tasks import TASKS, sample_items, split_examples
from fc_model.evals.control import shuffle_weights
from fc_model.seed import derive_seed
from fc_model.tokenizer import Tokenizer
from fc_pipeline.engine.step import Step
from fc_pipeline.evals.benchmarks.items import read_items

Prompts = list[tuple[Item, str]]
_FAULTS_LISTED = 20


def evaluate_benchmarks(step: Step) -> None:
    """Writes metrics.json, and items.jsonl.zst: every item with what the model answered, and whether it is right.

    config: BenchmarksConfig without `stages`, its files pinned, and `weights`, the judged ones. inputs: `stage`,
    `tokenizer`, `evalsets/<name>`; and `decontaminated`, `decontaminated/<dump>` where the corpus was asked about
    one of them.
    Metrics, each with `_<task>` behind: items, chance, accuracy (and accuracy_norm, accuracy_bytes,
    accuracy_flexible where the task has them) with accuracy_low and _high (95%, bootstrap over items),
    accuracy_random (shuffled weights on some items), accuracy_clean and clean_items (without those that the corpus
    held, and those that decontamination could not look for), truncated_items, tied_items, scoring_failures (items on
    which answers whose worth is known do not get it, known_answers.py).

    Raises:
        UserError: items are not of their task's format, or the model's numbers are not finite.
    """
    config, seed = step.config, step.config["seed"]
    set_threads(step.runtime.threads)
    device = pick_device(step.runtime.device)
    model = Model(
        decoder=load_decoder(step.inputs["stage"].folder, weights=config["weights"], device=device),
        tokenizer=Tokenizer(step.inputs["tokenizer"].path("tokenizer.model")),
        dtype=autocast_dtype(config["precision"], device),
        max_answer_tokens=config["max_answer_tokens"],
    )
    prompts = {one["task"]: _prompts(one, step.inputs, seed=seed) for one in config["tasks"]}
    figures: dict[str, dict[str, Any]] = {}
    with step.out.records("items.jsonl.zst") as write:
        for one in config["tasks"]:
            task = one["task"]
            asked = _ask(step, model, task, prompts[task])
            exposed = _exposed(one["items"].get("evalset"), step.inputs)
            figures[task] = {"shots": one["shots"], **_figures(task, asked, exposed, seed=seed)}
            for answered in asked:
                write(_record(task, answered, exposed))
    shuffle_weights(model.decoder, seed=seed)
    for task, of_task in prompts.items():
        asked = _ask(
            step, model, task, sample_items(of_task, config["control_items"], seed=derive_seed(seed, "control"))
        )
        figures[task]["random"] = {"items": len(asked), **_mean(asked, "accuracy", seed=seed)}
    for task, of_figures in figures.items():
        step.out.metrics |= _flat(task, of_figures)
    summary = {"weights": config["weights"], "precision": config["precision"], "tasks": figures}
    step.out.write_text("metrics.json", json.dumps(summary, indent=1, allow_nan=False) + "\n")


def _prompts(one: dict[str, Any], inputs: dict[str, Artifact], *, seed: int) -> Prompts:
    """The items that are asked, with their whole prompts."""
    task, shots = one["task"], one["shots"]
    items = read_items(task, one["items"], inputs)
    if one["shots_from"] is None:
        examples, items = split_examples(items, shots, where=task)
    else:
        examples, _ = split_examples(read_items(task, one["shots_from"], inputs), shots, where=f"{task}: shots_from")
    chosen = sample_items(items, one["max_items"], seed=derive_seed(seed, task))
    return [(item, prompt_of(item, examples.get(item.group, ()))) for item in chosen]


def _ask(step: Step, model: Model, task: str, prompts: Prompts) -> list[Asked]:
    def report(done: int) -> None:
        step.runtime.report({"benchmark": task, "step": done, "steps": len(prompts)})

    return ask(model, TASKS[task], prompts, where=f"{step.key}: {task}", report=report)


def _exposed(evalset: str | None, inputs: dict[str, Artifact]) -> dict[str, str] | None:
    """{item: `contaminated` or `unchecked`} as decontamination lists them; None where it does not know the eval set."""
    listed: dict[str, str] = {}
    known = False
    for role, artifact in inputs.items():
        if role.partition("/")[0] != "decontaminated":
            continue
        sets = json.loads(artifact.path("items.json").read_text("utf-8"))
        if evalset in sets:
            known = True
            for item in sets[evalset]["unchecked"]:
                listed.setdefault(item, "unchecked")
            listed |= dict.fromkeys(sets[evalset]["touched"], "contaminated")
    return listed if known else None


def _figures(task: str, asked: list[Asked], exposed: dict[str, str] | None, *, seed: int) -> dict[str, Any]:
    groups: dict[str, list[Asked]] = {}
    for one in asked:
        groups.setdefault(one.item.group, []).append(one)
    faults = [of_item for one in asked if (of_item := item_faults(TASKS[task], one.item))]
    figures: dict[str, Any] = {
        "items": len(asked),
        "chance": fmean(chance(one.item) for one in asked),
        "scores": {name: _mean(asked, name, seed=seed) for name in asked[0].scores},
        "truncated_items": sum(one.truncated > 0 for one in asked),
        "truncated_tokens": sum(one.truncated for one in asked),
        "tied_items": sum(one.answer.get("chosen", 0) is None for one in asked),
        "scoring_failures": len(faults),
        "scoring_faults": [fault for of_item in faults for fault in of_item][:_FAULTS_LISTED],
    }
    if len(groups) > 1:
        figures["groups"] = {
            name: {"items": len(group), "accuracy": fmean(one.scores["accuracy"] for one in group)}
            for name, group in sorted(groups.items())
        }
    if exposed is not None:
        parts = {
            "clean": [one for one in asked if one.item.id not in exposed],
            "contaminated": [one for one in asked if exposed.get(one.item.id) == "contaminated"],
            "unchecked": [one for one in asked if exposed.get(one.item.id) == "unchecked"],
        }
        for name, part in parts.items():
            figures[name] = {"items": len(part), **(_mean(part, "accuracy", seed=seed) if part else {})}
    return figures


def _mean(asked: Sequence[Asked], name: str, *, seed: int) -> dict[str, float]:
    """{"value", "low", "high"}."""
    values = [one.scores[name] for one in asked]
    low, high = bootstrap_interval(values, seed=derive_seed(seed, "bootstrap"))
    return {"value": fmean(values), "low": low, "high": high}


def _record(task: str, asked: Asked, exposed: dict[str, str] | None) -> dict[str, Any]:
    item = asked.item
    return {
        "task": task,
        "id": item.id,
        "prompt_hash": asked.prompt_hash,
        "choices": [_writable(choice) for choice in item.choices],
        "right": sorted(item.right) if item.choices else _writable(item.target),
        **asked.answer,
        **asked.scores,
        "truncated": asked.truncated,
        "exposed": None if exposed is None else exposed.get(item.id, "clean"),
    }


def _writable(text: str) -> str:
    """Lone surrogates, which no file holds, as escapes."""
    return text.encode("utf-8", "backslashreplace").decode()


def _flat(task: str, figures: dict[str, Any]) -> dict[str, float]:
    flat = {name: figures[name] for name in ("items", "chance", "truncated_items", "tied_items", "scoring_failures")}
    for name, score in figures["scores"].items():
        flat |= {name: score["value"], f"{name}_low": score["low"], f"{name}_high": score["high"]}
    flat["accuracy_random"] = figures["random"]["value"]
    if "clean" in figures:
        flat["clean_items"] = figures["clean"]["items"]
        flat["contaminated_items"] = figures["contaminated"]["items"]
        if "value" in figures["clean"]:
            flat["accuracy_clean"] = figures["clean"]["value"]
    return {f"{name}_{task}": round(value, 6) for name, value in flat.items()}
