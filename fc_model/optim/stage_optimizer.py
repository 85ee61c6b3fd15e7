"""Optimizers of a stage: parameter groups, learning rates, and their state as named tensors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import AdamW, Muon, Optimizer

from fc_model.config.stage import StageConfig
from fc_model.errors import UserError
from fc_model.optim.normuon import NorMuon


class StageOptimizer:
    """AdamW on everything, or Muon or NorMuon on the matrices of the blocks and AdamW on the rest, as one optimizer.

    Groups of AdamW: embedding, head, matrices (none of them beside Muon) and vectors, and of what sees matrices and the
    rest; no weight decay on vectors.
    Muon after Jordan et al. 2024, in torch's implementation; NorMuon in fc_model.optim.normuon.
    """

    def __init__(self, model: nn.Module, stage: StageConfig) -> None:
        config = stage.optimizer
        groups = parameter_groups(model)
        self._names: dict[Tensor, str] = {parameter: name for name, parameter in model.named_parameters()}
        peaks = {
            "embedding": config.embedding_lr,
            "head": config.head_lr,
            "vision_matrices": config.vision_lr,
            "vision_vectors": config.vision_lr,
        }
        self.optimizers: list[Optimizer] = []
        if config.kind != "adamw":
            matrix_optimizer = NorMuon if config.kind == "normuon" else Muon
            peak = config.muon_lr or stage.lr
            matrices: list[dict[str, Any]] = [{"params": groups.pop("matrices"), "lr": peak}]
            if vision := groups.pop("vision_matrices"):
                matrices.append({"params": vision, "lr": config.vision_muon_lr or peak})
            self.optimizers.append(
                matrix_optimizer(
                    matrices, lr=peak, momentum=config.muon_momentum, weight_decay=config.muon_weight_decay
                )
            )
        self.optimizers.append(
            AdamW(
                [
                    {
                        "params": parameters,
                        "lr": peaks.get(name) or stage.lr,
                        "weight_decay": 0.0 if name.endswith("vectors") else config.weight_decay,
                    }
                    for name, parameters in groups.items()
                    if parameters
                ],
                betas=config.betas,
                eps=config.eps,
                fused=True,
            )
        )
        for group in self._groups():
            group["peak_lr"] = group["lr"]

    def step(self, lr_factor: float) -> None:
        """Update the weights from their gradients at `lr_factor` of the peak learning rates, and drop the gradients."""
        for group in self._groups():
            group["lr"] = group["peak_lr"] * lr_factor
        for optimizer in self.optimizers:
            optimizer.step()
        self.zero_grad()

    def zero_grad(self) -> None:
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none=True)

    def tensors(self) -> dict[str, Tensor]:
        """Moments and step counts, named `<kind>/<parameter>`; empty before the first step."""
        return {
            f"{kind}/{self._names[parameter]}": value
            for optimizer in self.optimizers
            for parameter, state in optimizer.state.items()
            for kind, value in state.items()
        }

    def load_tensors(self, tensors: dict[str, Tensor]) -> None:
        """Take over what `tensors` gave.

        Raises UserError when the names are not those of this optimizer, as after a change of its kind.
        """
        for optimizer in self.optimizers:
            optimizer.state.clear()
        owners = {name: parameter for parameter, name in self._names.items()}
        homes = {
            parameter: optimizer
            for optimizer in self.optimizers
            for group in optimizer.param_groups
            for parameter in group["params"]
        }
        for key, value in sorted(tensors.items()):
            kind, _, name = key.partition("/")
            if name not in owners:
                raise UserError(f"optimizer state names {name!r}, which the model lacks: it is of another model")
            parameter = owners[name]
            device = value.device if kind == "step" else parameter.device
            homes[parameter].state[parameter][kind] = value.to(device)

    def _groups(self) -> Iterable[dict[str, Any]]:
        return (group for optimizer in self.optimizers for group in optimizer.param_groups)


def parameter_groups(model: nn.Module) -> dict[str, list[nn.Parameter]]:
    """Parameters that are trained, by the role that decides their optimizer.

    embedding, head, matrices, vectors of a decoder, whether it is the model or its part `decoder`; vision_matrices,
    vision_vectors of all else: the matrices of encoder and fusion, and biases, norms, positions, queries, heads.
    Those of an adapter (LoRA) are matrices.
    """
    names = ("embedding", "head", "matrices", "vectors", "vision_matrices", "vision_vectors")
    groups: dict[str, list[nn.Parameter]] = {name: [] for name in names}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            groups[_role(name, parameter)].append(parameter)
    return groups


def _role(name: str, parameter: nn.Parameter) -> str:
    part = name.split(".")[0]
    if part in ("encoder", "fusion", "heads"):
        table = "position_embedding" in name or name.endswith("query") or part == "heads"
        return "vision_matrices" if parameter.ndim == 2 and not table else "vision_vectors"
    name = name.removeprefix("decoder.")
    if parameter.ndim < 2:
        return "vectors"
    if name.startswith("embed_tokens."):
        return "embedding"
    return "head" if name.startswith("lm_head.") else "matrices"


def clip_gradient(parameters: Iterable[nn.Parameter], clip_norm: float | None) -> Tensor:
    """Norm of the whole gradient, a scalar tensor; the gradient is scaled down to `clip_norm` where it is longer."""
    parameters = list(parameters)
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    norm = torch.nn.utils.get_total_norm(gradients)
    if clip_norm is not None:
        torch.nn.utils.clip_grads_with_norm_(parameters, max_norm=clip_norm, total_norm=norm)
    return norm
