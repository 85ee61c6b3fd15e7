"""Why an instruction, or a reply, that a model wrote is dropped; each returns the reason, or None."""

from typing import NamedTuple

from fc_model.evals.chat.pairwise import LOOP
from fc_model.evals.samples import repetition
from fc_pipeline.self_instruct.config import SelfInstructConfig
from fc_pipeline.self_instruct.rouge import Pool, words_of


class Draft(NamedTuple):
    """A text as it was written.

    Attributes:
        text: None for bytes that are no UTF-8.
        ended: whether the model ended it by itself.
        control: whether a special token stands in it.
    """

    text: str | None
    ended: bool
    control: bool


def instruction_fault(draft: Draft, config: SelfInstructConfig, pool: Pool) -> str | None:
    """Form, length, keywords, loops, and likeness to an instruction that there is."""
    if (fault := _form_fault(draft)) is not None:
        return f"{fault}_instruction"
    text = draft.text or ""
    if not text[0].isalnum():
        return "odd_start"
    words = words_of(text)
    if len(words) < config.least_words:
        return "short_instruction"
    if len(words) > config.most_words:
        return "long_instruction"
    if not set(words).isdisjoint(config.keywords):
        return "keyword"
    if is_loop(text):
        return "instruction_loop"
    return "similar" if pool.has_similar(text, config.max_similarity) else None


def reply_fault(draft: Draft, instruction: str) -> str | None:
    """Form, loops, and what only repeats the instruction."""
    if (fault := _form_fault(draft)) is not None:
        return f"{fault}_reply"
    text = draft.text or ""
    if is_loop(text):
        return "reply_loop"
    return "echo" if words_of(text) == words_of(instruction) else None


def is_loop(text: str) -> bool:
    """Whether at least LOOP of its runs of four words, or of what stands between spaces, stood in it before."""
    numbers: dict[str, int] = {}
    runs = ([numbers.setdefault(word, len(numbers)) for word in words] for words in (words_of(text), text.split()))
    return any(repetition([run]) >= LOOP for run in runs)


def _form_fault(draft: Draft) -> str | None:
    if draft.control:
        return "special_token_in"
    if not draft.ended:
        return "unfinished"
    if draft.text is None or "\0" in draft.text:
        return "unreadable"
    return None if draft.text else "empty"
