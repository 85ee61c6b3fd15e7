"""What a machine can reach."""

from types import SimpleNamespace

import pytest
import torch

from fc_model import device


@pytest.mark.parametrize(
    ("clock", "seconds"),
    [
        # Start; begin and end of a product, and a look at the time that is left, for each product.
        ([0.0, 1.0, 1.5, 2.0, 2.0, 2.25, 3.0, 3.0, 4.0, 9.0], 5.0),
        ([0.0, 1.0, 1.25, 2.0], 0.0),
    ],
    ids=["best of three", "one product however slow the machine is"],
)
def test_the_rate_is_that_of_the_fastest_product(
    clock: list[float], seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = iter(clock)
    monkeypatch.setattr(device, "time", SimpleNamespace(perf_counter=lambda: next(ticks)))
    measure = device.gemm_flops.__wrapped__  # without the cache
    assert measure(torch.device("cpu"), torch.float32, size=8, seconds=seconds) == 2 * 8**3 / 0.25
    assert next(ticks, None) is None, "every product was timed"
