"""Turns and whole dialogues of a model that knows them by heart, of silence, and of shuffled weights."""

import pytest
from factories.learnt_model import CALCULATE, PARALLEL, PRODUCT, SMALL_TALK, call, learn
from factories.tiny_exports import Exports

from fc_model.chat.encoding import encode_conversation
from fc_model.chat.messages import Conversation, Message, ToolCall
from fc_model.chat.text import SentencePieceCodec
from fc_model.evals.chat.calls import schemas_of
from fc_model.evals.chat.dialogues import dialogue_of, holds, play
from fc_model.evals.chat.replies import Speaker, Written, read_turn
from fc_model.evals.chat.turns import Scores, Turn, right_tools_chance, turn_scores, turns_of
from fc_model.evals.control import shuffle_weights
from fc_model.strict_json import to_json
from fc_model.tokenizer import Tokenizer
from fc_model.tools.sandbox import Sandbox

CONVERSATIONS = (PRODUCT, SMALL_TALK, PARALLEL)
TURNS = [turn for one in CONVERSATIONS for turn in turns_of(one, name="c", kinds=())]
SCHEMAS = schemas_of([CALCULATE])


@pytest.fixture(scope="module")
def speaker(exports: Exports) -> Speaker:
    model = learn(CONVERSATIONS, Tokenizer(exports.tokenizer_file))
    return Speaker(model, SentencePieceCodec(exports.tokenizer_file, model.config.vocab_size), 100)


def written(message: Message) -> Written:
    calls = tuple(to_json({"name": one.name, "arguments": one.arguments}) for one in message.tool_calls)
    return Written(text=message.content, calls=calls, ended=True)


def ask(speaker: Speaker, turn: Turn) -> tuple[Written, Written]:
    """(bounded, free)."""
    prompt = speaker.prompt(turn.before)
    assert prompt is not None
    (free,) = speaker.free([prompt])
    return speaker.bounded(prompt, free, speaker.form(turn.before)), free


def good(scores: Scores) -> set[float]:
    """Every value, turned so that 1 is good."""
    bad = ("missed_calls", "needless_calls")
    return {1 - value if name in bad else value for name, values in scores.items() for value in values}


def test_a_gold_oracle_is_right_everywhere() -> None:
    assert len(TURNS) == 4
    for turn in TURNS:
        assert good(turn_scores(turn, written(turn.expected), SCHEMAS)) == {1.0}


def test_silence_earns_nothing() -> None:
    for turn in TURNS:
        scores = turn_scores(turn, Written(), SCHEMAS)
        assert scores["valid_calls"] == []
        if turn.expected.tool_calls:
            assert good(scores) == {0.0}
        elif not turn.after_result:
            assert scores["declined"] == [0.0]


def test_a_needless_a_cut_and_a_forged_call() -> None:
    talk, product = TURNS[2], TURNS[0]
    assert turn_scores(talk, written(product.expected), SCHEMAS)["needless_calls"] == [1.0]
    assert turn_scores(talk, Written(calls=('{"na',)), SCHEMAS)["needless_calls"] == [1.0], "BFCL takes it for none"
    both = turn_scores(product, Written(calls=(*written(product.expected).calls, "{")), SCHEMAS)
    assert both["valid_calls"] == [1.0, 0.0] and both["exact_calls"] == [0.0]


def test_parallel_turns_stand_apart_and_have_a_chance() -> None:
    assert TURNS[3].kinds == ("parallel calls",) and right_tools_chance(TURNS[3]) == 1.0, "one tool leaves no choice"
    assert right_tools_chance(TURNS[2]) is None


def test_a_model_that_knows_them_by_heart(speaker: Speaker) -> None:
    for turn in TURNS:
        bounded, free = ask(speaker, turn)
        assert bounded == free and free.ended
        assert good(turn_scores(turn, bounded, SCHEMAS)) == {1.0}, bounded


def test_the_parts_of_a_turn_are_read_back(speaker: Speaker, exports: Exports) -> None:
    message = Message("assistant", "I </tool> \n é", "why <im_end>", (call('"</tool>" + 1'), call("2")))
    conversation = Conversation((Message("user", "?"), message), (CALCULATE,))
    encoded = encode_conversation(conversation, Tokenizer(exports.tokenizer_file))
    ids = [token for token, trained in zip(encoded.ids, encoded.trained, strict=True) if trained]
    turn = read_turn(ids, speaker.codec)
    assert (turn.text, turn.reasoning, turn.ended) == (message.content, message.reasoning, True)
    assert [one is not None for one in turn.calls] == [True, True]
    assert turn_scores(next(turns_of(conversation, name="c", kinds=())), turn, SCHEMAS)["exact_calls"] == [1.0]


def test_shuffled_weights_know_nothing_and_stay_in_the_format(exports: Exports, speaker: Speaker) -> None:
    model = learn(CONVERSATIONS[1:2], Tokenizer(exports.tokenizer_file), steps=1)
    shuffle_weights(model, seed=0)
    shuffled = Speaker(model, speaker.codec, 40)
    for turn in TURNS:
        bounded, free = ask(shuffled, turn)
        for reply in (bounded, free):
            scores = turn_scores(turn, reply, SCHEMAS)
            assert not turn.expected.tool_calls or good(
                {name: scores[name] for name in ("exact_calls", "ast_match")}
            ) == {0}
        assert len(bounded.ids) <= 40


def test_a_dialogue_with_the_real_tool(exports: Exports, speaker: Speaker) -> None:
    with Sandbox() as sandbox:
        dialogue = dialogue_of(PRODUCT, sandbox, name="c", kinds=())
        assert dialogue is not None and dialogue.expected == (42,)
        score, messages = play(speaker, dialogue, sandbox)
        assert score == 1.0 and [one["role"] for one in messages] == ["user", "assistant", "tool", "assistant"]
        mute = Speaker(learn((SMALL_TALK,), Tokenizer(exports.tokenizer_file), steps=1), speaker.codec, 8)
        shuffle_weights(mute.decoder, seed=1)
        assert play(mute, dialogue, sandbox)[0] == 0.0


def changed(result: str, answer: str, question: str = "What is 6 times 7?") -> Conversation:
    _, asked, _, _ = PRODUCT.messages
    return Conversation(
        (Message("user", question), asked, Message("tool", result), Message("assistant", answer)), (CALCULATE,)
    )


@pytest.mark.parametrize(
    "conversation",
    [
        SMALL_TALK,
        changed("43", "It is 43."),
        changed("42", "I know."),
        changed("42", "It is 42.", "Is it 42?"),
        changed("no JSON", "It is 42."),
        Conversation(
            (Message("user", "?"), Message("assistant", tool_calls=(ToolCall("other", {}),)), Message("tool", "1")),
            ({"type": "function", "function": {"name": "other"}},),
        ),
    ],
)
def test_dialogues_that_cannot_be_judged_are_not_asked(conversation: Conversation) -> None:
    with Sandbox() as sandbox:
        assert dialogue_of(conversation, sandbox, name="c", kinds=()) is None


@pytest.mark.parametrize(
    ("answer", "value", "expected"),
    [
        ("It is 1,234.50 euros.", 1234.5, True),
        ("It is 42.", 42, True),
        ("It is 42.0", 42, True),
        ("It is 142 or 42.5", 42, False),
        ("-3 degrees", -3, True),
        ("On 2026-11-30", "2026-11-30", True),
        ("the Smart one", "art", False),
        ("STRASSE", "Straße", True),
        ("", "a", False),
    ],
)
def test_what_an_answer_holds(answer: str, value: str | float, expected: bool) -> None:
    assert holds(answer, value) == expected
