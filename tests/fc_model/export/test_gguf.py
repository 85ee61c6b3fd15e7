"""GGUF files: metadata, layout, bytes, and what is refused. That llama.cpp computes the same: llama_cpp/."""

import random
import struct
from pathlib import Path

import gguf
import numpy as np
import pytest
import torch
from factories.tiny_exports import Exports, tiny_model

from fc_model.artifacts.files import sha256_file
from fc_model.errors import UserError
from fc_model.export.gguf import TOKENIZER_SHA256, interleave_rope, tokenizer_sha256
from fc_model.tokenizer import Tokenizer


def test_metadata_is_complete(exports: Exports) -> None:
    fields = gguf.GGUFReader(exports.gguf("f16")).fields
    values = {name: field.contents() for name, field in fields.items() if not name.startswith("tokenizer.ggml.tokens")}
    expected = {
        "general.architecture": "llama",
        "general.name": "tiny",
        "general.license": "apache-2.0",
        TOKENIZER_SHA256: Tokenizer(exports.tokenizer_file).fingerprint,
        "general.file_type": gguf.LlamaFileType.MOSTLY_F16,
        "llama.vocab_size": 1000,
        "llama.context_length": 128,
        "llama.embedding_length": 64,
        "llama.block_count": 2,
        "llama.feed_forward_length": 192,
        "llama.attention.head_count": 4,
        "llama.attention.head_count_kv": 2,
        "llama.attention.key_length": 16,
        "llama.attention.value_length": 16,
        "llama.rope.freq_base": 50_000.0,
        "llama.rope.dimension_count": 16,
        "tokenizer.ggml.model": "t5",
        "tokenizer.ggml.add_bos_token": True,
        "tokenizer.ggml.add_eos_token": False,
        "tokenizer.ggml.add_space_prefix": False,
        "tokenizer.ggml.remove_extra_whitespaces": False,
        "tokenizer.ggml.unknown_token_id": 0,
        "tokenizer.ggml.bos_token_id": 1,
        "tokenizer.ggml.eos_token_id": 2,
        "tokenizer.ggml.padding_token_id": 3,
    }
    assert {name: values.get(name) for name in expected} == expected
    assert values["llama.attention.layer_norm_rms_epsilon"] == pytest.approx(1e-5)
    types = values["tokenizer.ggml.token_type"]
    assert types[:5] == [gguf.TokenType.UNKNOWN, *[gguf.TokenType.CONTROL] * 4]
    assert types.count(gguf.TokenType.BYTE) == 256
    assert types.count(gguf.TokenType.USER_DEFINED) == 2
    assert types.count(gguf.TokenType.UNUSED) == 1  # a symbol with spaces, which SentencePiece never matches


@pytest.mark.parametrize(("quantization", "kind"), [("f32", "F32"), ("f16", "F16"), ("bf16", "BF16"), ("q8_0", "Q8_0")])
def test_types_of_tensors(exports: Exports, quantization: str, kind: str) -> None:
    tensors = {tensor.name: tensor for tensor in gguf.GGUFReader(exports.gguf(quantization)).tensors}
    assert "output.weight" not in tensors  # tied
    assert len(tensors) == 2 + 2 * 9
    for name, tensor in tensors.items():
        assert tensor.tensor_type.name == ("F32" if "norm" in name else kind), name


def test_equal_models_give_equal_bytes(exports: Exports, tmp_path: Path) -> None:
    again = exports.export(tiny_model(), tmp_path / "again.gguf", quantization="q8_0")
    assert sha256_file(again) == sha256_file(exports.gguf("q8_0"))


def test_rows_of_a_rotated_pair_become_neighbours() -> None:
    config = tiny_model().config
    rows = np.repeat(np.arange(64, dtype=np.float32)[:, np.newaxis], 64, axis=1)
    moved = interleave_rope("model.layers.0.self_attn.q_proj.weight", rows, config)[:, 0]
    assert moved[:4].tolist() == [0, 8, 1, 9]
    assert moved[16:20].tolist() == [16, 24, 17, 25]
    assert interleave_rope("model.layers.0.self_attn.v_proj.weight", rows, config) is rows


def test_q8_0_falls_back_to_f16_where_rows_do_not_fit(exports: Exports, tmp_path: Path) -> None:
    out_file = exports.export(tiny_model(intermediate_size=100), tmp_path / "odd.gguf", quantization="q8_0")
    kinds = {tensor.name: tensor.tensor_type.name for tensor in gguf.GGUFReader(out_file).tensors}
    assert kinds["blk.0.ffn_down.weight"] == "F16"
    assert kinds["blk.0.ffn_up.weight"] == "Q8_0"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"position": "alibi"}, "only rope can be exported"),
        ({"vocab_size": 900}, "more than the model's vocab_size"),
        ({"embedding_init_std": 1e6}, "too large for f16"),
    ],
)
def test_refusals(exports: Exports, tmp_path: Path, changes: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        exports.export(tiny_model(**changes), tmp_path / "x.gguf")


def test_weights_that_are_not_finite_are_refused(exports: Exports, tmp_path: Path) -> None:
    model = tiny_model()
    with torch.no_grad():
        model.norm.weight[3] = float("nan")
    with pytest.raises(UserError, match=r"norm\.weight has values that are not finite"):
        exports.export(model, tmp_path / "x.gguf")


def test_tokenizers_that_change_the_text_are_refused(exports: Exports, tmp_path: Path) -> None:
    from sentencepiece import sentencepiece_model_pb2 as messages

    proto = messages.ModelProto.FromString(exports.tokenizer_file.read_bytes())  # type: ignore[attr-defined]
    proto.normalizer_spec.add_dummy_prefix = True
    changed = tmp_path / "prefix.model"
    for data, message in (
        (proto.SerializeToString(), "add_dummy_prefix"),
        (b"no tokenizer", "is not a SentencePiece model"),
    ):
        changed.write_bytes(data)
        with pytest.raises(UserError, match=message):
            exports.export(exports.model, tmp_path / "x.gguf", tokenizer_file=changed)


def mutated(data: bytes) -> list[bytes]:
    """The header with other numbers, keys and lengths, and cut.

    At 0 is the magic, at 4 the version, at 8 and 16 are the numbers of tensors and pairs, at 24 the pairs begin.
    """
    huge = struct.pack("<Q", 2**63 - 1)
    chance = random.Random(0)
    cases = [data[:place] + huge + data[place + 8 :] for place in (8, 16, 24, 24 + 8 + 20)]
    cases += [b"GGML" + data[4:], data[:4] + struct.pack("<I", 99) + data[8:], data[:32] + b"\xff\xfe" + data[34:]]
    cases += [data[:length] for length in (0, 3, 8, 20, 31, 100, 1000)]
    for _ in range(186):
        place = chance.randrange(4, 600)
        cases.append(data[:place] + bytes([data[place] ^ 1 << chance.randrange(8)]) + data[place + 1 :])
    return cases


@pytest.mark.timeout(60)
def test_hostile_headers(exports: Exports, tmp_path: Path) -> None:
    """Whatever a header says, our reading of it is a hash or one clear line, soon and in little memory."""
    cases = mutated(exports.gguf("f16").read_bytes())
    assert len(cases) == 200
    path = tmp_path / "hostile.gguf"
    refused = 0
    for case in cases:
        path.write_bytes(case)
        try:
            found = tokenizer_sha256(path)
        except UserError as error:
            refused += 1
            assert str(error).startswith(f"{path}: no GGUF file")
        else:
            assert found is None or isinstance(found, str)
    assert refused > 20
