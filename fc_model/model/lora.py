"""LoRA (Hu et al. 2021): a frozen matrix W is computed as W + alpha / rank * B A, and only A and B are trained.

Shapes: D inputs, F outputs, R rank.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from fc_model.config.lora import LoraConfig
from fc_model.model.decoder import Decoder

_MATRICES = ("lora_A", "lora_B")


class LoraLinear(nn.Linear):
    """A linear layer without bias, and its adapter; `weight` is the layer's own, under its name.

    `lora_A.weight` (R, D) is drawn as the weights of any nn.Linear (Kaiming uniform, a = sqrt(5)), as in peft, and
    `lora_B.weight` (F, R) is zero: an adapter that was not trained changes nothing.
    """

    def __init__(self, base: nn.Linear, config: LoraConfig) -> None:
        nn.Module.__init__(self)  # nn.Linear's would draw weights, which are there
        self.in_features, self.out_features = base.in_features, base.out_features
        self.weight = base.weight
        self.register_parameter("bias", None)
        self.scaling = config.scaling
        self.dropout = nn.Dropout(config.dropout)
        place = {"device": base.weight.device, "dtype": base.weight.dtype}
        self.lora_A = nn.Linear(base.in_features, config.rank, bias=False, **place)
        self.lora_B = nn.Linear(config.rank, base.out_features, bias=False, **place)
        nn.init.zeros_(self.lora_B.weight)

    def forward(self, x: Tensor) -> Tensor:
        adapted = self.lora_B(self.lora_A(self.dropout(x)))
        return torch.add(super().forward(x), adapted, alpha=self.scaling)


def add_lora(decoder: Decoder, config: LoraConfig) -> None:
    """Freeze the decoder and give it a fresh adapter, drawn from torch's default generator."""
    decoder.requires_grad_(False)
    if config.embeddings:
        decoder.embed_tokens.requires_grad_(True)
        decoder.head_VD.requires_grad_(True)
    for parent in list(decoder.layers.modules()):
        for name, child in parent.named_children():
            if name in config.targets and isinstance(child, nn.Linear):
                setattr(parent, name, LoraLinear(child, config))


def trained_parameters(model: nn.Module) -> dict[str, nn.Parameter]:
    """What a stage trains, by name: with an adapter what is not frozen, else all parameters."""
    named = dict(model.named_parameters())
    if not any(map(_in_adapter, named)):
        return named
    return {name: parameter for name, parameter in named.items() if parameter.requires_grad}


@torch.no_grad()
def merged_weights(decoder: Decoder) -> dict[str, Tensor]:
    """The weights of a decoder without an adapter that computes what this one does, in fp32 on the CPU.

    Weights that were not trained are those of the base to the bit.
    """
    weights = {name: tensor.cpu() for name, tensor in decoder.state_dict().items() if not _in_adapter(name)}
    for name, layer in decoder.named_modules():
        if isinstance(layer, LoraLinear):
            update_FD = layer.lora_B.weight.cpu() @ layer.lora_A.weight.cpu()
            weights[f"{name}.weight"] = torch.add(weights[f"{name}.weight"], update_FD, alpha=layer.scaling)
    return weights


def _in_adapter(name: str) -> bool:
    return any(part in _MATRICES for part in name.split("."))
