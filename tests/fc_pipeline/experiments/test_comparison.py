"""Differences and noise, against the textbook's sums and against chance."""

import numpy as np
import pytest

from fc_pipeline.experiments.comparison import compare


def test_sums_of_a_small_table_by_hand():
    compared, noise = compare({"baseline": [1.0, 1.2], "a": [1.1, 1.2], "b": [0.8, 1.1]}, baseline="baseline")
    assert compared["a"].differences == pytest.approx((0.1, 0.0))
    assert compared["a"].difference == pytest.approx(0.05)
    assert compared["a"].own_error == pytest.approx(0.05)
    assert compared["baseline"].deviation == pytest.approx(0.2 / np.sqrt(2))
    # Residuals after row and column means: baseline 0, a +-0.05, b -+0.05; 4 x 0.05^2 over (3 - 1)(2 - 1).
    assert noise.degrees == 2
    assert noise.standard_error == pytest.approx(np.sqrt(2 * 0.005 / 2))
    # Student's t at 1 - 0.025 / 2 for 2 degrees of freedom is 6.2053 (Abramowitz & Stegun, table 26.10).
    assert noise.limit == pytest.approx(6.2053 * noise.standard_error, rel=1e-4)
    assert compared["baseline"].verdict == "baseline" and compared["b"].verdict == "within the noise"


def test_what_a_seed_adds_to_all_variants_is_no_noise():
    _, quiet = compare({"baseline": [1.0, 2.0], "a": [1.5, 2.5]}, baseline="baseline")
    assert quiet.standard_error == pytest.approx(0, abs=1e-12)


def test_where_more_is_better_the_verdicts_turn_and_the_numbers_stay():
    values = {"baseline": [0.50, 0.51], "up": [0.70, 0.71], "down": [0.30, 0.31], "near": [0.5001, 0.5099]}
    less, noise = compare(values, baseline="baseline")
    more, same = compare(values, baseline="baseline", better="more")
    assert noise == same and noise.limit is not None and 0 < noise.limit < 0.1
    assert [less[name].verdict for name in values] == ["baseline", "worse", "better", "within the noise"]
    assert [more[name].verdict for name in values] == ["baseline", "better", "worse", "within the noise"]
    assert [more[name].difference for name in values] == [less[name].difference for name in values]


def test_one_seed_says_nothing_of_noise():
    compared, noise = compare({"baseline": [2.0], "a": [1.0]}, baseline="baseline")
    assert (noise.limit, noise.standard_error, noise.degrees) == (None, None, 0)
    assert compared["a"].verdict == "unknown noise" and compared["a"].deviation is None


def test_chance_alone_is_rarely_taken_for_an_effect():
    """At most 5% of whole experiments may name any variant, when all are alike; 3% to 5% by Bonferroni."""
    generator = np.random.default_rng(7)
    wrong = 0
    for _ in range(600):
        table = generator.normal(size=(7, 2)) + 10 * generator.normal(size=(1, 2))
        compared, _ = compare({name: row.tolist() for name, row in zip("xabcdef", table, strict=True)}, baseline="x")
        wrong += any(variant.verdict in ("better", "worse") for variant in compared.values())
    assert 0.005 < wrong / 600 < 0.07
