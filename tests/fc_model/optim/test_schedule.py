"""Learning rate over the steps: hand-worked points."""

from typing import Any

import pytest

from fc_model.config.stage import ScheduleConfig, StageConfig
from fc_model.optim.schedule import lr_factor


def stage(steps: int, **schedule: Any) -> StageConfig:
    return StageConfig(name="a", steps=steps, seq_len=8, batch_tokens=8, lr=1.0, schedule=ScheduleConfig(**schedule))


def test_cosine() -> None:
    config = stage(111, kind="cosine", warmup_steps=10, min_lr_ratio=0.2)
    assert [lr_factor(step, config) for step in (0, 4, 9)] == pytest.approx([0.1, 0.5, 1.0])
    assert lr_factor(10, config) == pytest.approx(1.0)
    assert lr_factor(60, config) == pytest.approx(0.6)
    assert lr_factor(110, config) == pytest.approx(0.2)


def test_wsd_is_1_80_19() -> None:
    config = stage(1000, kind="wsd", min_lr_ratio=0.0, decay_shape="linear")
    factors = [lr_factor(step, config) for step in range(1000)]
    assert factors[9] == 1.0
    assert set(factors[9:810]) == {1.0}
    assert factors[810] == pytest.approx(1 - 1 / 190)
    assert factors[904] == pytest.approx(0.5)
    assert factors[999] == pytest.approx(0.0)


def test_wsd_sqrt_falls_faster_at_first() -> None:
    config = stage(100, kind="wsd", min_lr_ratio=0.1, decay_shape="sqrt", decay_fraction=0.16)
    assert lr_factor(87, config) == pytest.approx(1 - 0.9 * 0.5)
    assert lr_factor(99, config) == pytest.approx(0.1)


@pytest.mark.parametrize("kind", ["cosine", "wsd"])
@pytest.mark.parametrize("steps", [1, 2, 3, 17])
def test_short_stages_stay_in_range(kind: str, steps: int) -> None:
    warmup = {"warmup_steps": 0} if steps < 3 else {}
    config = stage(steps, kind=kind, **warmup)
    assert all(0 < lr_factor(step, config) <= 1 for step in range(steps))
