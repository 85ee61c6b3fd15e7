from collections.abc import Callable
from typing import Any

import pytest

from fc_pipeline.formatting import (
    amount,
    columns,
    count,
    duration,
    markdown_table,
    percent,
    size,
    training_progress,
    visible,
)


@pytest.mark.parametrize(
    ("shown", "texts"),
    [
        (amount, {1_234_567: "1,234,567", 2.30649: "2.306", 12345.6: "12,346", 1.057e15: "1.057e+15", None: "–"}),
        (count, {416_154_624: "416.2M", 3e9: "3B", 20_000: "20k", 9_999: "9999", -2.5e6: "-2.5M", 0.25: "0.25"}),
        (size, {0: "0 B", 999: "999 B", 1_234_567_890: "1.2 GB", 5e15: "5000.0 TB", None: "–"}),
        (duration, {59.94: "59.9 s", 59.96: "1 min 0 s", 725: "12 min 5 s", 7800: "2 h 10 min", None: "–"}),
        (percent, {0.1234: "12.3%", None: "–"}),
    ],
)
def test_figures(shown: Callable[[Any], str], texts: dict[float | None, str]) -> None:
    assert {value: shown(value) for value in texts} == texts


def test_columns_are_aligned_and_end_without_spaces() -> None:
    assert columns([["a", "bb", ""], ["aaa", "b", "c"]]) == ["a    bb", "aaa  b   c"]
    assert columns([]) == []


def test_cells_cannot_break_a_markdown_table() -> None:
    assert markdown_table(["a", "b"], [["x|y\nz`<b>", 1234]]) == "| a | b |\n| --- | --- |\n| x\\|y z'&lt;b> | 1,234 |"


def test_training_progress_has_what_is_known() -> None:
    metrics = {"step": 1200, "steps": 4000, "loss": 3.4119, "tokens_per_second": 12345.6, "eta_seconds": 65}
    assert training_progress(metrics) == "step 1,200/4,000  loss 3.412  12,346 tokens/s  1 min 5 s left"
    assert training_progress({"step": 7, "loss": None}) == "step 7"
    assert training_progress({}) == ""


def test_text_of_others_is_one_visible_line() -> None:
    assert visible("Größe 日本 שלום 😀") == "Größe 日本 שלום 😀"
    assert visible("a\x1b[31m\x9b\u202eb\n\u2028c\ud800") == r"a\x1b[31m\x9b\u202eb\n\u2028c\ud800"
