"""What settings classes refuse, whatever they are of."""

import pytest
from pydantic import ValidationError

from fc_model.config.strict import Strict


class Inner(Strict):
    rate: float = 0.0


class Outer(Strict):
    count: int = 0
    limit: float | None = None
    weights: dict[str, float] | None = None
    seeds: list[int] | None = None
    pair: tuple[int, float] = (0, 0.0)
    flag: bool = False
    either: bool | int = 0
    inner: Inner = Inner()
    parts: dict[str, Inner] | None = None


@pytest.mark.parametrize(
    ("values", "place"),
    [
        ({"count": True}, ("count",)),
        ({"limit": False}, ("limit",)),
        ({"weights": {"a": 1, "b": True}}, ("weights",)),
        ({"seeds": [1, False]}, ("seeds",)),
        ({"pair": [1, True]}, ("pair",)),
        ({"inner": {"rate": True}}, ("inner", "rate")),
        ({"parts": {"x": {"rate": False}}}, ("parts", "x", "rate")),
    ],
)
def test_truth_for_a_number(values, place):
    with pytest.raises(ValidationError, match="are no numbers: write the number") as caught:
        Outer.model_validate(values)
    (error,) = caught.value.errors()
    assert error["loc"] == place


def test_values():
    read = Outer.model_validate(
        {"count": "3", "limit": "1e-3", "flag": True, "either": True, "seeds": [1], "pair": [1, 2]}
    )
    assert (read.count, read.limit, read.flag, read.either, read.seeds) == (3, 0.001, True, True, [1])


@pytest.mark.parametrize("values", [{"cuont": 1}, {"limit": float("nan")}, {"limit": "inf"}])
def test_refused(values):
    with pytest.raises(ValidationError):
        Outer.model_validate(values)
