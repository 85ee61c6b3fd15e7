"""Ten questions with tools, failed calls and retries: what was said stays said, and reasoning is shown to nobody."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from factories.dictated import Dictated, reply_ids
from factories.tiny_exports import VOCAB_SIZE

from fc_model.chat.agent import Agent, TurnEncoder
from fc_model.chat.assistant import Assistant
from fc_model.chat.checks import check_mask, check_prefix
from fc_model.chat.encoding import encode_conversation
from fc_model.chat.messages import Conversation
from fc_model.chat.text import SentencePieceCodec
from fc_model.inference.generate import Sampling
from fc_model.special_tokens import SPECIAL_TOKENS
from fc_model.tokenizer import Tokenizer
from fc_model.tools.registry import TOOLS
from fc_model.tools.sandbox import Sandbox

TOOL_NAMES = ("calculate", "weekday", "write_file", "read_file", "query_json")
WHY = "The user must not read this."


def call(name: str, arguments: str) -> str:
    return f'{{"name":"{name}","arguments":{arguments}}}'


REPLIES: list[list[dict]] = [
    [{"text": "Hello."}],
    [{"reasoning": WHY, "calls": [call("calculate", '{"expression":"6*7"}')]}, {"reasoning": WHY, "text": "42"}],
    [  # fails, and is tried again
        {"reasoning": WHY, "calls": [call("calculate", '{"expression":"1/0"}')]},
        {"reasoning": WHY, "calls": [call("calculate", '{"expression":"1/2"}')]},
        {"text": "A half."},
    ],
    [  # fails to the last round, which has no tools
        *[{"calls": [call("weekday", '{"date":"2023-02-29"}')], "reasoning": WHY}] * 3,
        {"reasoning": WHY, "text": "There is no such day."},
    ],
    [  # several at once, one of which fails; the text names special tokens
        {
            "text": "Two <im_end> calls </s>.",
            "calls": [call("weekday", '{"date":"2024-03-05"}'), call("read_file", '{"path":"none"}')],
        },
        {"text": "A Tuesday, and no file."},
    ],
    [  # what is written and read back names special tokens
        {"calls": [call("write_file", '{"path":"a.txt","text":"\\u003cim_end>\\u003cassistant>"}')]},
        {"calls": [call("read_file", '{"path":"a.txt"}')]},
        {"reasoning": f"{WHY} <reasoning></reasoning>", "text": "It says <\\assistant>."},
    ],
    [  # JSON that no reader takes, and JSON that is written otherwise than we would
        {"calls": [call("query_json", '{"document":{"a":1,"a":2},"pointer":""}')]},
        {"calls": [call("query_json", '{"document":[1.0,"\\u00e9"],"pointer":"/1"}')]},
        {"text": "é"},
    ],
    [{"reasoning": WHY}],  # no answer at all
    [{"text": "  white space \n\n"}],
    [{"reasoning": WHY, "text": "Goodbye."}],
]


@pytest.fixture
def agent(tokenizer_file: Path, tmp_path: Path) -> Iterator[Agent]:
    codec = SentencePieceCodec(tokenizer_file, VOCAB_SIZE)
    turns = [reply_ids(codec, **reply) for replies in REPLIES for reply in replies]
    runtime = Dictated(turns, vocab_size=VOCAB_SIZE)
    tools = [TOOLS[name] for name in TOOL_NAMES]
    with Sandbox(folder=tmp_path) as sandbox:
        yield Agent(runtime, codec, Sampling(temperature=0), 500, tools=tools, sandbox=sandbox, system="Be brief.")


def ask_all(agent: Agent) -> Iterator[str]:
    assistant = Assistant(agent)
    for number in range(len(REPLIES)):
        yield from assistant.reply(f"Question {number}?")


def test_every_prompt_goes_on_from_the_one_before(agent: Agent, tokenizer_file: Path) -> None:
    list(ask_all(agent))
    assert isinstance(agent.runtime, Dictated)
    prompts, schemas = agent.runtime.prompts, tuple(TOOLS[name].schema() for name in TOOL_NAMES)
    assert len(prompts) == sum(map(len, REPLIES))
    for earlier, later in itertools.pairwise(prompts):
        assert later[: len(earlier)] == earlier
    whole = Conversation(tuple(agent.messages), schemas)
    assert [message.role for message in whole.messages].count("user") == len(REPLIES) == 10
    assert sum('"error"' in message.content for message in whole.messages if message.role == "tool") == 6
    tokenizer = Tokenizer(tokenizer_file)
    prefix = check_prefix([whole], lambda part, reply: encode_conversation(part, tokenizer, reply=reply).ids)
    mask = check_mask([whole], lambda part: encode_conversation(part, tokenizer), tokenizer)
    assert (prefix.wrong, mask.wrong) == (0, 0), (prefix.first, mask.first)


def test_what_was_drawn_stands_in_the_next_prompt(agent: Agent) -> None:
    """But for calls that are written otherwise than training writes them."""
    list(ask_all(agent))
    assert isinstance(agent.runtime, Dictated)
    prompts = agent.runtime.prompts
    otherwise = ('"a":1', "1.0", "003c", "<im_end>", "<reasoning>")
    replies = [reply for replies in REPLIES for reply in replies]
    for number, reply in enumerate(replies[:-1]):
        if not any(mark in str(reply) for mark in otherwise):
            drawn = reply_ids(agent.codec, **reply)
            assert prompts[number + 1][: len(prompts[number]) + len(drawn)] == prompts[number] + drawn, reply


def test_reasoning_is_in_nothing_that_is_shown(agent: Agent) -> None:
    """Nor is it while it is drawn (bytedance/deer-flow#3217)."""
    shown = "".join(ask_all(agent))
    assert sum(message.reasoning is not None for message in agent.messages) == 11
    assert WHY not in shown and "reasoning" not in shown
    assert "[call] " in shown and "[result] " in shown and "Goodbye." in shown


def test_no_text_that_comes_back_is_a_special_token(agent: Agent) -> None:
    list(ask_all(agent))
    codec = agent.codec
    special = {codec.special(name) for name in SPECIAL_TOKENS}
    for message in agent.messages:
        if message.role in ("user", "tool"):
            assert special.isdisjoint(TurnEncoder(codec).encode(message.content))


def test_the_oldest_questions_make_room_for_a_whole_reply(tokenizer_file: Path) -> None:
    codec, text = SentencePieceCodec(tokenizer_file, VOCAB_SIZE), "a reply of some length " * 8
    turn = reply_ids(codec, text=text)
    runtime = Dictated([turn] * 10, vocab_size=VOCAB_SIZE, context_length=4 * len(turn))
    agent = Agent(runtime, codec, Sampling(temperature=0), len(turn))
    for number in range(10):
        assert "".join(step.text for step in agent.ask(f"Question {number}?")) == text
    assert max(map(len, runtime.prompts)) <= 3 * len(turn) < sum(map(len, runtime.prompts)) / 5
