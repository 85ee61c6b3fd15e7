"""The step: what it writes, that the number of workers changes nothing, and what it refuses."""

import re
from pathlib import Path
from typing import Any

import pytest
from factories.build import build
from factories.reasoning_material import OPENING, help_texts

from fc_model.artifacts import Artifact, Store, read_records
from fc_model.errors import UserError
from fc_model.evals.chat.answers import Answer
from fc_pipeline.engine.step import Step
from fc_pipeline.instructions.document import conversation_of
from fc_pipeline.instructions.validate import valid_conversation
from fc_pipeline.reasoning.config import ReasoningConfig
from fc_pipeline.reasoning.outside.process import helper
from fc_pipeline.reasoning.outside.programs import CHESS, GYM, Programs
from fc_pipeline.reasoning.report import problems_page, reasoning
from fc_pipeline.reasoning.synthesize import FILES, synthesize_problems
from fc_pipeline.reasoning.tables import resolve_table
from fc_pipeline.report.write import write_report


def write_split(step: Step) -> None:
    for side, first in (("train", 0), ("holdout", 1)):
        with step.out.records(f"{side}.jsonl.zst") as write:
            for document in help_texts(first):
                write(document)


def settings(**changes: Any) -> dict[str, Any]:
    config = ReasoningConfig(**{"train": 520, "holdout": 60, "tables": ["iris", "wine"]} | changes)
    return config.model_dump(mode="json") | {
        "tables": [resolve_table(name).model_dump(mode="json") for name in config.tables]
    }


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, programs: Programs) -> Store:
    root = tmp_path_factory.mktemp("store")
    for pin in (CHESS, GYM):
        cached = root / "cache" / "downloads" / pin.sha256
        cached.parent.mkdir(parents=True, exist_ok=True)
        cached.symlink_to(Path(programs.chess) / "cache" / "downloads" / pin.sha256)
    return Store(root)


@pytest.fixture(scope="module")
def documents(store: Store) -> Artifact:
    return build(store, "corpus/help/split", write_split)


@pytest.fixture(scope="module")
def made(store: Store, documents: Artifact) -> Artifact:
    return build(store, "talk/reasoning", synthesize_problems, settings(), {"documents": documents})


def records(artifact: Artifact, side: str) -> list[dict[str, Any]]:
    return list(read_records(artifact.path(FILES[side])))  # type: ignore[index]


def test_metrics(made: Artifact) -> None:
    metrics = made.metrics
    assert metrics["broken_promises"] == 0 and metrics["problems"] > 480 and metrics["holdout_problems"] > 50
    assert metrics["equations"] > 500 and metrics["redrawn"] > 0
    licences = {entry["licence"]: entry["documents"] for entry in made.manifest.licences}
    assert licences.keys() == {"PSF-2.0", "BSD-3-Clause AND PSF-2.0", "Apache-2.0"}
    assert sum(licences.values()) == metrics["problems"]


def test_records_are_conversations_with_reasoning(made: Artifact) -> None:
    families = set()
    for side in FILES:
        for record in records(made, side):
            conversation, meta = valid_conversation(record["meta"]["conversation"]), record["meta"]
            question, reply = conversation.messages
            assert reply.reasoning and Answer.from_record(meta["answer"]).is_given_by(reply.content)
            assert question.content and record["id"].startswith(f"reasoning/{side}#")
            families.add(meta["kind"].split("/")[1])
    assert families == {"table", "text", "units", "story", "chess", "gym"}


def test_no_question_comes_twice(made: Artifact) -> None:
    questions = [conversation_of(record).messages[0].content for side in FILES for record in records(made, side)]
    assert len(questions) == len(set(questions))


def test_equal_bytes_for_any_number_of_workers(store: Store, documents: Artifact, made: Artifact) -> None:
    again = build(
        store, "talk/reasoning", synthesize_problems, settings(), {"documents": documents}, replace=True, workers=2
    )
    assert again.digest == made.digest


def test_programs_that_no_family_needs_are_not_fetched(tmp_path: Path) -> None:
    assert Programs.fetched({"table", "units"}, home=tmp_path, folder=tmp_path) == Programs()
    assert list(tmp_path.iterdir()) == []


def test_too_long(store: Store, documents: Artifact) -> None:
    kinds = {"table": 1, "text": 0, "units": 0, "story": 0, "chess": 0, "gym": 0}
    config = settings(train=40, holdout=0, kinds=kinds, max_characters=150)
    artifact = build(store, "short/reasoning", synthesize_problems, config, {"documents": documents})
    dropped = artifact.manifest.counters.dropped
    assert dropped["too_long"] > 0 and artifact.metrics["broken_promises"] == 0
    assert all(len(record["text"]) <= 150 for record in records(artifact, "train"))


def test_a_corpus_without_values(store: Store) -> None:
    def write_poor(step: Step) -> None:
        for side in ("train", "holdout"):
            with step.out.records(f"{side}.jsonl.zst") as write:
                write({"id": "a", "text": OPENING, "source": "a", "licence": "CC0-1.0"})

    poor = build(store, "corpus/poor/split", write_poor)
    with pytest.raises(UserError, match="add documents"):
        build(store, "poor/reasoning", synthesize_problems, settings(), {"documents": poor})


def test_page_and_report(made: Artifact, store: Store) -> None:
    page = problems_page(made)
    assert "table/mean" in page["kinds"] and "times" in page["drawn_again"]
    assert "reasoning/train#" in page["conversations"]
    config = {
        "name": "talk",
        "description": "",
        "sections": {"reasoning": "Reasoning"},
        "gates": [],
        "milestones": {},
    }
    report = build(store, "talk/report", write_report, config, {"made": made}, helpers={"reasoning": reasoning})
    assert "<td>table/mean</td>" in report.path("report.html").read_text("utf-8")
    assert re.search(r"\| chess/mate \| \d+ \|", report.path("report.md").read_text("utf-8"))
    assert reasoning([]) is None


def test_a_program_that_is_not_where_it_was_is_an_error(tmp_path: Path) -> None:
    helper().close()  # its process has the package loaded
    with pytest.raises(UserError, match=r"make_task of .*no_such\.whl.*ModuleNotFoundError.*run it again"):
        Programs(gym=str(tmp_path / "no_such.whl")).task("gcd", 0, {})


def test_a_process_that_dies_is_an_error_and_the_next_question_starts_another(programs: Programs) -> None:
    fen = "r1bqkbnr/pppp1ppp/2n5/1B2p3/4P3/5N2/PPPP1PPP/RNBQK2R b KQkq - 3 3"
    assert programs.position(fen)["legal"] == 30
    child = helper()._child
    assert child is not None
    child._process.kill()
    child._process.wait()
    with pytest.raises(UserError, match="its process has ended; run it again"):
        programs.position(fen)
    assert programs.position(fen)["legal"] == 30
