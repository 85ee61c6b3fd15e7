"""One optimizer step: accumulation, memory that runs out, guard, clipping, document mask, averages, golden losses."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from factories.text_stage import MODEL, STAGE, VOCAB
from torch import Tensor

from fc_model.config.model import ModelConfig
from fc_model.config.stage import StageConfig
from fc_model.data.token_shards import Shards
from fc_model.data.windows import Batch, TrainBatches
from fc_model.errors import UserError
from fc_model.model.decoder import Decoder
from fc_model.model.loss import IGNORE
from fc_model.seed import seed_torch
from fc_model.train.objective import TextObjective
from fc_model.train.state import TrainState
from fc_model.train.train_step import StepResult, TrainStep

GOLDEN = Path(__file__).parent / "golden_losses.txt"
CPU = torch.device("cpu")


def train_step(
    *, dtype: torch.dtype | None = None, dropout: float = 0.0, zero_init_outputs: bool = True, **stage: Any
) -> TrainStep:
    torch.set_num_threads(1)
    seed_torch(0, "weights")
    decoder = Decoder(ModelConfig(**MODEL | {"dropout": dropout, "zero_init_outputs": zero_init_outputs}))
    return TrainStep(TextObjective(decoder), StageConfig(**STAGE | stage), device=CPU, dtype=dtype)


def weights(one: TrainStep) -> dict[str, Tensor]:
    return {name: parameter.detach().clone() for name, parameter in one.model.named_parameters()}


def batch_of(one: TrainStep, shards: Path, number: int = 0) -> Batch:
    return TrainBatches(Shards(shards), one.stage)(number)


@pytest.mark.parametrize("micro_batch", [1, 2, 3])
def test_accumulation_equals_one_big_batch(shards: Path, micro_batch: int) -> None:
    whole, parts = train_step(), train_step()
    first = whole(batch_of(whole, shards), TrainState(micro_batch=4))
    second = parts(batch_of(parts, shards), TrainState(micro_batch=micro_batch))
    assert second.loss == pytest.approx(first.loss, rel=1e-6)
    assert second.grad_norm == pytest.approx(first.grad_norm, rel=1e-5)


def run_out_above(one: TrainStep, limit: int, monkeypatch: pytest.MonkeyPatch, error: Exception) -> list[int]:
    """Let the decoder's loss run out of memory above `limit` windows; returns the sizes that were tried."""
    tried: list[int] = []
    real = one.model.loss

    def limited(ids_BT: Tensor, *rest: Any, **named: Any) -> Tensor:
        tried.append(len(ids_BT))
        if len(ids_BT) > limit:
            raise error
        return real(ids_BT, *rest, **named)

    monkeypatch.setattr(one.model, "loss", limited)
    return tried


@pytest.mark.parametrize(
    "error",
    [torch.OutOfMemoryError("CUDA out of memory"), RuntimeError("DefaultCPUAllocator: can't allocate memory: 12")],
)
def test_out_of_memory_halves_and_keeps_the_batch(
    shards: Path, error: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    one, reference = train_step(), train_step()
    tried = run_out_above(one, 1, monkeypatch, error)
    state = TrainState(micro_batch=4)
    with caplog.at_level(logging.WARNING):
        outcome = one(batch_of(one, shards), state)
    assert tried == [4, 2, 1, 1, 1, 1]
    assert state.micro_batch == 1
    assert "micro-batches of 1 windows" in caplog.text
    expected = reference(batch_of(reference, shards), TrainState(micro_batch=1))
    assert outcome == expected
    for name, weight in weights(reference).items():
        assert torch.equal(weights(one)[name], weight)


def test_no_memory_for_one_window_names_the_mend(shards: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = train_step()
    run_out_above(one, 0, monkeypatch, torch.OutOfMemoryError("no"))
    with pytest.raises(UserError, match="one window of 32 tokens: lower seq_len, set gradient_checkpointing"):
        one(batch_of(one, shards), TrainState(micro_batch=2))


def test_other_errors_pass(shards: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = train_step()
    run_out_above(one, 0, monkeypatch, RuntimeError("shape mismatch"))
    with pytest.raises(RuntimeError, match="shape mismatch"):
        one(batch_of(one, shards), TrainState(micro_batch=2))


@pytest.mark.parametrize("where", ["loss", "gradient", "weight"])
def test_non_finite_changes_nothing(shards: Path, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    one = train_step()
    one(batch_of(one, shards), TrainState(step=0, micro_batch=4))
    parameter = one.model.norm.weight
    if where == "loss":
        real = one.model.loss
        monkeypatch.setattr(one.model, "loss", lambda *rest, **named: real(*rest, **named) * float("inf"))
    elif where == "gradient":
        parameter.register_hook(lambda gradient: gradient * float("nan"))
    else:
        parameter.data[0] = float("nan")
    before = weights(one)
    moments = {name: tensor.clone() for name, tensor in one.optimizer.tensors().items()}
    averages = {name: tensor.clone() for name, tensor in one.ema.tensors().items()}
    outcome = one(batch_of(one, shards, 1), TrainState(step=1, micro_batch=4))
    assert not outcome.applied
    for kept, now in (
        (before, weights(one)), (moments, one.optimizer.tensors()), (averages, one.ema.tensors())
    ):  # fmt: skip
        for name in kept:
            assert torch.equal(kept[name].nan_to_num(), now[name].nan_to_num()), name
    assert all(parameter.grad is None for parameter in one.model.parameters())


def test_bf16_keeps_fp32_weights_and_moments(shards: Path) -> None:
    low, full = train_step(dtype=torch.bfloat16), train_step()
    one = low(batch_of(low, shards), TrainState(micro_batch=4))
    other = full(batch_of(full, shards), TrainState(micro_batch=4))
    assert one.loss == pytest.approx(other.loss, rel=1e-2)
    assert {tensor.dtype for tensor in low.optimizer.tensors().values()} == {torch.float32}
    assert {parameter.dtype for parameter in low.model.parameters()} == {torch.float32}


def test_fp16_scales_the_loss(shards: Path) -> None:
    one = train_step(dtype=torch.float16)
    state = TrainState(micro_batch=4, loss_scale=one.first_scale())
    outcome = one(batch_of(one, shards), state)
    reference = train_step()(batch_of(one, shards), TrainState(micro_batch=4))
    assert outcome.grad_norm == pytest.approx(reference.grad_norm, rel=2e-2)
    state.loss_scale = 2.0**40  # overflows fp16 gradients
    assert not one(batch_of(one, shards), state).applied
    assert state.loss_scale == 2.0**39


def test_dropout_depends_on_the_step_alone(shards: Path) -> None:
    one, other = train_step(dropout=0.3), train_step(dropout=0.3)
    torch.manual_seed(99)
    first = one(batch_of(one, shards), TrainState(step=3, micro_batch=2))
    torch.manual_seed(1)
    assert other(batch_of(other, shards), TrainState(step=3, micro_batch=2)) == first


def test_average_by_hand() -> None:
    one = train_step(ema_decay=0.5)
    name, parameter = next(iter(one.model.named_parameters()))
    start = parameter.detach().clone()
    with torch.no_grad():
        parameter.add_(1)
    one.ema.update(0)  # decay min(0.5, 1 / 10)
    assert torch.allclose(one.ema.tensors()[name], start + 0.9)
    one.ema.update(100)  # decay min(0.5, 101 / 110)
    assert torch.allclose(one.ema.tensors()[name], start + 0.95)
    now = weights(one)
    one.ema.swap()
    assert torch.allclose(parameter, start + 0.95)
    one.ema.swap()
    assert all(torch.equal(weights(one)[key], now[key]) for key in now)


def step_and_gradient(
    one: TrainStep, batch: Batch, state: TrainState, monkeypatch: pytest.MonkeyPatch
) -> tuple[StepResult, Tensor]:
    """What a step did, and the whole gradient as the optimizer was handed it, in one row."""
    handed: list[Tensor] = []
    real = one.optimizer.step

    def step(lr_factor: float) -> None:
        gradients = [parameter.grad for parameter in one.model.parameters() if parameter.grad is not None]
        handed.append(torch.cat([gradient.flatten() for gradient in gradients]))
        real(lr_factor)

    monkeypatch.setattr(one.optimizer, "step", step)
    outcome = one(batch, state)
    (gradient,) = handed
    return outcome, gradient


@pytest.mark.parametrize("loss_scale", [1.0, 1024.0])
@pytest.mark.parametrize("micro_batch", [2, 4])
def test_the_gradient_is_clipped_where_it_is_longer(
    shards: Path, micro_batch: int, loss_scale: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    def clipped_at(clip_norm: float | None) -> tuple[StepResult, Tensor]:
        one = train_step(clip_norm=clip_norm)
        state = TrainState(micro_batch=micro_batch, loss_scale=loss_scale)
        return step_and_gradient(one, batch_of(one, shards), state, monkeypatch)

    free, whole = clipped_at(None)
    norm = float(whole.norm())
    assert free.grad_norm == pytest.approx(norm, rel=1e-5)
    above, short = clipped_at(norm / 8)
    assert float(short.norm()) == pytest.approx(norm / 8, rel=1e-4)
    torch.testing.assert_close(short, whole / 8, rtol=1e-4, atol=1e-7)
    assert above.grad_norm == pytest.approx(norm, rel=1e-5), "the one before clipping is reported"
    _, same = clipped_at(norm * 8)
    torch.testing.assert_close(same, whole, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("dtype", [None, torch.bfloat16])
def test_a_document_learns_nothing_from_those_before_it(
    shards: Path, dtype: torch.dtype | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other tokens in the earlier documents of each window: the loss and gradient of the last document stay."""

    def last_documents(*, other: bool, document_mask: bool) -> tuple[float, Tensor]:
        # Outputs that start at zero would hide the attention from the first loss.
        one = train_step(dtype=dtype, zero_init_outputs=False, document_mask=document_mask)
        batch = batch_of(one, shards)
        document_BT = TrainBatches(Shards(shards), StageConfig(**STAGE))(0).document_BT
        assert document_BT is not None
        earlier_BT = document_BT != document_BT[:, -1:]
        assert earlier_BT.any()
        ids_BT = batch.ids_BT.where(~earlier_BT, batch.ids_BT % (VOCAB - 4) + 4) if other else batch.ids_BT
        targets_BT = batch.targets_BT.masked_fill(earlier_BT, IGNORE)
        batch = Batch(ids_BT, targets_BT, batch.document_BT)
        outcome, gradient = step_and_gradient(one, batch, TrainState(micro_batch=2), monkeypatch)
        return outcome.loss, gradient

    loss, gradient = last_documents(other=False, document_mask=True)
    other_loss, other_gradient = last_documents(other=True, document_mask=True)
    assert other_loss == pytest.approx(loss, rel=1e-6)
    torch.testing.assert_close(other_gradient, gradient, rtol=1e-4, atol=1e-6)
    loss, _ = last_documents(other=False, document_mask=False)
    other_loss, _ = last_documents(other=True, document_mask=False)
    assert other_loss != pytest.approx(loss, rel=1e-3), "without the mask they count"


@pytest.fixture
def double(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """fp64 where the code asks for no type, and in place of Muon's bf16; dropout drawn as integers.

    Processors differ in the last bit of a sum, which rounding to bf16 makes a part in a thousand. Dropout is drawn by
    MKL where torch has it.
    """

    def dropout(x: Tensor, p: float, training: bool, inplace: bool) -> Tensor:
        return x * (torch.randint(1000, x.shape) >= 1000 * p) / (1 - p) if training else x

    monkeypatch.setattr(torch.Tensor, "bfloat16", torch.Tensor.double)
    monkeypatch.setattr(torch.nn.functional, "dropout", dropout)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.usefixtures("double")
def test_golden_losses(shards: Path) -> None:
    """The first 20 losses of a fixed run: whoever changes the arithmetic sees it here, on every processor.

    The losses agree to 1.5e-7 without vector instructions and with AVX2, on one thread and two, on each path of MKL;
    fp32 remains in the sum of the loss and in the angles of RoPE. Weights changed by a part in 1e7 do no more.
    """
    one, batches = train_step(dropout=0.1), TrainBatches(Shards(shards), StageConfig(**STAGE))
    losses = [one(batches(step), TrainState(step=step, micro_batch=4)).loss for step in range(20)]
    expected = [float(line) for line in GOLDEN.read_text("utf-8").split()]
    assert losses == pytest.approx(expected, rel=1e-5)
