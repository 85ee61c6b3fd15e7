"""GGUF files that stock llama.cpp runs.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. Equal inputs give equal bytes.
"""

from pathlib import Path
from typing import Any, Literal

import numpy as np
from gguf import (
    GGML_QUANT_SIZES,
    GGML_QUANT_VERSION,
    MODEL_ARCH,
    GGMLQuantizationType,
    GGUFReader,
    GGUFWriter,
    LlamaFileType,
    get_tensor_name_map,
    quants,
)
from numpy.typing import NDArray

from fc_model.artifacts.files import sha256_file
from fc_model.config.model import ModelConfig
from fc_model.errors import UserError
from fc_model.export.vocabulary import Vocabulary, read_vocabulary
from fc_model.export.weights import llama_weights
from fc_model.model.decoder import Decoder
from fc_model.special_tokens import END_OF_TURN

Quantization = Literal["f32", "f16", "bf16", "q8_0"]

# llama.cpp reads SentencePiece BPE as "llama" and Unigram as "t5"; Unigram written as "llama" is cut wrongly.
TOKENIZER_SHA256 = "fustercluck.tokenizer_sha256"
"""Key of the sha256 of the SentencePiece model, which the shards of the training name too."""
TOKENIZER_MODELS = {"bpe": "llama", "unigram": "t5"}


def export_gguf(
    model: Decoder,
    config: ModelConfig,
    tokenizer_file: Path,
    out_file: Path,
    *,
    quantization: Quantization = "f16",
    name: str,
    licence: str,
    description: str = "",
    chat_template: str | None = None,
) -> None:
    """Write `model` with its tokenizer to `out_file`; one that was trained on conversations also with their template.

    Norms stay F32. With q8_0, a matrix whose rows are no multiple of 32 becomes F16, as llama.cpp's own converter
    does. Raises UserError for a model or tokenizer that llama.cpp can't express.
    """
    weights = llama_weights(model, config)
    vocabulary = read_vocabulary(tokenizer_file, vocab_size=config.vocab_size)
    names = get_tensor_name_map(MODEL_ARCH.LLAMA, config.num_layers)
    writer = GGUFWriter(out_file, arch="llama")
    _add_general(writer, quantization=quantization, name=name, licence=licence, description=description)
    _add_architecture(writer, config)
    _add_tokenizer(writer, vocabulary)
    if chat_template is not None:
        writer.add_chat_template(chat_template)
        writer.add_eot_token_id(vocabulary.control_id(END_OF_TURN))
    writer.add_string(TOKENIZER_SHA256, sha256_file(tokenizer_file))
    for weight_name, tensor in weights.items():
        values = interleave_rope(weight_name, tensor.numpy(), config)
        data, kind = quantize(weight_name, values, quantization)
        writer.add_tensor(names[weight_name.removesuffix(".weight")] + ".weight", data, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def tokenizer_sha256(gguf_file: Path) -> str | None:
    """The sha256 of the tokenizer that a file was written with; None where it does not tell.

    Raises UserError for a file that is no GGUF file.
    """
    try:
        field = GGUFReader(gguf_file).get_field(TOKENIZER_SHA256)
        return None if field is None else str(field.contents())
    except Exception as error:  # the reader of the gguf package checks little, and fails in many ways
        raise UserError(f"{gguf_file}: no GGUF file ({error!r}); export it again") from error


def interleave_rope(weight_name: str, weight: NDArray[np.float32], config: ModelConfig) -> NDArray[np.float32]:
    """Reorder the rows of q and k: llama.cpp rotates neighbours (2i, 2i + 1), our decoder halves (i, i + d/2)."""
    if weight_name.endswith(".q_proj.weight"):
        num_heads = config.num_heads
    elif weight_name.endswith(".k_proj.weight"):
        num_heads = config.num_kv_heads
    else:
        return weight
    halves = weight.reshape(num_heads, 2, config.head_dim // 2, weight.shape[1])
    return np.ascontiguousarray(halves.swapaxes(1, 2)).reshape(weight.shape)


def quantize(
    weight_name: str, weight: NDArray[np.float32], quantization: Quantization
) -> tuple[NDArray[Any], GGMLQuantizationType]:
    """Bytes of a weight and their type. Raises UserError when a value is too large for F16."""
    kind = GGMLQuantizationType[quantization.upper()]
    block_size, _ = GGML_QUANT_SIZES[kind]
    if weight.ndim == 1:
        kind = GGMLQuantizationType.F32
    elif weight.shape[-1] % block_size:
        kind = GGMLQuantizationType.F16
    largest = float(np.abs(weight).max())
    if kind is GGMLQuantizationType.F16 and largest > float(np.finfo(np.float16).max):
        raise UserError(f"{weight_name} holds {largest:g}, too large for f16: export as bf16 or f32")
    return quants.quantize(weight, kind), kind


def _add_general(writer: GGUFWriter, *, quantization: str, name: str, licence: str, description: str) -> None:
    file_type = "ALL_F32" if quantization == "f32" else f"MOSTLY_{quantization.upper()}"
    writer.add_type("model")
    writer.add_name(name)
    writer.add_license(licence)
    if description:
        writer.add_description(description)
    writer.add_file_type(LlamaFileType[file_type])
    writer.add_quantization_version(GGML_QUANT_VERSION)


def _add_architecture(writer: GGUFWriter, config: ModelConfig) -> None:
    writer.add_vocab_size(config.vocab_size)
    writer.add_context_length(config.context_length)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_heads)
    writer.add_head_count_kv(config.num_kv_heads)
    writer.add_key_length(config.head_dim)
    writer.add_value_length(config.head_dim)
    writer.add_layer_norm_rms_eps(config.norm_eps)
    writer.add_rope_freq_base(config.rope_theta)
    writer.add_rope_dimension_count(config.head_dim)


def _add_tokenizer(writer: GGUFWriter, vocabulary: Vocabulary) -> None:
    # Everything is written out: the defaults differ between "llama" and "t5", and t5's would append an EOS.
    writer.add_tokenizer_model(TOKENIZER_MODELS[vocabulary.algorithm])
    writer.add_tokenizer_pre("default")
    writer.add_token_list([piece.text for piece in vocabulary.pieces])
    writer.add_token_scores([piece.score for piece in vocabulary.pieces])
    writer.add_token_types([int(piece.type) for piece in vocabulary.pieces])
    writer.add_add_space_prefix(False)
    writer.add_remove_extra_whitespaces(False)
    writer.add_add_bos_token(vocabulary.bos is not None)  # every document begins with it in training
    writer.add_add_eos_token(False)
    writer.add_unk_token_id(vocabulary.unk)
    if vocabulary.bos is not None:
        writer.add_bos_token_id(vocabulary.bos)
    if vocabulary.eos is not None:
        writer.add_eos_token_id(vocabulary.eos)
    if vocabulary.pad is not None:
        writer.add_pad_token_id(vocabulary.pad)
