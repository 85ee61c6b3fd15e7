"""Calls that are meant to harm, as a model writes them: an error in the transcript, and the conversation goes on."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from factories.dictated import Dictated, reply_ids
from factories.hostile_calls import TEXTS, VALID
from factories.tiny_exports import VOCAB_SIZE

from fc_model.chat.agent import Agent, Step
from fc_model.chat.messages import Conversation
from fc_model.chat.text import SentencePieceCodec
from fc_model.inference.generate import Sampling
from fc_model.tools.registry import TOOLS
from fc_model.tools.sandbox import Sandbox

SHORT = [text for text in TEXTS if len(text) < 100]
SECONDS = 10.0
"""Of this process for a conversation; the grammar is asked for each token."""


@pytest.fixture(scope="module")
def codec(tokenizer_file: Path) -> SentencePieceCodec:
    return SentencePieceCodec(tokenizer_file, VOCAB_SIZE)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    base = tmp_path_factory.mktemp("cell")
    (base / "secret.txt").write_text("a secret")
    (base / "in").mkdir()
    with Sandbox(folder=base / "in") as opened:
        yield opened


def told(
    codec: SentencePieceCodec, sandbox: Sandbox, tool: str, calls: list[str], *, context: int = 1 << 16
) -> list[Step]:
    """The steps of a conversation in which a model writes these calls, one a turn, and then an answer."""
    turns = [*(reply_ids(codec, calls=[call]) for call in calls), reply_ids(codec, text="Done.")]
    runtime = Dictated(turns, vocab_size=VOCAB_SIZE, context_length=context)
    agent = Agent(runtime, codec, Sampling(temperature=0), 12_000, tools=[TOOLS[tool]], sandbox=sandbox)
    agent.rounds = len(turns)
    start = time.process_time()
    steps = list(agent.ask("Go on."))
    assert time.process_time() - start < SECONDS
    Conversation(tuple(agent.messages), (TOOLS[tool].schema(),))  # checks the order and what a message may hold
    assert "secret" not in str([step for step in steps if step.kind == "result"])
    return steps


def results(steps: list[Step]) -> list[object]:
    return [json.loads(step.text) for step in steps if step.kind == "result"]


def written(tool: str, arguments: str) -> str:
    return f'{{"name":"{tool}","arguments":{arguments}}}'


def short(arguments: dict[str, Any]) -> dict[str, Any]:
    return {name: value[:50] if isinstance(value, str) else value for name, value in arguments.items()}


@pytest.mark.parametrize("tool", TOOLS)
def test_hostile_texts_in_every_parameter(tool: str, codec: SentencePieceCodec, sandbox: Sandbox) -> None:
    """Where the schema does not allow one, the model is held to something else, and the turn ends all the same."""
    assert sandbox.folder is not None
    before = sorted(sandbox.folder.parent.iterdir())
    names = [name for name, value in VALID[tool].items() if isinstance(value, str)] or list(VALID[tool])[:1]
    calls = [
        written(tool, json.dumps(short(VALID[tool]) | {name: text}, separators=(",", ":"), ensure_ascii=False))
        for name in names
        for text in SHORT[:: 1 if len(names) == 1 else 3]
    ]
    steps = told(codec, sandbox, tool, calls)
    assert len(results(steps)) <= len(calls) and not any("internal error" in str(result) for result in results(steps))
    assert sorted(sandbox.folder.parent.iterdir()) == before and not Path("/tmp/owned").exists()


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("[" * 2000 + "]" * 2000, "nested deeper than 16"),
        ("[" + "7" * 5000 + "]", "no valid JSON"),
        ("[" + "7" * 200 + "]", "a number has more than 100 digits"),
        ('{"a":1,"a":2}', "key 'a' comes twice"),
        ("[7E999]", "beyond a float"),
    ],
)
def test_json_that_the_schema_allows_and_no_reader(
    value: str, error: str, codec: SentencePieceCodec, sandbox: Sandbox
) -> None:
    """openai/openai-agents-js#887, mozilla-ai/clawbolt#169"""
    steps = told(codec, sandbox, "query_json", [written("query_json", f'{{"document":{value},"pointer":""}}')])
    (result,) = results(steps)
    assert isinstance(result, dict) and error in result["error"]
    assert [step.kind for step in steps[:3]] == ["call", "result", "text"] and value in steps[0].text


def test_a_result_without_room_is_an_error_and_the_model_answers(codec: SentencePieceCodec, sandbox: Sandbox) -> None:
    """agent0ai/agent-zero#833, google-ai-edge/gallery#889"""
    assert sandbox.folder is not None
    (sandbox.folder / "long.txt").write_text("many words " * 4000)
    steps = told(codec, sandbox, "read_file", [written("read_file", '{"path":"long.txt"}')], context=1024)
    (result,) = results(steps)
    assert isinstance(result, dict) and "the context has no room for" in result["error"]
    assert "".join(step.text for step in steps if step.kind == "text") == "Done."
