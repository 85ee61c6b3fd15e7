"""Templates as hassil and padatious have them, and templates that nobody could expand."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fc_pipeline.instructions.calls.sentences import BadTemplate, Slot, no_slots, parse, sentence, slots

RULES = {"the": "(the|my)", "turn": "(turn|switch)", "loop": "a <loop>", "double": "<the> <the>"}


def name(slot: Slot, random: Random) -> str:
    return f"{slot.list}={slot.name}"


def drawn(template: str, number: int = 60) -> set[str]:
    return {sentence(template, RULES, name, Random(seed)) for seed in range(number)}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("mute", {"mute"}),
        ("(a|b) c", {"a c", "b c"}),
        ("light[s]", {"light", "lights"}),
        ("[<the>] fan on", {"the fan on", "my fan on", "fan on"}),
        ("(on;now)", {"on now", "now on"}),
        ("set to {brightness}[([ ]%)| percent]", {
            "set to brightness=brightness", "set to brightness=brightness%", "set to brightness=brightness %",
            "set to brightness=brightness percent",
        }),
        ("{timer_hours:hours}( |-)hour[s]", {
            "timer_hours=hours hour", "timer_hours=hours hours", "timer_hours=hours-hour", "timer_hours=hours-hours",
        }),
        ("(a|)b", {"ab", "b"}),
        ("1 ((2|4) (3|)) 4", {"1 2 3 4", "1 2 4", "1 4 3 4", "1 4 4"}),
        ("is ([now];{lock_states:state}[ in <the>])", {
            f"is {words}" for state in ("lock_states=state", "lock_states=state in the", "lock_states=state in my")
            for words in (state, f"now {state}", f"{state} now")
        }),
        ("tell  me", {"tell me"}),
        ("what's the time?", {"what's the time?"}),
    ],
)  # fmt: skip
def test_sentences(template: str, expected: set[str]) -> None:
    assert drawn(template) == expected


def test_slots_and_whether_every_sentence_has_them() -> None:
    template = "{a} [{b:c}] ({d}|{e}) ({f};[now]) <inner>"
    assert list(slots(template, {"inner": "{g} <inner>"})) == [
        (Slot("a", "a"), True), (Slot("b", "c"), False), (Slot("d", "d"), False), (Slot("e", "e"), False),
        (Slot("f", "f"), True), (Slot("g", "g"), True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "template",
    [
        "(a",
        "a)",
        "[a)",
        "a]",
        "{a",
        "a}",
        "<a",
        "(a|b;c)",
        "",
        "[a][b][c]",
        "x" * 5000,
        "(" * 40 + ")" * 40,
        "<loop>",
        "<none>",
        "[" * 9000,
    ],
)
def test_what_is_no_template_is_refused(template: str) -> None:
    with pytest.raises(BadTemplate):
        for seed in range(40):
            sentence(template, RULES, name, Random(seed))


def test_billions_of_sentences_cost_one() -> None:
    assert len(sentence("(a|b|c) " * 400, {}, name, Random(0)).split()) == 400
    doubling = {f"r{n}": f"<r{n + 1}> <r{n + 1}>" for n in range(40)}
    for work in (lambda: sentence("<r0>", doubling, name, Random(0)), lambda: list(slots("<r0>", doubling))):
        with pytest.raises(BadTemplate):
            work()
    wide = {f"r{n}": f"<r{n + 1}>" * 500 for n in range(9)} | {"r9": "{a}"}
    with pytest.raises(BadTemplate, match="parts"):
        sentence("<r0>", wide, name, Random(0))
    with pytest.raises(BadTemplate, match="parts"):
        list(slots("<r0>", wide))


def test_values_have_no_slots() -> None:
    with pytest.raises(BadTemplate, match="stands in a value"):
        sentence("{a}", {}, no_slots, Random(0))


@given(st.text("ab (){}[]<>|;:", max_size=60), st.integers(0, 5))
def test_any_text_is_a_template_or_refused(text: str, seed: int) -> None:
    try:
        made = sentence(text, RULES, name, Random(seed))
    except BadTemplate:
        return
    assert made == " ".join(made.split()) and parse(text)
