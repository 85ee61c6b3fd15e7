"""The parity report: a good export passes, a wrong one clearly fails, and other runtimes can read what is expected."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from factories.tiny_exports import Exports, tiny_model

from fc_model.config.parity import ParityConfig
from fc_model.errors import UserError
from fc_model.export import gguf as gguf_export
from fc_model.export.logit_comparison import LogitComparison
from fc_model.export.parity import EDGE_PROMPTS, parity_report
from fc_model.export.tokenizer_comparison import compare_tokenizers, sample_lines
from fc_model.inference.decoder_runtime import DecoderRuntime
from fc_model.tokenizer import Tokenizer


def compare(exports: Exports, out_folder: Path, **changes: Any) -> dict[str, float]:
    settings: dict[str, Any] = {
        "model": exports.model,
        "tokenizer_file": exports.tokenizer_file,
        "huggingface_folder": None,
        "gguf_files": {},
        "texts": exports.texts,
        "out_folder": out_folder,
        "settings": ParityConfig(num_prompts=3, prompt_length=48, continuation_length=12, num_lines=300),
    }
    return parity_report(**settings | changes)


def test_good_exports_pass_and_can_be_replayed(exports: Exports, tmp_path: Path) -> None:
    files = {name: exports.gguf(name) for name in ("f16", "q8_0")}
    metrics = compare(exports, tmp_path, huggingface_folder=exports.huggingface, gguf_files=files)
    assert metrics["parity_prompts"] == len(EDGE_PROMPTS) + 3
    assert metrics["tokenizer_match_hf"] == metrics["tokenizer_match_llama_cpp"] == 1
    assert metrics["tokenizer_unexplained_hf"] == metrics["tokenizer_unexplained_llama_cpp"] == 0
    assert metrics["huggingface_max_logit_diff"] < 1e-4
    assert metrics["huggingface_top1"] == metrics["huggingface_greedy_match"] == 1
    assert metrics["gguf_f16_top1"] > 0.98
    assert metrics["gguf_f16_max_logprob_diff"] < 0.05
    assert metrics["gguf_f16_kl"] < 1e-4
    assert metrics["gguf_f16_greedy_match"] > 0.8
    assert metrics["gguf_f16_server_greedy_match"] > 0.6
    assert metrics["gguf_q8_0_top1"] > 0.9
    assert metrics["gguf_f16_kl"] < metrics["gguf_q8_0_kl"] < 0.01

    content = json.loads((tmp_path / "parity.json").read_text(encoding="utf-8"))
    assert (content["settings"]["seed"], content["settings"]["threads"]) == (0, 1)
    runtime = DecoderRuntime(exports.model)
    for prompt in content["prompts"]:
        ids = prompt["ids"]
        for expected, top_ids, top_logits in zip(
            prompt["expected_ids"], prompt["topk_ids"], prompt["topk_logits"], strict=True
        ):
            logits = runtime.logits(ids)[-1]
            assert logits[top_ids] == pytest.approx(top_logits, abs=1e-4)
            assert expected == top_ids[0] == logits.argmax()
            ids = [*ids, expected]


def test_the_server_stops_at_the_end_of_a_turn_of_a_chat_model(exports: Exports, tmp_path: Path) -> None:
    model = tiny_model(tie_embeddings=False)
    end = Tokenizer(exports.tokenizer_file).special("<im_end>")
    likeliest = int(DecoderRuntime(model).logits([1])[-1].argmax())
    with torch.no_grad():  # wherever this token would be the next, the turn ends
        model.lm_head.weight[end] = 2 * model.lm_head.weight[likeliest]
    file = exports.export(model, tmp_path / "chat.gguf", quantization="f32", chat_template="{{ messages }}")
    matches = {
        chat: compare(exports, tmp_path, model=model, gguf_files={"f32": file}, chat=chat)[
            "gguf_f32_server_greedy_match"
        ]
        for chat in (False, True)
    }
    ids = [prompt["expected_ids"] for prompt in json.loads((tmp_path / "parity.json").read_text())["prompts"]]
    assert any(end in continuation[:-1] for continuation in ids)
    assert matches[False] < matches[True]


def test_a_file_with_another_tokenizer_is_refused(
    exports: Exports, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gguf_export, "sha256_file", lambda path: "f" * 64)
    wrong = exports.export(exports.model, tmp_path / "wrong.gguf")
    with pytest.raises(UserError, match=r"wrong\.gguf: made with tokenizer ffffffffffffffff, but .* export it again"):
        compare(exports, tmp_path, gguf_files={"f16": wrong})


def test_an_export_without_the_rope_permutation_fails(
    exports: Exports, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gguf_export, "interleave_rope", lambda name, weight, config: weight)
    wrong = exports.export(exports.model, tmp_path / "wrong.gguf")
    metrics = compare(exports, tmp_path, gguf_files={"f16": wrong})
    assert metrics["gguf_f16_top1"] < 0.75
    assert metrics["gguf_f16_max_logprob_diff"] > 1
    assert metrics["gguf_f16_greedy_match"] < 0.5


def test_characters_that_llama_cpp_lacks_are_listed(exports: Exports, tmp_path: Path) -> None:
    texts = ["plain line\n", "日本 and 語\n"]
    metrics = compare(exports, tmp_path, gguf_files={"f16": exports.gguf("f16")}, texts=texts)
    assert metrics["tokenizer_match_llama_cpp"] == 1 - 1 / metrics["tokenizer_lines"]
    assert metrics["tokenizer_unexplained_llama_cpp"] == 0
    misses = json.loads((tmp_path / "tokenizer_misses.json").read_text(encoding="utf-8"))
    assert [miss["characters"] for miss in misses["llama_cpp"]] == [["日", "本", "語"]]


def test_nothing_to_compare_is_an_error(exports: Exports, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="held-out texts are empty"):
        compare(exports, tmp_path, texts=[])


def test_logit_comparison_sees_differences() -> None:
    expected = np.log(np.array([[0.5, 0.25, 0.25], [0.1, 0.1, 0.8]], dtype=np.float32))
    actual = np.log(np.array([[0.25, 0.5, 0.25], [0.1, 0.1, 0.8]], dtype=np.float32))
    comparison = LogitComparison()
    comparison.add(expected=expected, actual=actual)
    metrics = comparison.metrics("x")
    assert metrics["x_top1"] == 0.5
    assert metrics["x_max_logprob_diff"] == pytest.approx(np.log(2))
    assert metrics["x_kl"] == pytest.approx(0.25 * np.log(2) / 2)
    comparison.add(expected=expected, actual=np.full_like(actual, np.nan))
    assert comparison.metrics("x")["x_max_logit_diff"] == float("inf")


def test_misses_without_an_unknown_character_are_unexplained() -> None:
    metrics, misses = compare_tokenizers(
        "x",
        [[97, 99], [0], [99]],
        lines=["ab", "é", "c"],
        tokenizer=SimpleNamespace(encode=lambda text: list(text.encode())),  # type: ignore[arg-type]
        byte_ids=frozenset(range(128, 256)),
    )
    assert metrics == {"tokenizer_match_x": pytest.approx(1 / 3), "tokenizer_unexplained_x": 1}
    assert misses[1] == {"text": "é", "characters": ["é"], "expected": [195, 169], "found": [0]}


def test_sampled_lines_are_distinct_and_seeded() -> None:
    texts = ["a\nb\n", "b\nc"]
    assert sorted(sample_lines(texts, num_lines=9, seed=0)) == ["a\n", "b\n", "c"]
    assert sample_lines(texts, num_lines=2, seed=1) == sample_lines(texts, num_lines=9, seed=1)[:2]
