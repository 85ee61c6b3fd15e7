"""Why a text is dropped."""

import pytest

from fc_pipeline.self_instruct.config import SelfInstructConfig
from fc_pipeline.self_instruct.filters import Draft, instruction_fault, reply_fault
from fc_pipeline.self_instruct.rouge import Pool

POOL = Pool(["Tell me a joke about the sea."])
LOOP = "blue and green and " * 10


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Name three fish of cold water.", None),
        ("Nenne drei Fische für Anfänger.", None),
        ("", "empty_instruction"),
        ("Name a fish.", "short_instruction"),
        ("word " * 151, "long_instruction"),
        (": name three fish of cold water", "odd_start"),
        ("Draw three fish of cold water.", "keyword"),
        ("Describe the FILES, one by one.", "keyword"),
        ("Describe a drawbridge and its profile.", None),
        (LOOP, "instruction_loop"),
        ("Tell me a joke about the moon.", "similar"),
        ("写一首关于海的诗", None),
        ("写诗", "short_instruction"),
        ("写一首诗再写一首诗再写一首诗再写一首诗再写一首诗", "instruction_loop"),
        ("Name three\0 fish of cold water.", "unreadable_instruction"),
    ],
)
def test_instructions(text: str, reason: str | None) -> None:
    assert instruction_fault(Draft(text, ended=True, control=False), SelfInstructConfig(), POOL) == reason


@pytest.mark.parametrize(
    ("draft", "reason"),
    [
        (Draft("Cod.", ended=True, control=False), None),
        (Draft("Cod", ended=False, control=False), "unfinished_reply"),
        (Draft("Cod", ended=False, control=True), "special_token_in_reply"),
        (Draft("Cod", ended=True, control=True), "special_token_in_reply"),
        (Draft(None, ended=True, control=False), "unreadable_reply"),
        (Draft("", ended=True, control=False), "empty_reply"),
        (Draft(LOOP, ended=True, control=False), "reply_loop"),
        (Draft("name a fish", ended=True, control=False), "echo"),
    ],
)
def test_replies(draft: Draft, reason: str | None) -> None:
    assert reply_fault(draft, "Name a fish!") == reason
