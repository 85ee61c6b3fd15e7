"""Status tells what is built, what is being written and by whom, and how far half-done work is."""

import json
import os
import socket

import pytest

from fc_pipeline.engine.gates import Gate
from fc_pipeline.engine.resolve import Resolver
from fc_pipeline.engine.status import StatusItem, make_status, read_progress, status_lines


def status(toy) -> dict[str, StatusItem]:
    return {item.key: item for item in make_status(toy.graph, toy.store, toy.graph)}


def lines(toy) -> list[str]:
    return [text for _, text in status_lines(list(status(toy).values()), root=toy.store.root)]


def test_from_nothing_to_built(toy):
    assert {item.state for item in status(toy).values()} == {"absent"}
    toy.build()
    items = status(toy)
    assert {item.state for item in items.values()} == {"built"}
    score = items["toy/score"]
    folder = toy.present("toy/score").folder
    assert score.num_bytes == sum(path.stat().st_size for path in folder.iterdir()) and score.other_bytes == 0
    assert lines(toy)[-1].startswith("4 of 4 built; ")


def test_the_page_of_a_report_is_named(toy):
    toy.build()
    page = toy.present("toy/report").folder / "report.html"
    assert not any(line.startswith("report:") for line in lines(toy))
    page.write_text("<html>")
    assert lines(toy)[-2] == f"report: {page}"


def test_outdated_and_other_bytes(toy):
    toy.build()
    toy.min_chars = 4
    items = status(toy)
    assert [item.state for item in items.values()] == ["built", "outdated", "outdated", "outdated"]
    assert [item.waits_for for item in items.values()] == [None, None, "corpus/toy/cleaned", "corpus/toy/cleaned"]
    assert items["toy/score"].num_bytes == 0 and items["toy/score"].other_bytes > 0
    assert "of earlier or half-done ones (`fustercluck gc`)" in lines(toy)[-1]


def test_failed_gate_is_shown(toy):
    toy.build()
    toy.gates = [Gate(artifact="score", metric="documents", min=9)]
    toy.materialize("toy/score")
    assert status(toy)["toy/score"].gates == ("gate score.documents failed: 4, must be at least 9",)


def test_running_and_half_done(toy):
    """A real writer that holds the lock in this process, with a log as a stage of training writes it."""
    toy.materialize("sources/letters")
    recipe = Resolver(toy.graph, toy.store).recipe("corpus/toy/cleaned")
    with pytest.raises(KeyboardInterrupt), toy.store.write("corpus/toy/cleaned", recipe) as out:
        log = out.workspace("training") / "metrics.jsonl"
        records = [
            {"step": 10, "steps": 400, "loss": 5.0},
            {"step": 20, "steps": 400, "loss": 4.5, "tokens_per_second": 12_345.0, "eta_seconds": 95.0},
            {"step": 20, "holdout_loss": 4.4},
        ]
        log.write_text("".join(json.dumps(record) + "\n" for record in records) + '{"step": 30, "lo')
        item = status(toy)["corpus/toy/cleaned"]
        assert item.state == "running" and item.holder == {"pid": os.getpid(), "host": socket.gethostname()}
        assert item.progress == records[1]
        line = status_lines([item], root=toy.store.root)[0][1]
        assert "step 20/400  loss 4.500  12,345 tokens/s  1 min 35 s left" in line and str(os.getpid()) in line
        raise KeyboardInterrupt
    item = status(toy)["corpus/toy/cleaned"]
    assert item.state == "half-done" and item.holder is None and item.num_bytes > 0
    assert status_lines([item], root=toy.store.root)[0][1].endswith("step 20/400  loss 4.500")


def test_damaged(toy):
    toy.build()
    (toy.present("toy/report").folder / "manifest.json").write_text("{")
    toy.present("toy/score").path("score.txt").unlink()
    states = {key: item.state for key, item in status(toy).items()}
    assert (states["toy/report"], states["toy/score"]) == ("damaged", "damaged")
    assert sum("not a manifest" in line or "score.txt" in line for line in lines(toy)) == 2
    (toy.present("corpus/toy/cleaned").folder / "manifest.json").write_text("{")
    assert any(line.startswith("outdated") and line.endswith("waits for corpus/toy/cleaned") for line in lines(toy))


def test_progress_of_a_broken_log(toy, tmp_path):
    assert read_progress(tmp_path) is None
    (tmp_path / "workspace").mkdir()
    (tmp_path / "workspace" / "metrics.jsonl").write_text('{"step": 1, "loss": null}\n')
    assert read_progress(tmp_path) == {"step": 1, "loss": None}
    item = StatusItem("k", "half-done", progress=read_progress(tmp_path))
    assert status_lines([item], root=tmp_path)[0][1].endswith("step 1")
