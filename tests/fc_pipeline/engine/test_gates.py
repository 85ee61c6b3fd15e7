"""A gate passes only with a recorded verdict on the same bounds and a finite metric within them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fc_model.errors import UserError
from fc_pipeline.engine.gates import Gate, judge, require_passed

GATE = Gate(artifact="score", metric="documents", min=2, max=5)


@given(value=st.floats() | st.integers(-10, 10), low=st.none() | st.floats(-5, 5), high=st.none() | st.floats(-5, 5))
def test_verdict(value, low, high):
    if low is None and high is None:
        with pytest.raises(ValueError, match="neither min nor max"):
            Gate(artifact="x", metric="m", min=low, max=high)
        return
    verdict = Gate(artifact="x", metric="m", min=low, max=high).verdict({"m": value})
    inside = (low is None or value >= low) and (high is None or value <= high)
    assert verdict["passed"] is (math.isfinite(value) and inside)
    assert verdict["value"] == (value if math.isfinite(value) else None)


def test_missing_metric_fails():
    verdict = {"name": "score.documents", "metric": "documents", "value": None, "min": 2, "max": 5, "why": ""}
    assert judge({}, [GATE]) == [verdict | {"passed": False, "waived": None}]


@pytest.mark.parametrize("field", [{"minimum": 3}, {"track": "nano"}], ids=["unknown", "not for the file to set"])
def test_field_refused(field):
    with pytest.raises(ValueError, match=next(iter(field))):
        Gate(artifact="x", metric="m", min=1, **field)


@pytest.fixture
def artifact(toy):
    """Four documents, judged by the gates of the toy project: at least 2."""
    toy.build()
    return toy.present("toy/score")


OTHER = [{"metric": "documents", "min": 3}, {"metric": "length", "min": 2}, {"metric": "documents", "min": 2, "max": 9}]


@pytest.mark.parametrize("gate", OTHER, ids=["other bound", "other metric", "further bound"])
def test_no_verdict_on_these_bounds(artifact, gate):
    named = rf"toy/report cannot go on from toy/score: gate score.{gate['metric']} has no verdict"
    with pytest.raises(UserError, match=f"{named}: materialize toy/score again"):
        require_passed(artifact, [Gate(artifact="score", **gate)], for_key="toy/report")
