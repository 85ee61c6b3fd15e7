"""An adapter in the format of Hugging Face's peft: `PeftModel.from_pretrained(base, folder)` loads the folder.

The base is the Hugging Face export of the weights that the adapter was trained on.
"""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from fc_model.artifacts.files import write_json
from fc_model.checkpoints.run_checkpoints import save_tensors
from fc_model.config.lora import LoraConfig
from fc_model.export.weights import EMBEDDING, HEAD, llama_name

CONFIG_FILE, WEIGHTS_FILE = "adapter_config.json", "adapter_model.safetensors"
_PREFIX = "base_model.model."
"""Of peft's two wrappers around transformers' LlamaForCausalLM."""


def export_adapter(adapter: Mapping[str, Tensor], config: LoraConfig, folder: Path) -> list[str]:
    """Write adapter_config.json and adapter_model.safetensors; returns their names. Equal inputs give equal bytes.

    `adapter` is what was trained, by the decoder's names: A and B, and embedding and head if they are.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {f"{_PREFIX}{llama_name(name)}": tensor for name, tensor in adapter.items()}
    whole = [name.removesuffix(".weight") for name in (EMBEDDING, HEAD) if name in adapter]
    if tied := whole == [EMBEDDING.removesuffix(".weight")]:
        tensors[f"{_PREFIX}{HEAD}"] = adapter[EMBEDDING].clone()  # peft wraps the head, too, and ties the two
    save_tensors(folder / WEIGHTS_FILE, tensors)
    content = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": None,  # whoever loads it names the folder of the base
        "r": config.rank,
        "lora_alpha": config.alpha,
        "lora_dropout": config.dropout,
        "target_modules": sorted(config.targets),
        "bias": "none",
        "fan_in_fan_out": False,
        "inference_mode": True,
        "modules_to_save": whole or None,
        "ensure_weight_tying": tied,
        "use_rslora": False,
    }
    write_json(folder / CONFIG_FILE, content, allow_nan=False)
    return [CONFIG_FILE, WEIGHTS_FILE]
