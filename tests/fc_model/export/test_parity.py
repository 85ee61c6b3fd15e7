"""The parity report: a good export passes, a wrong one clearly fails, and other runtimes can read what is expected."""

import json
from pathlib import Path

import numpy as np
import pytest
from factories.tiny_exports import Exports

from fc_model.errors import UserError
from fc_model.export import gguf as gguf_export
from fc_model.export.logit_comparison import LogitComparison
from fc_model.export.parity import EDGE_PROMPTS, ParityReport, ParitySettings, parity_report
from fc_model.export.tokenizer_comparison import compare_tokenizers, sample_lines
from fc_model.inference.decoder_runtime import DecoderRuntime

SETTINGS = ParitySettings(num_prompts=3, prompt_length=48, continuation_length=12, num_lines=300)


@pytest.fixture(scope="module")
def report_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("parity")


@pytest.fixture(scope="module")
def report(exports: Exports, report_folder: Path) -> ParityReport:
    return parity_report(
        model=exports.model,
        tokenizer_file=exports.tokenizer_file,
        huggingface_folder=exports.huggingface,
        gguf_files={"f16": exports.gguf("f16"), "q8_0": exports.gguf("q8_0")},
        texts=exports.texts,
        out_folder=report_folder,
        settings=SETTINGS,
    )


def test_good_exports_pass(report: ParityReport) -> None:
    metrics = report.metrics
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


def test_expected_outputs_can_be_replayed(exports: Exports, report: ParityReport, report_folder: Path) -> None:
    content = json.loads((report_folder / "parity.json").read_text(encoding="utf-8"))
    assert content["settings"]["seed"] == 0
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


def test_an_export_without_the_rope_permutation_fails(
    exports: Exports, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gguf_export, "interleave_rope", lambda name, weight, config: weight)
    wrong = tmp_path / "wrong.gguf"
    model = exports.model
    gguf_export.export_gguf(
        model, model.config, exports.tokenizer_file, wrong, quantization="f16", name="wrong", licence="apache-2.0"
    )
    metrics = parity_report(
        model=model,
        tokenizer_file=exports.tokenizer_file,
        huggingface_folder=None,
        gguf_files={"f16": wrong},
        texts=exports.texts,
        out_folder=tmp_path,
        settings=SETTINGS,
    ).metrics
    assert metrics["gguf_f16_top1"] < 0.75
    assert metrics["gguf_f16_max_logprob_diff"] > 1
    assert metrics["gguf_f16_greedy_match"] < 0.5


def test_characters_that_llama_cpp_lacks_are_listed(exports: Exports, tmp_path: Path) -> None:
    report = parity_report(
        model=exports.model,
        tokenizer_file=exports.tokenizer_file,
        huggingface_folder=None,
        gguf_files={"f16": exports.gguf("f16")},
        texts=["plain line\n", "日本 and 語\n"],
        out_folder=tmp_path,
        settings=SETTINGS,
    )
    assert report.metrics["tokenizer_match_llama_cpp"] == 0.5
    assert report.metrics["tokenizer_unexplained_llama_cpp"] == 0
    assert [miss["characters"] for miss in report.misses["llama_cpp"]] == [["日", "本", "語"]]
    assert json.loads((tmp_path / "tokenizer_misses.json").read_text(encoding="utf-8")) == report.misses


def test_nothing_to_compare_is_an_error(exports: Exports, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="held-out texts are empty"):
        parity_report(
            model=exports.model,
            tokenizer_file=exports.tokenizer_file,
            huggingface_folder=None,
            gguf_files={},
            texts=[],
            out_folder=tmp_path,
        )


def test_logit_comparison_sees_differences() -> None:
    expected = np.log(np.array([[0.5, 0.25, 0.25], [0.1, 0.1, 0.8]], dtype=np.float32))
    found = np.log(np.array([[0.25, 0.5, 0.25], [0.1, 0.1, 0.8]], dtype=np.float32))
    comparison = LogitComparison()
    comparison.add(expected=expected, found=found)
    metrics = comparison.metrics("x")
    assert metrics["x_top1"] == 0.5
    assert metrics["x_max_logprob_diff"] == pytest.approx(np.log(2))
    assert metrics["x_kl"] == pytest.approx(0.25 * np.log(2) / 2)
    comparison.add(expected=expected, found=np.full_like(found, np.nan))
    assert comparison.metrics("x")["x_max_logit_diff"] == float("inf")


def test_misses_without_an_unknown_character_are_unexplained() -> None:
    class Bytes:
        def encode(self, text: str) -> list[int]:
            return list(text.encode())

    outcome = compare_tokenizers(
        tokenizer=Bytes(),
        byte_ids=frozenset(range(128, 256)),
        lines=["ab", "é", "c"],
        found=[[97, 99], [0], [99]],
    )
    assert (outcome.num_lines, outcome.num_misses, outcome.unexplained) == (3, 2, 1)
    assert outcome.misses[1] == {"text": "é", "characters": ["é"], "expected": [195, 169], "found": [0]}


def test_sampled_lines_are_distinct_and_seeded() -> None:
    texts = ["a\nb\n", "b\nc"]
    assert sorted(sample_lines(texts, num_lines=9, seed=0)) == ["a\n", "b\n", "c"]
    assert sample_lines(texts, num_lines=2, seed=1) == sample_lines(texts, num_lines=9, seed=1)[:2]
