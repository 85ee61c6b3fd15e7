"""The mixture: shares, order, repeats, and budgets that do not fit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from fc_model.errors import UserError
from fc_pipeline.tokens.mixture_config import MixtureConfig, shares
from fc_pipeline.tokens.pack_order import Mixture, mix, mix_error

DOMAINS = ["chat", "chess", "code", "data", "science"]


def corpus(seed: int, num_domains: int, longest: int) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Lengths and numbers of documents by domain; the numbers are dealt out over the domains."""
    generator = np.random.default_rng(seed)
    sizes = generator.integers(30, 200, size=num_domains)
    numbers = np.split(generator.permutation(sizes.sum()), np.cumsum(sizes)[:-1])
    domains = DOMAINS[:num_domains]
    lengths = {domain: generator.integers(1, longest, size=size) for domain, size in zip(domains, sizes, strict=True)}
    return lengths, dict(zip(domains, numbers, strict=True))


def of_order(mixture: Mixture, lengths: dict[str, np.ndarray], numbers: dict[str, np.ndarray]) -> tuple:
    """(domain index, length) of every document of the order."""
    domain, length = np.empty(10_000, dtype=int), np.empty(10_000, dtype=int)
    for index, name in enumerate(lengths):
        domain[numbers[name]], length[numbers[name]] = index, lengths[name]
    return domain[mixture.order], length[mixture.order]


@given(
    seed=st.integers(0, 10_000),
    weights=st.lists(st.floats(0.5, 50), min_size=1, max_size=5),
    tokens=st.integers(20_000, 60_000),
)
@settings(max_examples=150)
def test_shares_and_budget(seed: int, weights: list[float], tokens: int) -> None:
    longest = tokens // 200
    lengths, numbers = corpus(seed, len(weights), longest)
    wanted = dict(zip(DOMAINS, weights, strict=False))
    mixture = mix(lengths, numbers, weights=wanted, tokens=tokens, max_epochs=1e9, seed=seed)
    domain, length = of_order(mixture, lengths, numbers)
    assert mixture.tokens == {name: length[domain == index].sum() for index, name in enumerate(lengths)}
    assert mix_error(mixture.tokens, wanted) < 1
    assert abs(length.sum() - tokens) <= len(weights) * longest / 2
    # Every prefix: no domain is further off its share than by a document of each domain.
    total = np.cumsum(length)
    for index, name in enumerate(lengths):
        emitted = np.cumsum(np.where(domain == index, length, 0))
        assert np.abs(emitted - shares(wanted)[name] * total).max() <= (len(weights) + 1) * longest


def test_repeats() -> None:
    lengths, numbers = corpus(1, 2, 50)
    total = {name: int(values.sum()) for name, values in lengths.items()}
    wanted = {"chat": total["chat"] * 2.5, "chess": total["chess"] * 0.5}
    mixture = mix(lengths, numbers, weights=wanted, tokens=int(sum(wanted.values())), max_epochs=3, seed=0)
    chat = mixture.order[np.isin(mixture.order, numbers["chat"])]
    size = len(numbers["chat"])
    assert sorted(chat[:size]) == sorted(chat[size : 2 * size]) == sorted(numbers["chat"])
    assert not (chat[:size] == chat[size : 2 * size]).all()
    assert len(set(chat[2 * size :])) == len(chat) - 2 * size
    chess = mixture.order[np.isin(mixture.order, numbers["chess"])]
    assert len(set(chess)) == len(chess) < len(numbers["chess"])
    assert mixture.epochs["chat"] == pytest.approx(2.5, abs=0.02)
    assert mixture.epochs["chess"] == pytest.approx(0.5, abs=0.02)


def test_order_by_seed() -> None:
    lengths, numbers = corpus(2, 3, 50)
    settings = {"weights": {"chat": 1.0, "chess": 1.0, "code": 2.0}, "tokens": 3000, "max_epochs": 4.0}
    first = mix(lengths, numbers, **settings, seed=5).order
    backwards = dict(reversed(lengths.items()))
    assert (first == mix(backwards, numbers, **settings, seed=5).order).all()
    assert len(first) != len(other := mix(lengths, numbers, **settings, seed=6).order) or (first != other).any()


def test_later_split_goes_on() -> None:
    lengths, numbers = corpus(3, 2, 50)
    settings = {"max_epochs": 4.0, "seed": 0}
    half = int(lengths["chat"].sum()) // 2
    first = mix(lengths, numbers, weights={"chat": 1.0, "chess": 0.0}, tokens=half, **settings)
    later = mix(lengths, numbers, weights={"chat": 1.0, "chess": 1.0}, tokens=2 * half, taken=first.taken, **settings)
    chat = later.order[np.isin(later.order, numbers["chat"])]
    rest = len(numbers["chat"]) - len(first.order)
    assert not set(chat[:rest]) & set(first.order), "no document comes again before all have come"
    whole = mix(lengths, numbers, weights={"chat": 1.0}, tokens=2 * half, **settings)
    assert (
        np.concatenate([first.order, chat])[: len(whole.order)] == whole.order[: len(first.order) + len(chat)]
    ).all()
    assert later.epochs["chat"] == pytest.approx(1, abs=0.05)
    with pytest.raises(UserError, match="chat has"):
        mix(lengths, numbers, weights={"chat": 1.0}, tokens=half * 7, taken=later.taken, **settings)


def test_config_stage_domains() -> None:
    with pytest.raises(ValidationError, match=r"stages\.late: chess has no weight in mixture\.weights"):
        MixtureConfig(tokens=1000, weights={"code": 1}, stages={"late": {"weights": {"chess": 1}}})
    config = MixtureConfig(tokens=1000, weights={"code": 1, "chess": 0}, stages={"late": {"weights": {"chess": 1}}})
    assert config.domains == ["chess", "code"]
    assert (config.split_of("early"), config.split_of("late")) == ("train", "train-late")


def test_budget_too_large() -> None:
    lengths = {"chat": np.array([40, 60]), "code": np.array([5000])}
    numbers = {"chat": np.array([0, 1]), "code": np.array([2])}
    arguments = {"weights": {"chat": 20.0, "code": 80.0}, "max_epochs": 4.0, "seed": 0}
    mix(lengths, numbers, tokens=2000, **arguments)
    with pytest.raises(UserError, match=r"chat has 100 of 400; .* lower mixture\.tokens from 2,001 to 2,000 or less"):
        mix(lengths, numbers, tokens=2001, **arguments)
    with pytest.raises(UserError, match="chess has 0 of 1,000"):
        mix(lengths, numbers, tokens=2000, weights={"chess": 1, "code": 1}, max_epochs=4, seed=0)


@pytest.mark.parametrize("weights", [{}, {"code": 0}, {"code": -1, "chat": 2}, {"code": float("nan")}])
def test_config_bad_weights(weights: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        MixtureConfig(tokens=1000, weights=weights)
