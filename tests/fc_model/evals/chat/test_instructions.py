"""Instructions: an oracle that follows each scores 1, silence 0, and loose is never less than strict."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fc_model.evals.chat.instructions import (
    KINDS,
    Instruction,
    draw_instructions,
    instruction_prompt,
    variants,
)

TEXT = "The lighthouse keeper counts ships, and writes each name down before night."


def follow(*instructions: Instruction) -> str:
    """An answer that does what is asked."""
    words = ["plain", "answer", "about", "ships"]
    about = {one.kind: one.about for one in instructions}
    if "avoids" in about:
        words = [word for word in words if word != about["avoids"]]
    if (least := about.get("at_least_words")) is not None:
        words = words * int(least)
    if (word := about.get("starts_with")) is not None:
        words.insert(0, str(word))
    if (word := about.get("contains") or about.get("ends_with")) is not None:
        words.append(str(word))
    if "json_only" in about:
        return '{"answer": "ships"}'
    lines = int(about.get("bullets") or about.get("lines") or 1)
    text = [" ".join(words)] * lines
    return "\n".join(f"- {line}" for line in text) if "bullets" in about else "\n".join(text)


@pytest.mark.parametrize("seed", range(60))
def test_an_oracle_follows_all_that_is_drawn_and_silence_follows_none(seed: int) -> None:
    instructions = draw_instructions(Random(seed), TEXT)
    answer = follow(*instructions)
    for one in instructions:
        assert one.followed_by(answer) and one.loosely_followed_by(answer), (one, answer)
        for silence in ("", " \n", "***"[:0]):
            assert not one.followed_by(silence) and not one.loosely_followed_by(silence)
        assert one.wording in instruction_prompt(TEXT, instructions)


def test_every_kind_is_drawn() -> None:
    drawn = {one.kind for seed in range(300) for one in draw_instructions(Random(seed), TEXT)}
    assert drawn == set(KINDS)


@pytest.mark.parametrize(
    ("instruction", "text"),
    [
        (Instruction("at_least_words", 3), "only two"),
        (Instruction("at_most_words", 3), "these are four words"),
        (Instruction("contains", "art"), "a smart start"),  # https://github.com/modelscope/evalscope/pull/1755
        (Instruction("avoids", "ships"), "Ships!"),
        (Instruction("starts_with", "ship"), "ships ahoy"),
        (Instruction("ends_with", "ship"), "a friendship"),
        (Instruction("lower_case"), "Title case"),  # thinking-machines-lab/tinker-cookbook#899: case by the letters
        (Instruction("lower_case"), "1 2 3"),
        (Instruction("no_commas"), "a, b"),
        (Instruction("json_only"), 'Here it is: {"a": 1}'),
        (Instruction("json_only"), '{"a": NaN}'),
        (Instruction("json_only"), "5"),
        (Instruction("bullets", 2), "- a\n- b\n- c"),
        (Instruction("lines", 2), "a\n\n"),
    ],
)
def test_what_is_not_followed(instruction: Instruction, text: str) -> None:
    assert not instruction.followed_by(text)


@pytest.mark.parametrize("text", ["```json" + " " * 20_000 + "x", "\n" * 20_000 + "x", "- a" + "\n" * 20_000])
def test_white_space_without_end_costs_no_more_than_its_length(text: str) -> None:
    """Small models write it; an expression with several ways to match it would take hours."""
    for kind in ("json_only", "bullets"):
        assert not Instruction(kind, 2).loosely_followed_by(text)


def test_loose_forgives_a_first_line_and_asterisks() -> None:
    assert Instruction("json_only").loosely_followed_by('Sure:\n{"a": 1}')
    assert Instruction("starts_with", "ship").loosely_followed_by("**ship** ahoy")
    assert Instruction("json_only").followed_by('```json\n{"a": 1}\n```')
    assert len(variants("a\nb\nc")) == 8


@given(st.text(), st.integers(0, 10_000))
def test_loose_is_never_less_than_strict(text: str, seed: int) -> None:
    """allenai/olmo-eval#296: loose accuracy below strict, since the verifiers drew anew."""
    for one in draw_instructions(Random(seed), TEXT):
        assert one.loosely_followed_by(text) or not one.followed_by(text)


def test_an_unknown_kind_is_no_free_pass() -> None:
    """confident-ai/deepeval#3066: unknown instructions passed."""
    with pytest.raises(KeyError):
        Instruction("palindrome").followed_by("text")
