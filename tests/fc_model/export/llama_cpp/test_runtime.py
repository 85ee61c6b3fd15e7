"""GGUF files in stock llama.cpp: logits, ids and text equal to ours, and clear errors when it fails."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from factories.tiny_exports import Exports, tiny_model

from fc_model.errors import UserError
from fc_model.export.llama_cpp.runtime import LlamaCpp
from fc_model.export.llama_cpp.server import server_completions
from fc_model.inference.decoder_runtime import DecoderRuntime
from fc_model.inference.generate import greedy
from fc_model.special_tokens import SPECIAL_TOKENS

IDS = [2, *range(300, 360)]


def logits_of(model: torch.nn.Module) -> np.ndarray:
    with torch.inference_mode():
        return model(torch.tensor([IDS]))[0].numpy()


@pytest.fixture(scope="module")
def llama_cpp(exports: Exports) -> Iterator[LlamaCpp]:
    with LlamaCpp(exports.gguf("f32")) as opened:
        yield opened


@pytest.mark.parametrize(("quantization", "tolerance"), [("f32", 1e-4), ("f16", 0.05), ("bf16", 0.5), ("q8_0", 1.5)])
def test_logits(exports: Exports, quantization: str, tolerance: float) -> None:
    with LlamaCpp(exports.gguf(quantization)) as llama_cpp:
        difference = np.abs(llama_cpp.logits(IDS) - logits_of(exports.model)).max()
    assert 0 < difference < tolerance


@pytest.mark.parametrize("changes", [{"tie_embeddings": False}, {"num_kv_heads": 1}, {"head_dim": 32}])
def test_other_shapes(exports: Exports, tmp_path: Path, changes: dict[str, object]) -> None:
    model = tiny_model(**changes)
    with LlamaCpp(exports.export(model, tmp_path / "other.gguf", quantization="f32")) as llama_cpp:
        assert np.abs(llama_cpp.logits(IDS) - logits_of(model)).max() < 1e-4


def test_greedy_ids_agree_with_the_decoder_and_with_the_stock_server(exports: Exports, llama_cpp: LlamaCpp) -> None:
    prompts = [[2, 400, 401], [2], [2, *range(500, 540)]]
    expected = [greedy(DecoderRuntime(exports.model), prompt, 12) for prompt in prompts]
    assert [llama_cpp.greedy(prompt, 12) for prompt in prompts] == expected
    assert [greedy(llama_cpp, prompt, 12) for prompt in prompts] == expected
    served = server_completions(exports.gguf("f32"), prompts, num_tokens=12, context_length=128)
    assert served == expected


def test_feeding_piece_by_piece_is_feeding_at_once(llama_cpp: LlamaCpp) -> None:
    at_once = llama_cpp.logits(IDS)[-1]
    llama_cpp.reset()
    llama_cpp.next_logits(IDS[:40])
    assert np.abs(llama_cpp.next_logits(IDS[40:]) - at_once).max() < 1e-4


def test_vocabulary_and_pieces(llama_cpp: LlamaCpp) -> None:
    assert (llama_cpp.vocab_size, llama_cpp.context_length, llama_cpp.bos, llama_cpp.eos) == (1000, 128, 1, 2)
    two_spaces = len(SPECIAL_TOKENS) + 2  # a symbol that SentencePiece never finds
    assert llama_cpp.control_tokens == [*range(len(SPECIAL_TOKENS)), two_spaces]
    assert [llama_cpp.special(name) for name in SPECIAL_TOKENS] == [*range(len(SPECIAL_TOKENS))]
    with pytest.raises(UserError, match="no special token '<none>' in the vocabulary"):
        llama_cpp.special("<none>")
    text = "def f(x):\n\treturn  x + 1\n"
    ids = llama_cpp.tokenize([text])[0]
    assert b"".join(llama_cpp.pieces(ids)).decode() == text
    assert set(llama_cpp.tokenize(["</s> <image>"])[0]).isdisjoint(llama_cpp.control_tokens)


def test_errors_name_the_file_and_leave_this_process_alive(exports: Exports, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such GGUF file"):
        LlamaCpp(tmp_path / "absent.gguf")
    broken = tmp_path / "broken.gguf"
    data = exports.gguf("f16").read_bytes()
    broken.write_bytes(data[: len(data) // 2])
    with pytest.raises(UserError, match=r"broken\.gguf"):
        LlamaCpp(broken)
    with LlamaCpp(exports.gguf("f16")) as llama_cpp:
        with pytest.raises(UserError, match="outside the vocabulary"):
            llama_cpp.next_logits([1000])
        with pytest.raises(UserError, match="context of 128 tokens is full"):
            llama_cpp.logits([5] * 129)
        llama_cpp._process.kill()
        with pytest.raises(UserError, match=r"f16\.gguf: llama\.cpp ended with status -9"):
            llama_cpp.next_logits([2])
    with pytest.raises(UserError, match="server ended with status"):
        server_completions(broken, [[2]], num_tokens=1, context_length=16)


@pytest.mark.parametrize("place", [0, 4, 8, 16, 24])
def test_hostile_headers_are_refused_by_a_process_that_may_die(exports: Exports, tmp_path: Path, place: int) -> None:
    """Magic, version, counts and the length of the first key."""
    hostile = tmp_path / "hostile.gguf"
    data = exports.gguf("f16").read_bytes()
    hostile.write_bytes(data[:place] + b"\xff" * 7 + data[place + 7 :])
    with pytest.raises(UserError, match=r"hostile\.gguf"):
        LlamaCpp(hostile)


def test_a_hanging_runtime_is_ended(exports: Exports) -> None:
    with LlamaCpp(exports.gguf("f16")) as llama_cpp:
        llama_cpp._timeout_s = 0.2
        os.kill(llama_cpp._process.pid, signal.SIGSTOP)
        with pytest.raises(UserError, match="ended with status -9"):
            llama_cpp.next_logits([2])
