"""Benchmarks as a part of a track: what a track may say, the step, its figures, its page and its section."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from factories.benchmark_rows import BY_TASK
from factories.build import build
from factories.tiny_exports import tiny_model, train_tokenizer
from safetensors.torch import save_file

from fc_model.artifacts import Artifact, Store, read_records
from fc_model.errors import UserError
from fc_pipeline.engine.graph import Graph
from fc_pipeline.engine.step import Step, StepSpec
from fc_pipeline.evals.benchmarks.evaluate import evaluate_benchmarks
from fc_pipeline.evals.benchmarks.pages import benchmarks_page
from fc_pipeline.evals.benchmarks.report import benchmarks
from fc_pipeline.track.config import TrackConfig, parse_track, read_attributes
from fc_pipeline.track.graph import build_graph

PAGE = Path(__file__).resolve().parents[3] / "docs" / "benchmarks.md"
DECODER = tiny_model(context_length=512)


def track(**fields: Any) -> TrackConfig:
    return parse_track("pico", {**read_attributes("pico"), **fields})


def with_tasks(*tasks: dict[str, Any], **fields: Any) -> TrackConfig:
    return track(benchmarks={"tasks": list(tasks), **fields})


def write_rows(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def write_stage(step: Step) -> None:
    folder = step.out.workspace("training")
    for name in ("ema.safetensors", "model.safetensors"):
        save_file({name: weight.detach() for name, weight in DECODER.named_parameters()}, folder / name)
        step.out.adopt(name, folder / name)
    step.out.write_text("config.json", DECODER.config.model_dump_json())


def write_evalset(step: Step) -> None:
    with step.out.records("items.jsonl.zst") as write:
        for number, row in enumerate(BY_TASK["arc_easy"]):
            write({"id": f"arc_easy/{number}", "fields": {f"doc.{name}": value for name, value in row.items()}})


def write_decontaminated(step: Step) -> None:
    listed = {"items": 4, "touched": ["arc_easy/1"], "unchecked": ["arc_easy/2"]}
    step.out.write_text("items.json", json.dumps({"arc_easy": listed}))


class World:
    """Everything before the step."""

    def __init__(self, root: Path) -> None:
        self.store, self.root = Store(root / "store"), root
        model = train_tokenizer(root, model_type="unigram").read_bytes()

        def write_tokenizer(step: Step) -> None:
            with step.out.open("tokenizer.model") as file:
                file.write(model)

        self.inputs = {
            "stage": build(self.store, "pico/stages/s", write_stage),
            "tokenizer": build(self.store, "pico/tokenizer", write_tokenizer),
            "evalsets/arc_easy": build(self.store, "evalsets/arc_easy", write_evalset),
            "decontaminated": build(self.store, "corpus/c/decontaminated", write_decontaminated),
        }

    def spec(self, *tasks: dict[str, Any], **fields: Any) -> StepSpec:
        """The step of a track with these tasks, as the graph has it."""
        graph = build_graph([with_tasks(*tasks, **fields)])
        return next(graph[key] for key in graph if key.startswith("pico/benchmarks/"))

    def build(self, *tasks: dict[str, Any], **fields: Any) -> Artifact:
        spec = self.spec(*tasks, **fields)
        return build(self.store, "pico/benchmarks/s", evaluate_benchmarks, spec.config, self.inputs, replace=True)

    def file_of(self, task: str, rows: list[dict[str, Any]] | None = None) -> dict[str, str]:
        return {"file": str(write_rows(self.root / f"{task}.jsonl", BY_TASK[task] if rows is None else rows))}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("benchmarks"))


@pytest.fixture(scope="module")
def artifact(world: World) -> Artifact:
    tasks = [{"task": task, "items": world.file_of(task)} for task in ("truthfulqa_mc1", "truthfulqa_mc2", "hellaswag")]
    mmlu = {"task": "mmlu", "shots": 1, "items": world.file_of("mmlu"), "shots_from": world.file_of("mmlu")}
    gsm8k = {"task": "gsm8k", "shots": 1, "items": world.file_of("gsm8k")}
    return world.build({"task": "arc_easy", "max_items": 3}, *tasks, mmlu, gsm8k, max_answer_tokens=12)


def test_the_example_of_the_documentation_is_a_track(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    example = re.search(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert example is not None
    monkeypatch.chdir(tmp_path)
    write_rows(tmp_path / "truthful_qa.jsonl", BY_TASK["truthfulqa_mc1"])
    graph: Graph = build_graph([track(**{**yaml.safe_load(example[1]), "gates": []}, **long_context())])
    (spec,) = [graph[key] for key in graph if "/benchmarks/" in key]
    assert [one["task"] for one in spec.config["tasks"]] == [
        "arc_easy", "hellaswag", "mmlu", "gsm8k", "truthfulqa_mc1"
    ]  # fmt: skip
    evalsets = {"arc_easy", "gsm8k", "hellaswag", "mmlu", "mmlu_dev"}
    assert {role for role in spec.inputs if role.startswith("evalsets/")} == {f"evalsets/{name}" for name in evalsets}
    assert (
        spec.judges == spec.inputs["stage"] and spec.key.rpartition("/")[2] == spec.inputs["stage"].rpartition("/")[2]
    )


def long_context() -> dict[str, Any]:
    return {"model": {**read_attributes("pico")["model"], "context_length": 512}}


def test_a_track_without_benchmarks_has_no_step() -> None:
    assert not [key for key in build_graph([track()]) if "/benchmarks/" in key]


def test_what_decontamination_knows_is_an_input() -> None:
    corpus = read_attributes("pico")["corpus"]
    known = {**corpus, "decontamination": {"evalsets": ["arc_easy"]}}
    fields = {"benchmarks": {"tasks": [{"task": "arc_easy"}, {"task": "hellaswag"}]}}
    graph = build_graph([track(**fields, corpus=known)])
    (spec,) = [graph[key] for key in graph if "/benchmarks/" in key]
    assert spec.inputs["decontaminated"] == f"corpus/{corpus['name']}/decontaminated"


@pytest.mark.parametrize(
    ("tasks", "fields", "message"),
    [
        ([{"task": "truthfulqa_mc1"}], {}, "truthfulqa_mc1 has no items in the catalogue: give `items: {file:"),
        ([{"task": "truthfulqa_mc2", "shots": 1, "items": {"file": "x"}}], {}, "has examples of its own"),
        ([{"task": "arc_easy"}, {"task": "arc_easy"}], {}, "arc_easy stands twice"),
        ([{"task": "arc_easy", "items": {"file": "a", "evalset": "b"}}], {}, "name either an evalset or a file"),
        ([{"task": "arc_easy"}], {"stages": ["nothing"]}, "benchmarks.stages: nothing is none of the stages"),
        ([{"task": "gsm8k"}], {"max_answer_tokens": 9999}, r"max_answer_tokens \(9999\) leaves no room"),
        ([], {}, "tasks"),
    ],
)
def test_what_does_not_fit_is_refused(tasks: Any, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        with_tasks(*tasks, **fields)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    config = with_tasks({"task": "arc_easy", "items": {"file": str(tmp_path / "none.jsonl")}})
    with pytest.raises(UserError, match=r"benchmarks: arc_easy: '.*none.jsonl' cannot be read \(.*correct `file`"):
        build_graph([config])


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "rows.jsonl")
    config = with_tasks({"task": "arc_easy", "items": {"file": str(tmp_path / "rows.jsonl")}})
    with pytest.raises(UserError, match=r"benchmarks: arc_easy: '.*rows.jsonl' is no plain file: name one"):
        build_graph([config])


def test_every_item_is_kept_with_what_was_chosen(artifact: Artifact) -> None:
    records = list(read_records(artifact.path("items.jsonl.zst")))
    assert len(records) == 3 + 2 + 2 + 2 + 8 + 2, "an example of gsm8k is its first item, which is not asked"
    for record in records:
        if record["task"] == "gsm8k":
            assert isinstance(record["text"], str) and record["right"].startswith(("Two cost", "4 - 10"))
            continue
        likelihoods = record["log_likelihoods"]
        assert len(likelihoods) == len(record["choices"]) and max(likelihoods) < 0
        assert record["chosen"] == likelihoods.index(max(likelihoods))
        if record["task"] != "truthfulqa_mc2":
            assert record["accuracy"] == (record["chosen"] in record["right"])
    assert {record["exposed"] for record in records if record["task"] != "arc_easy"} == {None}


def test_figures_have_chance_interval_control_and_clean_items(artifact: Artifact) -> None:
    metrics = artifact.metrics
    for task in ("arc_easy", "truthfulqa_mc1", "truthfulqa_mc2", "hellaswag", "mmlu", "gsm8k"):
        low, value, high = (metrics[f"accuracy{end}_{task}"] for end in ("_low", "", "_high"))
        assert 0 <= low <= value <= high <= 1 and 0 <= metrics[f"accuracy_random_{task}"] <= 1
    assert metrics["chance_mmlu"] == 0.25 and metrics["chance_gsm8k"] == 0
    assert metrics["items_arc_easy"] == 3
    arc = json.loads(artifact.path("metrics.json").read_text("utf-8"))["tasks"]["arc_easy"]
    assert sum(arc[part]["items"] for part in ("clean", "contaminated", "unchecked")) == 3
    assert "accuracy_clean_hellaswag" not in metrics, "decontamination does not know the file"
    subjects = json.loads(artifact.path("metrics.json").read_text("utf-8"))["tasks"]["mmlu"]["groups"]
    assert {name: figures["items"] for name, figures in subjects.items()} == {"anatomy": 4, "high_school_biology": 4}


def test_a_second_build_is_equal(world: World, artifact: Artifact) -> None:
    task = {"task": "arc_easy"}
    assert world.build(task).digest == world.build(task).digest


def test_shuffled_weights_score_as_guessing_does(world: World) -> None:
    """400 questions whose choices have one length: the interval of the control holds chance."""
    words = ["iron", "gold", "lead", "zinc"]
    rows = [
        {"query": f"Question: {number}?\nAnswer:", "choices": words, "gold": (number * 7 + number // 4) % 4}
        for number in range(400)
    ]
    built = world.build({"task": "arc_easy", "items": world.file_of("hostile", rows)}, control_items=400)
    control = json.loads(built.path("metrics.json").read_text("utf-8"))["tasks"]["arc_easy"]["random"]
    assert control["items"] == 400 and control["low"] <= 0.25 <= control["high"]


def test_equal_choices_are_ties(world: World) -> None:
    rows = [
        {"query": "Q:", "choices": [" é日", " é日"], "gold": 0},
        {"query": "", "choices": ["yes", "yes"], "gold": 1},
    ]
    metrics = world.build({"task": "arc_easy", "items": world.file_of("ties", rows)}).metrics
    assert metrics["tied_items_arc_easy"] == 2 and metrics["accuracy_arc_easy"] == 0
    assert metrics["accuracy_norm_arc_easy"] == metrics["accuracy_bytes_arc_easy"] == 0


def test_nul_and_lone_surrogates_are_text_like_any_other(world: World) -> None:
    rows = [{"query": "a\0b \ud800:", "choices": ["x\0", "\udfff é"], "gold": 0}]
    built = world.build({"task": "arc_easy", "items": world.file_of("odd", rows)})
    (record,) = read_records(built.path("items.jsonl.zst"))
    assert record["choices"] == ["x\0", "\\udfff é"] and max(record["log_likelihoods"]) < 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "has no items; take another"),
        (b'{"query": "Q", "choices": ["a", "b"], "gold": 2}\n', "item 0: gold is 2, and the choices are 0 to 1"),
        (b'{"query": "Q", "choices": ["a", ""], "gold": 0}\n', "item 0: choice 1 of choices is empty"),
        (b'{"q": "Q", "c": 1}\n', "item 0: no column 'choices', it has 'q', 'c'; correct the file"),
        (b'{"query": \n', "invalid_json"),
        (b"[1]\n", "not a record"),
        (b"\x1f\x8bbroken", "correct the file"),
    ],
)
def test_a_hostile_file_is_one_line(world: World, content: bytes, message: str) -> None:
    path = world.root / "hostile_bytes.jsonl"
    path.write_bytes(content)
    with pytest.raises(UserError, match=message) as error:
        world.build({"task": "arc_easy", "items": {"file": str(path)}})
    assert "\n" not in str(error.value)


def test_a_file_that_changed_since_the_plan_is_refused(world: World) -> None:
    task = {"task": "arc_easy", "items": world.file_of("arc_easy")}
    spec = world.spec(task)
    write_rows(Path(task["items"]["file"]), BY_TASK["arc_easy"][:1])
    with pytest.raises(UserError, match="changed after the run was planned; run again"):
        build(world.store, "pico/benchmarks/s", evaluate_benchmarks, spec.config, world.inputs, replace=True)


def test_page_and_section(artifact: Artifact) -> None:
    page = benchmarks_page(artifact)
    assert page["benchmarks"].startswith("![Benchmarks](data:image/png")
    assert "| mmlu | 1 | 8 | 25.0% |" in page["figures"]
    section = benchmarks([artifact])
    assert section is not None and section["last"]["columns"] == [
        "accuracy", "accuracy_norm", "accuracy_bytes", "accuracy_flexible"
    ]  # fmt: skip
    assert section["results"][0]["dataset"]["type"] == "arc_easy"
    assert benchmarks([]) is None
