"""A folder in the Hugging Face layout: loads as LlamaForCausalLM with its tokenizer, offline."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from fc_model.checkpoints.load import first_difference
from fc_model.checkpoints.tensor_file import write_tensors
from fc_model.config.model import ModelConfig
from fc_model.errors import UserError
from fc_model.export.huggingface_tokenizer import export_tokenizer
from fc_model.export.vocabulary import Vocabulary, read_vocabulary
from fc_model.export.weights import HEAD, llama_weights
from fc_model.model.decoder import Decoder
from fc_model.special_tokens import END_OF_TURN

_NAMES = {
    "vocab_size": "vocab_size",
    "num_layers": "num_hidden_layers",
    "hidden_size": "hidden_size",
    "num_heads": "num_attention_heads",
    "num_kv_heads": "num_key_value_heads",
    "head_dim": "head_dim",
    "intermediate_size": "intermediate_size",
    "context_length": "max_position_embeddings",
    "tie_embeddings": "tie_word_embeddings",
    "norm_eps": "rms_norm_eps",
}
"""Fields of ModelConfig as config.json calls them."""


def export_huggingface(
    model: Decoder, config: ModelConfig, tokenizer_file: Path, out_folder: Path, *, chat_template: str | None = None
) -> None:
    """Write model.safetensors (float32), config.json, generation_config.json and the tokenizer's files.

    A model that was trained on conversations has their template, and stops at the end of a turn. Equal inputs give
    equal bytes. Raises UserError for a model or tokenizer that the layout can't express.
    """
    weights = llama_weights(model, config)
    vocabulary = read_vocabulary(tokenizer_file, vocab_size=config.vocab_size)
    out_folder.mkdir(parents=True, exist_ok=True)
    write_tensors(out_folder / "model.safetensors", weights, metadata={"format": "pt"})
    write_json(out_folder / "config.json", llama_config(config, vocabulary))
    token_ids: dict[str, Any] = _token_ids(vocabulary)
    if chat_template is not None:
        token_ids["eos_token_id"] = [vocabulary.eos, vocabulary.control_id(END_OF_TURN)]
    write_json(out_folder / "generation_config.json", token_ids)
    export_tokenizer(
        vocabulary, tokenizer_file, out_folder, context_length=config.context_length, chat_template=chat_template
    )


def load_huggingface(folder: Path) -> Decoder:
    """Our decoder with the weights of a folder that `export_huggingface` wrote.

    Raises UserError when the folder is incomplete or holds another architecture.
    """
    config = read_llama_config(folder / "config.json")
    with torch.device("meta"):
        model = Decoder(config)
    try:
        weights = load_file(folder / "model.safetensors")
        named = {name if name == HEAD else name.removeprefix("model."): tensor for name, tensor in weights.items()}
        if difference := first_difference(model.state_dict(), named):
            raise OSError("tensor {} is {}, expected is {}".format(*difference))
    except (OSError, SafetensorError) as error:
        raise UserError(f"{folder}/model.safetensors does not fit config.json ({error}): export again") from error
    model.load_state_dict(named, assign=True)
    return model.eval()


def read_llama_config(file: Path) -> ModelConfig:
    """The inverse of `llama_config`. Raises UserError for anything but a plain Llama."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{file} can't be read ({error}): give a folder written by the Hugging Face export") from error
    if content.get("architectures") != ["LlamaForCausalLM"]:
        raise UserError(f"{file}: architectures is {content.get('architectures')}, only LlamaForCausalLM is read")
    shape = {ours: content[theirs] for ours, theirs in _NAMES.items()}
    return ModelConfig(**shape, rope_theta=content["rope_parameters"]["rope_theta"])


def llama_config(config: ModelConfig, vocabulary: Vocabulary) -> dict[str, Any]:
    """config.json of a LlamaForCausalLM."""
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        **{theirs: getattr(config, ours) for ours, theirs in _NAMES.items()},
        "hidden_act": "silu",
        "attention_bias": False,
        "mlp_bias": False,
        "attention_dropout": 0.0,
        # transformers 5 reads rope_parameters; older readers, mlx-lm among them, only the top-level key.
        "rope_parameters": {"rope_type": "default", "rope_theta": config.rope_theta},
        "rope_theta": config.rope_theta,
        "initializer_range": config.embedding_init_std,
        "dtype": "float32",
        "use_cache": True,
        **_token_ids(vocabulary),
    }


def write_json(file: Path, content: dict[str, Any]) -> None:
    """Indented JSON with a fixed order of keys."""
    file.write_text(json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")


def _token_ids(vocabulary: Vocabulary) -> dict[str, int | None]:
    return {"bos_token_id": vocabulary.bos, "eos_token_id": vocabulary.eos, "pad_token_id": vocabulary.pad}
