"""Chat and tools as a part of a track: what a track may say, the step, its page, its section, its judge."""

import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from factories.build import build
from factories.chat_world import ChatWorld, specs, track

from fc_model.artifacts import Artifact, read_records
from fc_model.chat.messages import Conversation
from fc_model.errors import UserError
from fc_model.evals.chat.pairwise import Prompt
from fc_model.evals.chat.replies import Written
from fc_pipeline.engine.gates import Gate, judge
from fc_pipeline.evals.chat.ask import reply_to
from fc_pipeline.evals.chat.config import EndpointJudge
from fc_pipeline.evals.chat.endpoint import Endpoint
from fc_pipeline.evals.chat.evaluate import evaluate_chat
from fc_pipeline.evals.chat.pages import chat_page
from fc_pipeline.evals.chat.report import chat
from fc_pipeline.track.config import parse_track, read_attributes

PAGE = Path(__file__).resolve().parents[3] / "docs" / "chat-evals.md"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> ChatWorld:
    return ChatWorld(tmp_path_factory.mktemp("chat"))


@pytest.fixture(scope="module")
def artifact(world: ChatWorld) -> Artifact:
    return world.build()


def test_the_example_of_the_documentation_is_a_track() -> None:
    example = re.search(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert example is not None
    (spec,) = specs(yaml.safe_load(example[1])["chat_evals"])
    assert spec.key == "pico/chat_evals/sft_tools" and spec.judges == spec.inputs["stage"] == "pico/stages/sft_tools"
    assert spec.inputs["against"] == "pico/stages/sft_chat" and spec.inputs["instructions"] == "pico/instructions"


def test_a_track_without_them_has_no_step() -> None:
    assert specs(None) == []


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"stages": ["sft_chatt"]}, "chat_evals.stages: 'sft_chatt' is no stage of kind sft"),
        ({"max_reply_tokens": 512}, r"max_reply_tokens \(512\) leaves no room"),
        ({"win_rate": {"against": "sft_tools"}}, "'sft_tools' trains no decoder before sft_tools: name one of"),
        *[
            ({"win_rate": {"against": "sft_chat", "judge": {"kind": "endpoint", "url": url, "model": "m"}}}, "url")
            for url in (
                "file:///a",
                "https://",
                "http://[::1/v1",
                "http://a:99999/v1",
                "http://a b/v1",
                "http://a/v1?b=c",
            )
        ],
        (
            {
                "win_rate": {
                    "against": "sft_chat",
                    "judge": {"kind": "endpoint", "url": "http://a/v1", "model": "m", "parameters": {"stream": True}},
                }
            },
            "stream is said already, or would change the form of the answer",
        ),
        ({"win_rate": {"against": "sft_chat", "judge": {"kind": "person"}}}, "judge"),
    ],
)
def test_what_does_not_fit_is_refused(chosen: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        track(chosen)


def test_they_need_a_stage_of_kind_sft() -> None:
    with pytest.raises(UserError, match="chat_evals belong to a track with a stage of kind sft"):
        parse_track("pico", {**read_attributes("pico"), "chat_evals": {}})


def test_a_model_that_knows_them_by_heart_is_right(artifact: Artifact) -> None:
    metrics = artifact.metrics
    right = ("valid_calls", "exact_calls", "ast_match", "right_tools", "declined", "answers", "exact_calls_free")
    assert {name: metrics[name] for name in right} == dict.fromkeys(right, 1.0)
    assert metrics["needless_calls"] == metrics["missed_calls"] == 0
    assert metrics["exact_calls_items"] == 2 and metrics["valid_calls_items"] == 3 and metrics["answers_items"] == 1
    assert metrics["exact_calls_in_blind_tools"] == metrics["exact_calls_in_parallel_calls"] == 1
    assert metrics["exact_calls_in_known_tools_items"] == 1 and metrics["right_tools_chance"] == 1
    assert metrics["turns_too_long"] == metrics["turns_unenforceable"] == metrics["turns_not_grounded"] == 0
    assert metrics["exact_calls_ungrounded"] == 1


def test_shuffled_weights_are_never_exact_and_every_row_has_its_interval(artifact: Artifact) -> None:
    rows = json.loads(artifact.path("metrics.json").read_text("utf-8"))["rows"]
    assert {row["table"] for row in rows} == {"bounded", "ungrounded", "free", "dialogues", "instructions", "win_rate"}
    for row in rows:
        assert 0 <= row["low"] <= row["value"] <= row["high"] <= 1 and row["items"] > 0
        if row["score"] in ("exact_calls", "ast_match") and row["random_items"]:
            assert row["random"] == 0
    assert artifact.metrics["exact_calls_random"] == 0


def test_every_question_is_kept_with_its_reply(artifact: Artifact) -> None:
    records = list(read_records(artifact.path("items.jsonl.zst")))
    numbers = {table: sum(one["table"] == table for one in records) for table in {one["table"] for one in records}}
    assert numbers == {"turns": 4, "dialogues": 1, "instructions": 4, "win_rate": 5}
    dialogue = next(one for one in records if one["table"] == "dialogues")
    assert dialogue["expected"] == [42] and dialogue["messages"][-1]["content"] == "It is 42."
    shares = [artifact.metrics[name] for name in ("wins", "losses", "ties")]
    assert sum(shares) == pytest.approx(1)


def test_what_goes_wrong_is_counted_by_source_kind_and_tool(world: ChatWorld, artifact: Artifact) -> None:
    """Blind tools are left out: what they show must not lead to what is trained on."""
    failures = json.loads(artifact.path("failures.json").read_text("utf-8"))
    assert failures["s"]["kinds"].keys() == {"single", "none needed"} and failures["s"]["tools"].keys() == {"calculate"}
    assert {count["failed"] for group in failures["s"].values() for count in group.values()} == {0}
    assert "Failures" not in chat_page(artifact)
    (spec,) = specs({"max_prompts": 0, "max_dialogues": 0, "max_reply_tokens": 20, "control_items": 1})
    untrained = build(
        world.store, spec.key, evaluate_chat, spec.config, world.inputs | {"stage": world.inputs["against"]}
    )
    assert "| s | tool | calculate | 1 | 1 |" in chat_page(untrained)["Failures"]
    section = chat([untrained])
    assert section is not None and section["last"]["failures"][0]["failed"] > 0


def test_a_second_build_is_equal(world: ChatWorld, artifact: Artifact) -> None:
    assert world.build().digest == artifact.digest


def test_a_score_without_items_stops_a_gate(world: ChatWorld) -> None:
    metrics = world.build(max_reply_tokens=400, win_rate=None, max_prompts=0, max_dialogues=0).metrics
    assert metrics["turns_too_long"] == 4 and "exact_calls" not in metrics
    gates = [Gate(artifact="chat_evals/sft_tools", metric="exact_calls", min=0.0)]
    assert [verdict["passed"] for verdict in judge(metrics, gates)] == [False]


def test_page_and_section(artifact: Artifact) -> None:
    page = chat_page(artifact)
    assert page["chat"].startswith("![Chat and tools](data:image/png")
    calls = page["Calls, bounded as in chat"]
    assert "| name and arguments exact | all | 2 | 100.0% | 100.0-100.0 | – | 0.0% |" in calls
    section = chat([artifact])
    assert section is not None and section["row"]["exact_calls"] == 1 and chat([]) is None


class Echo:
    """A speaker that says what it is asked; it has no room for more than twenty characters."""

    def prompt(self, conversation: Conversation) -> str | None:
        text = conversation.messages[-1].content
        return text if len(text) <= 20 else None

    def form(self, conversation: Conversation) -> None:
        return None

    def free(self, prompts: list[str]) -> list[Written]:
        return [Written(text=prompt) for prompt in prompts]

    def bounded(self, prompt: str, freely: Written, form: None) -> Written:
        return freely


def test_a_document_and_a_conversation_of_one_file_have_replies_of_their_own() -> None:
    prompts = [Prompt(id="mine/a.jsonl#0", text=text) for text in ("Write.", "Hello?", "x" * 21)]
    replies = reply_to(Echo(), prompts)  # type: ignore[arg-type]
    assert [replies[prompt].text for prompt in prompts] == ["Write.", "Hello?", ""]


@dataclass(frozen=True)
class Raw:
    """A body that is sent as it is."""

    data: bytes


@dataclass
class Server:
    """An OpenAI-compatible server that answers with what it is told, after its faults."""

    answers: list[Any]
    faults: list[int] = field(default_factory=list)
    asked: list[tuple[dict[str, Any], str | None]] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def server() -> Iterator[Server]:
    told = Server([])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            told.asked.append((body, self.headers["Authorization"]))
            status = told.faults.pop(0) if told.faults else 200 if self.path == "/v1/chat/completions" else 404
            answer = told.answers.pop(0) if status in (200, 400) else {}
            content = answer if isinstance(answer, dict) else {"choices": [{"message": {"content": answer}}]}
            data = answer.data if isinstance(answer, Raw) else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: Any) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.url = f"http://127.0.0.1:{http.server_port}/v1"
    thread = threading.Thread(target=http.serve_forever)
    thread.start()
    yield told
    http.shutdown()
    thread.join()
    http.server_close()


PROMPT, FIRST, SECOND = Prompt(id="p", text="Hello?"), Written(text="one"), Written(text="two")


@pytest.mark.parametrize(
    ("answers", "verdict", "unreadable"),
    [
        (["A", "B"], "first", 0),
        (["**B**.", "a"], "second", 0),
        (["B is a better reply.", "<think>A? Or B? A.</think>\nA"], "second", 0),
        (["It's a tie.", "TIE"], "tie", 0),
        (["A", "A"], "tie", 0),
        (["tie", "Tie."], "tie", 0),
        (["A or B", "B"], "tie", 1),
        (["", None], "tie", 2),
    ],
)
def test_an_endpoint_is_asked_in_both_orders(server: Server, answers: list[Any], verdict: str, unreadable: int) -> None:
    server.answers = list(answers)
    endpoint = Endpoint(EndpointJudge(url=server.url, model="m"))
    assert endpoint(PROMPT, FIRST, SECOND) == verdict and endpoint.unreadable == unreadable
    texts = [body["messages"][0]["content"] for body, _ in server.asked]
    assert "[reply A]\none\n[reply B]\ntwo\n" in texts[0] and "[reply A]\ntwo\n[reply B]\none\n" in texts[1]
    assert server.asked[0][0]["model"] == "m" and server.asked[0][1] is None


def test_a_busy_endpoint_is_asked_again_with_its_key(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUDGE_KEY", "secret")
    server.answers, server.faults = ["A", "B"], [503, 429]
    endpoint = Endpoint(EndpointJudge(url=server.url + "/", model="m", key_variable="JUDGE_KEY"), pause_seconds=0)
    assert endpoint(PROMPT, FIRST, SECOND) == "first"
    assert {key for _, key in server.asked} == {"Bearer secret"} and len(server.asked) == 4


def test_what_is_no_endpoint_is_one_line(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JUDGE_KEY", raising=False)
    with pytest.raises(UserError, match="JUDGE_KEY is not set"):
        Endpoint(EndpointJudge(url=server.url, model="m", key_variable="JUDGE_KEY"))
    with pytest.raises(UserError, match=r"the server answered 404: .*or name the variable of a key in `key_variable`"):
        Endpoint(EndpointJudge(url=server.url + "/v2", model="m"))(PROMPT, FIRST, SECOND)
    server.answers = [{"choices": []}, Raw(b"[" * 100_000)]
    for _ in range(2):
        with pytest.raises(UserError, match="the answer is no chat completion; correct `url`"):
            Endpoint(EndpointJudge(url=server.url, model="m")).try_out()


def test_a_refusal_of_an_endpoint_is_told_in_its_words(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUDGE_KEY", "secret\n")  # as `export JUDGE_KEY="$(cat key; echo .)"` and .env files leave it
    reason = b'{"error": {"message": "Unsupported parameter: \'max_tokens\'"}}'
    server.answers, server.faults = [Raw(reason), "A"], [400]
    settings = {"url": server.url, "model": "m", "key_variable": "JUDGE_KEY"}
    with pytest.raises(
        UserError, match=r"answered 400: .*Unsupported parameter.*`parameters`, or the key in JUDGE_KEY"
    ):
        Endpoint(EndpointJudge(**settings)).try_out()  # type: ignore[arg-type]
    Endpoint(EndpointJudge(**settings, parameters={"max_completion_tokens": 2000})).try_out()  # type: ignore[arg-type]
    (first, key), (second, _) = server.asked
    assert (first["temperature"], first["max_tokens"], key) == (0, 16, "Bearer secret")
    assert second.keys() == {"model", "messages", "max_completion_tokens"}
    monkeypatch.setenv("JUDGE_KEY", "k€y")
    with pytest.raises(UserError, match="JUDGE_KEY holds what is no key"):
        Endpoint(EndpointJudge(**settings))  # type: ignore[arg-type]
