"""The plan says what a run would do and why; a run then does exactly that."""

import pytest
from factories.gates import waived
from factories.toy_project import KEYS as ALL

from fc_pipeline.cli.plan_table import plan_lines
from fc_pipeline.engine.gates import Gate
from fc_pipeline.engine.plan import PlanItem, make_plan
from fc_pipeline.engine.recipe_diff import part_changes


def plan(toy) -> dict[str, PlanItem]:
    return {item.key: item for item in make_plan(toy.graph, toy.store, ["toy/report"])}


def states(toy) -> list[str]:
    items = plan(toy)
    assert list(items) == ALL
    return [item.state for item in items.values()]


def text(toy, *, explain: bool = False, forecast: dict | None = None) -> list[str]:
    return [line for _, line in plan_lines(list(plan(toy).values()), forecast, explain=explain)]


def test_nothing_built(toy):
    assert states(toy) == ["build"] * 4
    assert [item.reasons for item in plan(toy).values()] == [["never built"]] * 4


def test_everything_fresh(toy):
    toy.build()
    assert states(toy) == ["fresh"] * 4
    assert plan(toy)["toy/score"].gates == "passed" and plan(toy)["toy/report"].gates == ""
    assert text(toy)[-1] == "4 artifacts, all fresh"
    assert plan(toy)["toy/report"].identity == toy.present("toy/report").identity


def test_changed_setting(toy):
    toy.build()
    toy.min_chars = 4
    assert states(toy) == ["fresh", "build", "maybe", "maybe"]
    items = plan(toy)
    assert items["corpus/toy/cleaned"].reasons == ["filters.min_chars 3 -> 4"]
    assert items["toy/score"].reasons == ["input corpus/toy/cleaned is rebuilt"]
    toy.count = 8
    reasons = ["filters.min_chars 3 -> 4", "input sources/letters is rebuilt"]
    assert plan(toy)["corpus/toy/cleaned"].reasons == reasons
    assert toy.build() == ALL
    toy.count, toy.min_chars = 6, 5
    assert plan(toy)["corpus/toy/cleaned"].reasons == ["filters.min_chars 3 -> 5"], "beside the closest that is built"


def test_early_cut_off(toy):
    toy.build()
    toy.edit("helpers.py", "text.upper()", "(text + '').upper()")  # other code, equal bytes and metrics
    assert states(toy) == ["fresh", "fresh", "build", "maybe"]
    assert toy.build() == ["toy/score"]
    assert states(toy) == ["fresh"] * 4
    older, score = toy.present("toy/report").manifest.recipe.inputs["score"], toy.present("toy/score")
    assert older.identity != score.identity and older.digest == score.digest


def test_changed_code(toy):
    toy.build()
    toy.edit("helpers.py", "return text.upper()", "return louder(text)\n\n\ndef louder(text):\n    return text.upper()")
    item = plan(toy)["toy/score"]
    assert item.state == "build" and item.reasons == ["code: helpers:shout changed and 1 more"]
    assert item.parts == ["changed toyfactory.helpers:shout", "added toyfactory.helpers:louder"]
    lines = text(toy, explain=True)
    assert any(line.strip() == "changed toyfactory.helpers:shout" for line in lines)


def test_rebuilt_input(toy):
    toy.build()
    toy.min_chars = 4
    before = toy.store.versions("corpus/toy/cleaned")[0].digest
    after = toy.materialize("corpus/toy/cleaned").artifact.digest
    item = plan(toy)["toy/score"]
    assert item.state == "build" and item.reasons == [f"input corpus/toy/cleaned {before[:8]} -> {after[:8]}"]


def test_changed_threshold(toy):
    toy.build()
    toy.gates = [Gate(artifact="score", metric="documents", min=3)]
    assert states(toy) == ["fresh", "fresh", "rejudge", "fresh"]
    assert plan(toy)["toy/score"].gates == "gate score.documents has no verdict: materialize toy/score again"
    assert toy.build() == [] and states(toy) == ["fresh"] * 4


def test_failed_gate(toy):
    toy.gates = [Gate(artifact="score", metric="documents", min=9)]
    for key in ALL[:-1]:
        toy.materialize(key)
    items = plan(toy)
    assert items["toy/report"].blocked == ["gate score.documents failed: 4, must be at least 9"]
    assert any("toy/report" in line and "blocked: gate score.documents failed" in line for line in text(toy))
    toy.gates = [waived(Gate(artifact="score", metric="documents", min=9), "on purpose")]
    toy.build()
    assert plan(toy)["toy/score"].gates == "waived: score.documents" and not plan(toy)["toy/report"].blocked


@pytest.mark.parametrize("name", ["manifest.json", "documents.jsonl.zst"])
def test_damaged(toy, name):
    toy.build()
    path = toy.present("corpus/toy/cleaned").folder / name
    path.write_bytes(path.read_bytes()[:-5])
    assert states(toy) == ["fresh", "damaged", "maybe", "maybe"]
    assert name in plan(toy)["corpus/toy/cleaned"].reasons[0]
    assert toy.build() == ["corpus/toy/cleaned"]


def test_half_done_work_is_named(toy):
    toy.edit("steps.py", "def letters(step):\n", "def letters(step):\n    step.out.workspace('training')\n    1 / 0\n")
    with pytest.raises(ZeroDivisionError):
        toy.materialize("sources/letters")
    assert plan(toy)["sources/letters"].resumes == ["training"]
    assert any("goes on from half-done work" in line for line in text(toy))
    assert toy.store.versions("sources/letters") == []


def test_estimates(toy):
    figures = {"seconds": 90.0, "disk_bytes": 2_500_000, "tokens": 1_500_000, "basis": "as it took"}
    unknown = {"seconds": None, "disk_bytes": None, "basis": "never built"}
    total = {"seconds": 90.0, "disk_bytes": 2_500_000, "tokens": 1_500_000, "unknown": ["toy/report"]}
    total |= {"download_bytes": 0, "unsized": []}
    forecast = {"steps": {"sources/letters": figures, "toy/report": unknown}, "total": total}
    lines = text(toy, forecast=forecast)
    assert "1.5M tokens 1 min 30 s 2.5 MB" in lines[0]
    last = "4 artifacts: 4 to build; about 1.5M tokens, 1 min 30 s, 2.5 MB, not counting 1 never built"
    assert lines[-1] == last
    total |= {"download_bytes": 3_000_000, "unsized": ["images/faces"]}
    assert text(toy, forecast=forecast)[-1] == f"{last}; 3.0 MB to download, 1 of unknown size"


def test_part_changes():
    assert part_changes({"a": "1", "b": "2", "c": "3"}, {"b": "2", "c": "4", "d": "5"}) == [
        "changed c",
        "added d",
        "removed a",
    ]
    before = {"m:f": "1", "m:g": "2", "n:g": "3"}
    assert part_changes(before, {"o:f": "1", "m:g": "3", "n:g": "2"}) == []  # moved, and changed places
    assert part_changes(before, {"o:f": "4", "m:g": "2", "p:g": "5"}) == ["changed o:f", "changed p:g"]
    assert part_changes(before, before | {"p:f": "1"}) == ["added p:f"]
    assert part_changes(before | {"p:f": "1"}, before) == ["removed p:f"]
