"""What a stage with LoRA hands on: the merged decoder for all that comes after it, and the adapter for peft."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file

from fc_model.checkpoints.load import load_weights, weights_of
from fc_model.checkpoints.run_checkpoints import save_tensors
from fc_model.config.lora import LoraConfig
from fc_model.data.windows import Batch
from fc_model.export.logit_comparison import LogitComparison
from fc_model.export.peft_adapter import export_adapter
from fc_model.model.decoder import Decoder
from fc_model.model.lora import merged_weights
from fc_model.train.train_step import TrainStep

_WINDOWS, _TOKENS = 4, 256
"""Of the batch on which the merged decoder is compared with the adapter."""


def save_adapted(
    folder: Path, train_step: TrainStep, config: LoraConfig, batch: Batch
) -> tuple[dict[str, float], list[str]]:
    """Write the last step's weights and their average, each merged in fp32 and as an adapter in peft's format.

    Args:
        folder: the stage's folder.
        train_step: holds the decoder and the average.
        config: of the adapter.
        batch: tokens on which the decoders in the written files are compared with those that have the adapter.

    Returns:
        Figures, and the names of the files: model.safetensors and adapter/, ema.safetensors and adapter_ema/.
        The figures are lora_merge_max_logit_diff, lora_merge_max_logprob_diff, lora_merge_top1 and lora_merge_kl of the
        comparison, the worst or the mean over both; trained_parameters, and trained_share of the decoder's.
    """
    decoder, comparison, names = train_step.model, LogitComparison(), list[str]()
    assert isinstance(decoder, Decoder)
    for file, adapter in (("model.safetensors", "adapter"), ("ema.safetensors", "adapter_ema")):
        save_tensors(folder / file, merged_weights(decoder))
        _compare(decoder, folder / file, batch, comparison)
        written = export_adapter(weights_of(decoder), config, folder / adapter)
        names += [file, *(f"{adapter}/{name}" for name in written)]
        train_step.ema.swap()  # the average is next, and then the weights are back
    trained, total = config.num_parameters(decoder.config), decoder.config.num_parameters()
    figures = {"trained_parameters": trained, "trained_share": trained / total}
    return comparison.metrics("lora_merge") | figures, names


@torch.no_grad()
def _compare(decoder: Decoder, file: Path, batch: Batch, comparison: LogitComparison) -> None:
    """Add the logits of a decoder and of the merged one in the file, both in fp32 and without dropout."""
    device, was_training = decoder.embed_tokens.weight.device, decoder.training
    merged = Decoder(decoder.config).to(device).eval()
    load_weights(merged, load_file(file), source=file)
    decoder.eval()
    for row in range(min(_WINDOWS, len(batch))):
        window = batch.rows(row, row + 1).to(device)
        ids_1T = window.ids_BT[:, :_TOKENS]
        document_1T = window.document_BT[:, :_TOKENS] if window.document_BT is not None else None
        expected_TV, actual_TV = (one(ids_1T, document_1T)[0].cpu().numpy() for one in (decoder, merged))
        comparison.add(expected_TV, actual_TV)
    decoder.train(was_training)
