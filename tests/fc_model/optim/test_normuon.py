"""NorMuon: an orthogonal step whose rows have one scale."""

import pytest
import torch
from torch import nn

from fc_model.optim import normuon
from fc_model.optim.normuon import NorMuon, orthogonalise


@pytest.mark.parametrize("bf16", [True, False])
@pytest.mark.parametrize("shape", [(32, 32), (32, 96), (96, 32)])
def test_singular_values_come_near_to_one(shape: tuple[int, int], bf16: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(normuon, "multiplies_bf16", lambda device: bf16)
    assert orthogonalise(torch.randn(1, *shape)).dtype == (torch.bfloat16 if bf16 else torch.float32)
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    found = orthogonalise(matrix.unsqueeze(0))[0].float()
    values = torch.linalg.svdvals(found)
    assert values.max() < 1.65
    assert values.min() > 0.35
    assert torch.nn.functional.cosine_similarity(found.flatten(), (left @ right).flatten(), dim=0) > 0.9


def test_rows_of_unequal_gradients_move_alike_and_the_size_stays() -> None:
    random = torch.Generator().manual_seed(0)
    matrix = nn.Parameter(torch.zeros(64, 16))
    optimizer = NorMuon([matrix], lr=0.5)
    gradient = torch.randn(64, 16, generator=random) * torch.logspace(-1, 1, 64).unsqueeze(1)
    matrix.grad = gradient
    optimizer.step()
    rows = matrix.detach().norm(dim=1)
    assert rows.std() / rows.mean() < 0.02
    plain = orthogonalise(gradient.unsqueeze(0))[0].float()
    assert plain.norm(dim=1).std() / plain.norm(dim=1).mean() > 0.2
    assert matrix.detach().norm() == pytest.approx(float(plain.norm()), rel=0.03)


def test_a_step_goes_against_the_gradient_and_weight_decay_shrinks() -> None:
    random = torch.Generator().manual_seed(0)
    matrix = nn.Parameter(torch.randn(8, 8, generator=random))
    before = matrix.detach().clone()
    matrix.grad = torch.zeros(8, 8)
    NorMuon([matrix], lr=0.1, weight_decay=0.5).step()
    assert torch.allclose(matrix, before * 0.95)
    matrix.grad = torch.randn(8, 8, generator=random)
    before = matrix.detach().clone()
    NorMuon([matrix], lr=0.1).step()
    assert ((matrix - before) * matrix.grad).sum() < 0


def test_matrices_are_updated_together_as_each_alone() -> None:
    random = torch.Generator().manual_seed(0)
    shapes = [(16, 48), (48, 16), (16, 48), (16, 16), (16, 48)]
    gradients = [torch.randn(shape, generator=random) for shape in shapes]
    together = [nn.Parameter(torch.zeros(shape)) for shape in shapes]
    alone = [nn.Parameter(torch.zeros(shape)) for shape in shapes]
    optimizers = [NorMuon(together, lr=1.0), *(NorMuon([matrix], lr=1.0) for matrix in alone)]
    for _ in range(2):
        for matrix, gradient in zip(together + alone, gradients * 2, strict=True):
            matrix.grad = gradient
        for optimizer in optimizers:
            optimizer.step()
    for one, other in zip(together, alone, strict=True):
        assert torch.allclose(one, other, atol=0.02), "to the rounding of bf16"
        assert one.norm() > 1


@pytest.mark.parametrize("size", [0.0, 1e-30, 1e30])
def test_a_matrix_stays_finite_whatever_the_size_of_its_gradient(size: float) -> None:
    """A zero one is that of a matrix behind one that starts at zero."""
    matrix = nn.Parameter(torch.ones(6, 4))
    optimizer = NorMuon([matrix], lr=0.1)
    for _ in range(3):
        matrix.grad = torch.full_like(matrix, size)
        optimizer.step()
        assert matrix.isfinite().all()
