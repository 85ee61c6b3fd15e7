"""The real lm-evaluation-harness, with its own task definitions, on our Hugging Face folder gives the same numbers."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from factories.benchmark_rows import BY_TASK
from factories.tiny_exports import Exports

from fc_model.evals.benchmarks.ask import Asked, Model, ask
from fc_model.evals.benchmarks.item import prompt_of
from fc_model.evals.benchmarks.tasks import TASKS, split_examples
from fc_model.tokenizer import Tokenizer

TESTS = Path(__file__).resolve().parents[3]
VERSION = "0.4.13"
ANSWER_TOKENS = 24
DEFINITIONS = {
    "arc_easy": "arc/arc_easy.yaml", "gsm8k": "gsm8k/gsm8k.yaml", "hellaswag": "hellaswag/hellaswag.yaml",
    "mmlu": "mmlu/default/mmlu_anatomy.yaml", "truthfulqa_mc1": "truthfulqa/truthfulqa_mc1.yaml",
    "truthfulqa_mc2": "truthfulqa/truthfulqa_mc2.yaml",
}  # fmt: skip
CASES = [*((task, 0) for task in DEFINITIONS), ("arc_easy", 1), ("mmlu", 2)]
NAMES = {"acc": "accuracy", "acc_norm": "accuracy_norm"}
FILTERS = {"strict-match": "accuracy", "flexible-extract": "accuracy_flexible"}


def rows(task: str) -> list[dict[str, Any]]:
    """MMLU's definitions are of one subject each."""
    return [row for row in BY_TASK[task] if row.get("subject", "anatomy") == "anatomy"]


def name_of(task: str, shots: int) -> str:
    return f"local_{task}_{shots}"


def write_task(folder: Path, harness: Path, task: str, shots: int) -> None:
    """The harness's own definition, with the rows behind the examples as the items, and those as the examples."""
    splits = {"train": rows(task)[:shots] or rows(task), "test": rows(task)[shots:]}
    files = {"train": "train", "dev": "train", "validation": "test", "test": "test"}
    for split, content in splits.items():
        text = "".join(json.dumps(row) + "\n" for row in content)
        (folder / f"{name_of(task, shots)}.{split}.jsonl").write_text(text)
    definition: dict[str, Any] = {
        "include": str(harness / DEFINITIONS[task]), "task": name_of(task, shots), "num_fewshot": shots,
        "dataset_path": "json", "dataset_name": None, "fewshot_config": {"sampler": "first_n"},
        "dataset_kwargs": {"data_files": {
            name: str(folder / f"{name_of(task, shots)}.{split}.jsonl") for name, split in files.items()
        }},
    }  # fmt: skip
    if task == "gsm8k":
        stops = ["Question:", "</s>", "<|im_end|>"]
        definition["generation_kwargs"] = {"until": stops, "do_sample": False, "max_gen_toks": ANSWER_TOKENS}
    (folder / f"{name_of(task, shots)}.yaml").write_text(json.dumps(definition))


@pytest.fixture(scope="module")
def theirs(exports: Exports, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    spec = importlib.util.find_spec("lm_eval")
    if spec is None or spec.origin is None:
        pytest.skip(f"lm-eval is not installed; docs/benchmarks.md says how to put {VERSION} beside the tests")
    folder = tmp_path_factory.mktemp("lm_eval")
    (folder / "tasks").mkdir()
    for task, shots in CASES:
        write_task(folder / "tasks", Path(spec.origin).parent / "tasks", task, shots)
    path = os.pathsep.join([str(TESTS), *sys.path])
    offline = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "HF_HOME": str(folder / "cache")}
    command = [exports.huggingface, folder / "tasks", folder / "scores.json"]
    done = subprocess.run(
        [sys.executable, "-m", "factories.lm_eval_scores", *map(str, command)],
        env={**os.environ, **offline, "PYTHONPATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    scores: dict[str, Any] = json.loads((folder / "scores.json").read_text())
    return scores


def ask_ours(exports: Exports, task: str, shots: int) -> tuple[list[str], list[Asked]]:
    items = [TASKS[task].read(row, str(number), task) for number, row in enumerate(rows(task))]
    examples, asked = split_examples(items, shots, where=task)
    prompts = [(item, prompt_of(item, examples[item.group])) for item in asked]
    model = Model(decoder=exports.model, tokenizer=Tokenizer(exports.tokenizer_file), max_answer_tokens=ANSWER_TOKENS)
    return [prompt for _, prompt in prompts], ask(model, TASKS[task], prompts, where="test")


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("task", "shots"), [case for case in CASES if case[0] != "gsm8k"])
def test_every_choice_of_every_item_has_the_same_log_likelihood_and_score(
    exports: Exports, theirs: dict[str, Any], task: str, shots: int
) -> None:
    expected = theirs[name_of(task, shots)]
    prompts, ours = ask_ours(exports, task, shots)
    assert prompts == [item["prompt"] for item in expected["items"]]
    for mine, item in zip(ours, expected["items"], strict=True):
        likelihoods = [value for value, _ in item["responses"]]
        assert mine.answer["log_likelihoods"] == pytest.approx(likelihoods, rel=1e-4)
        for metric in NAMES.keys() & item.keys():
            assert mine.scores[NAMES[metric]] == pytest.approx(item[metric], abs=1e-6)
    for metric in NAMES.keys() & {name.partition(",")[0] for name in expected}:
        mean = sum(mine.scores[NAMES[metric]] for mine in ours) / len(ours)
        assert mean == pytest.approx(expected[f"{metric},none"], abs=1e-6)


@pytest.mark.timeout(900)
def test_long_prompts_lose_their_left_end_in_both(exports: Exports, theirs: dict[str, Any]) -> None:
    """TruthfulQA's fixed examples alone are longer than the tiny model's context."""
    _, ours = ask_ours(exports, "truthfulqa_mc2", 0)
    assert all(mine.truncated for mine in ours)


@pytest.mark.timeout(900)
def test_written_answers_and_their_scores_are_the_same(exports: Exports, theirs: dict[str, Any]) -> None:
    prompts, ours = ask_ours(exports, "gsm8k", 0)
    for kind, name in FILTERS.items():
        items = [item for item in theirs["local_gsm8k_0"]["items"] if item["filter"] == kind]
        assert prompts == [item["prompt"] for item in items]
        assert [mine.answer["text"] for mine in ours] == [item["responses"][0] for item in items]
        assert [mine.scores[name] for mine in ours] == [item["exact_match"] for item in items]
