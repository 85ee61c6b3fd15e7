"""An evaluation's worst kinds become weights of the next build, when they are accepted."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from factories.build import build
from factories.planted_failures import (
    DIALOGUES,
    EVALUATION,
    build_up_to_evaluation,
    failures_of,
    parse,
    talking_track,
    write_split,
)

from fc_model.artifacts import Artifact, Store, read_records
from fc_model.errors import UserError
from fc_model.evals.chat.turns import Turn
from fc_pipeline.cli import main as cli
from fc_pipeline.defs.feedback.sensors import feedback_sensor
from fc_pipeline.engine.graph import Graph
from fc_pipeline.engine.plan import make_plan
from fc_pipeline.feedback.accepted import MOST, Accepted, Weights, accept, feedback_file, read_accepted
from fc_pipeline.feedback.proposal import Proposal, propose
from fc_pipeline.feedback.weigh import weigh, wilson_interval
from fc_pipeline.tool_dialogues.synthesize import FILES
from fc_pipeline.track.config import parse_track
from fc_pipeline.track.graph import build_graph


def bad_at_missing(meta: dict[str, Any], turn: Turn) -> bool:
    """Never calls in dialogues in which an argument was missing."""
    return meta["requests"][0] == "missing" and bool(turn.expected.tool_calls)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def graph(home: Path) -> Graph:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FC_HOME", str(home))
        return build_up_to_evaluation(Store(home), parse(), bad_at_missing)


@pytest.fixture
def in_home(home: Path, graph: Graph, monkeypatch: pytest.MonkeyPatch) -> Path:
    """FC_HOME, in which nothing is accepted."""
    monkeypatch.setenv("FC_HOME", str(home))
    feedback_file(home, "talk").unlink(missing_ok=True)
    return home


def proposed(graph: Graph, home: Path, **changes: Any) -> Proposal:
    return propose(graph, Store(home), "talk", parse(**changes).feedback)


def test_it_names_the_planted_kind_and_its_error(graph: Graph, in_home: Path) -> None:
    proposal = proposed(graph, in_home)
    kinds = [row for row in proposal.rows if row.group == "kinds"]
    assert (kinds[0].name, kinds[0].error, kinds[0].why) == ("missing", "missed_call", "worse")
    assert set(proposal.weights.kinds) == {"missing"} and 1 < proposal.weights.kinds["missing"] <= MOST
    assert {row.failed for row in kinds[1:]} == {0} and proposal.is_new


def test_it_names_a_planted_tool(graph: Graph, home: Path) -> None:
    def is_bad(meta: dict[str, Any], turn: Turn) -> bool:
        return any(meta["tools"][call.name]["tool"] == "weekday" for call in turn.expected.tool_calls)

    counts = failures_of(Store(home).versions(DIALOGUES)[0], is_bad)
    rows = weigh(counts["tool_dialogues"]["tools"], group="tools", accepted={}, least_items=8)
    assert [row.name for row in rows if row.weight > 1] == ["weekday"]
    assert rows[0].items == rows[0].failed  # under masked names, too


def test_few_items_are_left_alone(graph: Graph, in_home: Path) -> None:
    assert proposed(graph, in_home, feedback={"least_items": 1_000}).weights == Weights()


def test_accepting_changes_the_shares_of_the_next_build_and_nothing_else(graph: Graph, in_home: Path) -> None:
    accept(in_home, "talk", proposed(graph, in_home).accepted(at=0))
    after = build_graph([parse()])
    assert {key for key in graph if graph[key] != after[key]} == {DIALOGUES}
    items = {item.key: item for item in make_plan(after, Store(in_home), [DIALOGUES])}
    assert "feedback.kinds.missing" in str(items[DIALOGUES])
    before, store = Store(in_home).versions(DIALOGUES)[0], Store(in_home / "again")
    inputs = {"documents": build(store, "corpus/help/split", write_split)}
    changed = build(store, DIALOGUES, after[DIALOGUES].function, after[DIALOGUES].config, inputs)
    weight = after[DIALOGUES].config["feedback"]["kinds"]["missing"]
    assert shares(changed)["missing"] > 0.7 * weight * shares(before)["missing"]
    for file in (FILES["holdout"], FILES["blind"]):
        ours, theirs = ({one["id"]: one for one in read_records(built.path(file))} for built in (changed, before))
        both = ours.keys() & theirs.keys()
        assert [ours[name] for name in both] == [theirs[name] for name in both]
        assert len(ours.keys() ^ theirs.keys()) <= 3  # a call that is trained on now, or no longer


def shares(artifact: Artifact) -> dict[str, float]:
    kinds = Counter(record["meta"]["requests"][0] for record in read_records(artifact.path(FILES["train"])))
    return {kind: count / kinds.total() for kind, count in kinds.items()}


def test_accepting_twice_is_as_accepting_once(graph: Graph, in_home: Path) -> None:
    once = proposed(graph, in_home)
    accept(in_home, "talk", once.accepted(at=0))
    again = proposed(graph, in_home)  # a process whose graph is older than the file
    assert not again.is_new and again.weights == once.weights
    with pytest.raises(UserError, match=f"feedback needs {EVALUATION}, which is not built"):
        proposed(build_graph([parse()]), in_home)


def test_what_is_weighed_follows_the_next_evaluation(graph: Graph, in_home: Path) -> None:
    """Still worse: up, at most to MOST. As the rest: as it is. Better: down, at least to 1."""
    rest = {"items": 400, "failed": 40, "errors": {"missed_call": 40}}
    weights, seen = {"missing": 1.0}, []
    for failed in (*[60] * 8, 10, *[0] * 12):
        errors = {"silent": failed} if failed else {}
        counts = {"missing": {"items": 100, "failed": failed, "errors": errors}, "single": rest}
        rows = weigh(counts, group="kinds", accepted=weights, least_items=30)
        weights = {row.name: row.weight for row in rows if row.name == "missing"}
        seen.append(weights["missing"])
    assert seen[:8] == sorted(seen[:8]) and 1 < seen[0] < MOST == seen[7] == seen[8]
    assert seen[9] < MOST and seen[-1] == 1


@pytest.mark.parametrize(("hits", "items"), [(0, 0), (0, 1), (0, 77), (38, 38), (1, 2), (199, 10_000)])
def test_intervals(hits: int, items: int) -> None:
    """Bounds stay in [0, 1] (statsmodels#10010), no share is certain (garak#2076), and of nothing all is possible."""
    low, high = wilson_interval(hits, items)
    assert 0 <= low < high <= 1 and (items == 0 or low <= hits / items <= high)
    assert wilson_interval(0, 50)[1] == pytest.approx(0.0713, abs=1e-4)
    assert wilson_interval(10, 50) == pytest.approx((0.1124, 0.3304), abs=1e-4)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not JSON"),
        (b'{"weights": {"kinds": {"missing": 1.5', "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON .*nested deeper"),
        (b'{"weights": {"kinds": {"missing": NaN}}, "evaluation": "e"}', "not JSON .*NaN"),
        (b'{"weights": {"kinds": {"missing": 2, "missing": 3}}, "evaluation": "e"}', "not JSON .*twice"),
        (b"[]", "correct it, or delete it"),
        (b'{"weights": {"kinds": {"missing": 50}}, "evaluation": "e"}', "weights.kinds.missing.* 3.0 or less"),
        (b'{"weights": {"kinds": {"missing": true}}, "evaluation": "e"}', "are no numbers"),
        (b'{"weights": {"kinds": {"mising": 2}}, "evaluation": "e"}', "no kind 'mising' is trained on; did you mean"),
        (b'{"weights": {"tools": {"convert_units": 2}}, "evaluation": "e"}', "no tool 'convert_units' is trained on"),
        (b'{"weights": {"kinds": {}}}', "evaluation"),
        (b'{"weights": {}, "evaluation": "e", "at": 1798675200000}', "at: must be below 253402300800"),
    ],
)
def test_a_damaged_file_is_one_line(in_home: Path, content: bytes, message: str) -> None:
    path = feedback_file(in_home, "talk")
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    with pytest.raises(UserError, match=message) as caught:
        build_graph([parse()])
    assert str(path) in str(caught.value) and "\n" not in str(caught.value) and "delete" in str(caught.value)
    assert build_graph([parse(feedback=None)])[DIALOGUES].config["feedback"] == {"kinds": {}, "tools": {}}


def test_a_write_that_fails_leaves_what_was_there(in_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Accepted(weights=Weights(kinds={"retry": 2.0}), evaluation="e@1", at=1)
    accept(in_home, "talk", first)

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device", "disk")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        accept(in_home, "talk", first.model_copy(update={"evaluation": "e@2"}))
    assert read_accepted(in_home, "talk") == first
    assert [path.name for path in feedback_file(in_home, "talk").parent.iterdir()] == ["talk.json"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"chat_evals": None}, "feedback needs failures that are counted: add chat_evals"),
        ({"tool_dialogues": None, "instructions": {"sources": ["alpaca_demo"]}}, "feedback weighs tool_dialogues"),
        ({"feedback": {"automatic": "maybe"}}, "feedback.automatic"),
    ],
)
def test_what_does_not_fit_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        parse(**changes)


@pytest.fixture
def command(
    graph: Graph, in_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """The command line on the track; gives (exit status, what is printed, errors)."""
    written = talking_track()
    monkeypatch.setattr("fc_pipeline.track.config.read_attributes", lambda name: written)
    monkeypatch.setattr(
        "fc_pipeline.experiments.graph.project_graph", lambda **_: build_graph([parse_track("talk", written)])
    )

    def run(*arguments: str) -> tuple[int, str, str]:
        status = cli.main(["feedback", *arguments])
        return (status, *capsys.readouterr())

    return run


def test_the_command_shows_and_accepts(command: Callable[..., tuple[int, str, str]], in_home: Path) -> None:
    status, text, _ = command("talk")
    assert status == 0 and "worse" in text and "proposed: kind missing" in text and "nothing was changed" in text
    assert not feedback_file(in_home, "talk").exists()
    shown = json.loads(command("talk", "--json")[1])
    assert shown["rows"][0][1] == "missing" and shown["weights"]["kinds"].keys() == {"missing"}
    status, text, _ = command("talk", "--accept")
    assert status == 0 and "the next build has this" in text
    content = feedback_file(in_home, "talk").read_bytes()
    status, text, errors = command("talk", "--accept")
    assert status == 2 and text.startswith("accepted ") and "not built" in errors and errors.count("\n") == 1
    assert feedback_file(in_home, "talk").read_bytes() == content


def test_of_a_track_that_has_none(in_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["feedback", "pico"]) == 2
    assert "tracks/pico has no feedback: write `feedback: {}`" in capsys.readouterr().err
    assert cli.main(["feedback", "picoo"]) == 2
    assert "there is no track 'picoo'" in capsys.readouterr().err


def tick(graph: Graph, cursor: str | None = None, **changes: Any) -> Any:
    sensor = feedback_sensor(graph, {"talk": parse(**changes)})
    return sensor(dg.build_sensor_context(cursor=cursor))


def test_the_sensor_tells_once(graph: Graph, in_home: Path) -> None:
    first = tick(graph)
    (told,) = first.asset_events
    assert told.asset_key.path == ["talk", "tool_dialogues"] and not first.run_requests
    assert told.metadata["command"].value == "fustercluck feedback talk --accept"
    assert not feedback_file(in_home, "talk").exists()
    again = tick(graph, first.cursor)
    assert not again.asset_events and again.skip_reason.skip_message == "no new evaluation asks for other weights"


def test_an_automatic_track_accepts_and_is_rebuilt_once(graph: Graph, in_home: Path) -> None:
    automatic: dict[str, Any] = {"feedback": {"automatic": True, "least_items": 10}}
    first = tick(graph, **automatic)
    (request,) = first.run_requests
    assert request.asset_selection[-1].path == ["talk", "tool_dialogues"] and not first.asset_events
    accepted = read_accepted(in_home, "talk")
    assert (
        accepted is not None and accepted.evaluation == request.run_key and set(accepted.weights.kinds) == {"missing"}
    )
    again = tick(graph, **automatic)  # a lost cursor
    assert not again.run_requests and "not built" in again.skip_reason.skip_message
    assert read_accepted(in_home, "talk") == accepted


def test_a_damaged_file_skips_the_tick(graph: Graph, in_home: Path) -> None:
    feedback_file(in_home, "talk").write_text("{")
    assert "not JSON" in tick(graph).skip_reason.skip_message
