"""Comparisons of two replies: by rules, in both orders, and as shares with their intervals."""

from itertools import product

import pytest

from fc_model.evals.chat.figures import ALL, Tally, rows_of
from fc_model.evals.chat.instructions import Instruction
from fc_model.evals.chat.pairwise import Prompt, Verdict, both_orders, judge_by_rules, points, verdict_shares
from fc_model.evals.chat.replies import Written

PROMPT = Prompt(id="p", text="Say it. Do not use any commas.", instructions=(Instruction("no_commas"),))
WHOLE = Written(text="a plain answer", ended=True)
RANKED = [
    WHOLE,
    Written(text="a plain answer that was cut"),
    Written(text="well, " + "round and round we go " * 9),
]


def test_the_rules_rank_whole_cut_looping_and_silent_replies() -> None:
    silent = Written(ended=True)
    assert [points(PROMPT, reply) for reply in (*RANKED, silent)] == [3, 2, 0, 0]
    assert judge_by_rules(PROMPT, RANKED[0], RANKED[1]) == "first"
    assert judge_by_rules(PROMPT, RANKED[1], RANKED[0]) == "second"
    assert judge_by_rules(PROMPT, WHOLE, WHOLE) == "tie"


@pytest.mark.parametrize(
    ("forward", "backward", "verdict"),
    [
        ("first", "second", "first"),
        ("second", "first", "second"),
        ("tie", "tie", "tie"),
        ("first", "first", "tie"),  # it prefers a place
        ("second", "tie", "tie"),
    ],
)
def test_a_disagreement_of_the_orders_is_a_tie(forward: Verdict, backward: Verdict, verdict: Verdict) -> None:
    assert both_orders(forward, backward) == verdict


def test_both_orders_by_rules_agree() -> None:
    for first, second in product(RANKED, RANKED):
        verdict = judge_by_rules(PROMPT, first, second)
        assert both_orders(verdict, judge_by_rules(PROMPT, second, first)) == verdict


def test_shares_count_ties_apart_and_have_intervals() -> None:
    tally = Tally()
    tally.add(verdict_shares(["first", "tie", "second", "first"]))
    rows = {row["score"]: row for row in rows_of("win_rate", tally, seed=0, chance=Tally({("wins", ALL): [0.5]}))}
    assert {name: (row["items"], row["value"]) for name, row in rows.items()} == {
        "wins": (4, 0.5),
        "losses": (4, 0.25),
        "ties": (4, 0.25),
        "wins_of_decided": (3, pytest.approx(2 / 3)),
    }
    assert all(0 <= row["low"] <= row["value"] <= row["high"] <= 1 for row in rows.values())
    assert rows["wins"]["chance"] == 0.5 and rows["ties"]["chance"] is None and rows["wins"]["random"] is None


def test_a_score_without_items_has_no_row() -> None:
    tally = Tally()
    tally.add(verdict_shares(["tie", "tie"]))
    assert "wins_of_decided" not in {row["score"] for row in rows_of("win_rate", tally, seed=0)}
