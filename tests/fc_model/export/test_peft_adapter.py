"""Our adapters in the real peft, where it is installed: on our Hugging Face export they give our logits."""

import json
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from factories.tiny_exports import VOCAB_SIZE, Exports, tiny_model
from safetensors.torch import load_file
from transformers import LlamaForCausalLM

from fc_model.checkpoints.load import weights_of
from fc_model.config.lora import LoraConfig
from fc_model.export.huggingface import export_huggingface
from fc_model.export.peft_adapter import export_adapter
from fc_model.export.weights import llama_name
from fc_model.model.decoder import Decoder
from fc_model.model.lora import add_lora, merged_weights, trained_parameters

TARGETS = ["q_proj", "k_proj", "o_proj", "up_proj", "down_proj"]
IDS = torch.randint(0, VOCAB_SIZE, (2, 40), generator=torch.Generator().manual_seed(3))


def adapted(config: LoraConfig, *, tied: bool = True) -> Decoder:
    """The tiny model with an adapter that changes it."""
    decoder = tiny_model(tie_embeddings=tied)
    add_lora(decoder, config)
    with torch.no_grad():
        for parameter in trained_parameters(decoder).values():
            parameter += torch.randn(parameter.shape) * 0.1
    return decoder.eval()


def lora(**changes: Any) -> LoraConfig:
    return LoraConfig.model_validate({"rank": 4, "alpha": 12, "dropout": 0.25, "targets": TARGETS} | changes)


def test_files_and_names(tmp_path: Path) -> None:
    names = export_adapter(weights_of(adapted(lora())), lora(), tmp_path)
    assert names == ["adapter_config.json", "adapter_model.safetensors"]
    content = json.loads((tmp_path / "adapter_config.json").read_text("utf-8"))
    assert {name: content[name] for name in ("peft_type", "r", "lora_alpha", "bias", "modules_to_save")} == {
        "peft_type": "LORA", "r": 4, "lora_alpha": 12, "bias": "none", "modules_to_save": None
    }  # fmt: skip
    shapes = {name: tuple(tensor.shape) for name, tensor in load_file(tmp_path / "adapter_model.safetensors").items()}
    assert len(shapes) == 2 * 2 * 5
    assert shapes["base_model.model.model.layers.1.mlp.down_proj.lora_A.weight"] == (4, 192)
    assert shapes["base_model.model.model.layers.1.mlp.down_proj.lora_B.weight"] == (64, 4)


@pytest.mark.parametrize(("embeddings", "tied"), [(False, True), (True, True), (True, False)])
def test_peft_loads_the_adapter_onto_our_export_of_the_base(
    exports: Exports, tmp_path: Path, embeddings: bool, tied: bool
) -> None:
    peft = pytest.importorskip("peft", reason="peft is not installed: pip install --no-deps peft accelerate")
    config = lora(embeddings=embeddings)
    plain, decoder = tiny_model(tie_embeddings=tied), adapted(config, tied=tied)
    export_huggingface(plain, plain.config, exports.tokenizer_file, tmp_path / "base")
    export_adapter(weights_of(decoder), config, tmp_path / "adapter")
    base = LlamaForCausalLM.from_pretrained(tmp_path / "base", dtype=torch.float32, local_files_only=True)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated")  # peft asks transformers for it
        before = base(IDS).logits
        loaded = peft.PeftModel.from_pretrained(base, str(tmp_path / "adapter")).eval()
        theirs = loaded(IDS).logits
        assert float((theirs - before).abs().max()) > 0.1, "the adapter was loaded"
        torch.testing.assert_close(theirs, decoder(IDS), rtol=0, atol=1e-3)
        assert sum("lora_" in name for name, _ in loaded.named_parameters()) == 2 * 2 * 5
        merged = loaded.merge_and_unload().state_dict()
    for name, weight in merged_weights(decoder).items():
        torch.testing.assert_close(merged[llama_name(name)], weight, rtol=0, atol=1e-6)
