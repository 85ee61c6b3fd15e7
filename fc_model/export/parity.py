"""Does an export compute what the trained model computes?

Each runtime gets the same prompts as ids; its logits after every token and its greedy continuation are compared with
the trained model's, and its tokenizer with ours. `parity.json` keeps the prompts and the expected outputs, so that a
runtime which is not here can be held to them too.
"""

import itertools
import json
import random
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gguf import TokenType
from numpy.typing import NDArray

from fc_model.config.parity import ParityConfig
from fc_model.errors import UserError
from fc_model.export.gguf import tokenizer_sha256
from fc_model.export.llama_cpp.runtime import LlamaCpp
from fc_model.export.llama_cpp.server import server_completions
from fc_model.export.logit_comparison import LogitComparison
from fc_model.export.tokenizer_comparison import compare_tokenizers, sample_lines
from fc_model.export.vocabulary import read_vocabulary
from fc_model.inference.decoder_runtime import DecoderRuntime
from fc_model.inference.generate import Runtime, greedy
from fc_model.model.decoder import Decoder
from fc_model.special_tokens import END_OF_TURN
from fc_model.tokenizer import Tokenizer

PARITY_SCHEMA = 1

# Prompts beside the held-out ones: nothing, white space, code, numbers, an accent, a script and a symbol that most
# vocabularies lack, and the names of special tokens as plain text.
EDGE_PROMPTS = ("", "  \n\t", "def f(x):\n    return x", "3.14159 1e-10", "café", "日本語 🙂", "</s> <image>")


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """A prompt, and what the trained model makes of it. `ids` begin with BOS, as every document in training."""

    text: str
    ids: list[int]
    logits: NDArray[np.float32]  # [len(ids) + len(continuation), vocab]
    continuation: list[int]


def parity_report(
    *,
    model: Decoder,
    tokenizer_file: Path,
    huggingface_folder: Path | None,
    gguf_files: Mapping[str, Path],
    texts: Sequence[str],
    out_folder: Path,
    settings: ParityConfig,
    threads: int = 1,
    chat: bool = False,
) -> dict[str, float]:
    """Compare the exports of `model` with it; write parity.json and tokenizer_misses.json into `out_folder`.

    Returns flat metrics, to be gated. tokenizer_misses.json lists the lines on which a tokenizer differs from ours.
    `gguf_files` maps a quantization (it names the metrics) to its file; `texts` are held-out documents. Prompts are
    cut to what the model's context holds. The files of a `chat` model stop at the end of a turn too. Raises UserError
    when there is nothing to compare or an export won't load.
    """
    settings = _fit_context(settings, model.config.context_length)
    tokenizer = Tokenizer(tokenizer_file)
    vocabulary = read_vocabulary(tokenizer_file, vocab_size=model.config.vocab_size)
    if vocabulary.bos is None or vocabulary.eos is None:
        raise UserError(f"{tokenizer_file} lacks the token that begins or ends a document: train it with both")
    ends = {vocabulary.eos, *([vocabulary.control_id(END_OF_TURN)] if chat else [])}
    lines = sample_lines(texts, num_lines=settings.num_lines, seed=settings.seed)
    if not lines:
        raise UserError("parity: the held-out texts are empty, give some to compare on")
    control = vocabulary.of_type(TokenType.UNKNOWN, TokenType.CONTROL)
    lines += [f"the name {piece.text} in a text\n" for _, piece in control]
    prompts = make_prompts(model, tokenizer, bos=vocabulary.bos, texts=texts, settings=settings)
    _write_json(out_folder / "parity.json", expected_outputs(prompts, settings, threads=threads))

    metrics: dict[str, float] = {"parity_prompts": len(prompts), "tokenizer_lines": len(lines)}
    tokenized: dict[str, list[list[int]]] = {}
    if huggingface_folder is not None:
        from fc_model.export.transformers_runtime import TransformersModel, tokenize_with_transformers

        tokenized["hf"] = tokenize_with_transformers(huggingface_folder, lines)
        huggingface = TransformersModel(huggingface_folder)
        continuations = [greedy(huggingface, prompt.ids, settings.continuation_length) for prompt in prompts]
        metrics |= compare_runtime("huggingface", huggingface, prompts, continuations)
    for quantization, gguf_file in sorted(gguf_files.items()):
        name = f"gguf_{quantization}"
        if (made_with := tokenizer_sha256(gguf_file)) != tokenizer.fingerprint:
            raise UserError(
                f"{gguf_file}: made with tokenizer {(made_with or 'of no name')[:16]}, but the model was trained with "
                f"{tokenizer.fingerprint[:16]}: export it again"
            )
        with LlamaCpp(gguf_file, threads=threads) as llama_cpp:
            tokenized["llama_cpp"] = llama_cpp.tokenize(lines)
            continuations = [llama_cpp.greedy(prompt.ids, settings.continuation_length) for prompt in prompts]
            metrics |= compare_runtime(name, llama_cpp, prompts, continuations)
        served = server_completions(
            gguf_file,
            [prompt.ids for prompt in prompts],
            num_tokens=settings.continuation_length,
            context_length=model.config.context_length,
            threads=threads,
        )
        until_end = [_until(ends, prompt.continuation) for prompt in prompts]
        equal = [_until(ends, ids) == expected for ids, expected in zip(served, until_end, strict=True)]
        metrics[f"{name}_server_greedy_match"] = sum(equal) / len(equal)
    misses: dict[str, list[dict[str, Any]]] = {}
    byte_ids = frozenset(token for token, _ in vocabulary.of_type(TokenType.BYTE))
    for name, ids_of_lines in tokenized.items():
        matches, misses[name] = compare_tokenizers(
            name, ids_of_lines, lines=lines, tokenizer=tokenizer, byte_ids=byte_ids
        )
        metrics |= matches
    _write_json(out_folder / "tokenizer_misses.json", misses)
    return metrics


def make_prompts(
    model: Decoder, tokenizer: Tokenizer, *, bos: int, texts: Sequence[str], settings: ParityConfig
) -> list[Prompt]:
    """The edge prompts and the beginnings of `num_prompts` texts in a seeded choice, with the model's outputs."""
    cached = DecoderRuntime(model)
    chosen = random.Random(settings.seed).sample(sorted(texts), k=min(settings.num_prompts, len(texts)))
    prompts = []
    for text in (*EDGE_PROMPTS, *chosen):
        # A token has at most 16 characters on average, so this is enough text and no long document is cut for nothing.
        start = text[: 16 * settings.prompt_length]
        ids = [bos, *tokenizer.encode(start)][: settings.prompt_length]
        continuation = greedy(cached, ids, settings.continuation_length)
        prompts.append(
            Prompt(text=start, ids=ids, logits=_forward(model, ids + continuation), continuation=continuation)
        )
    return prompts


def expected_outputs(prompts: Sequence[Prompt], settings: ParityConfig, *, threads: int) -> dict[str, Any]:
    """What another runtime must reproduce: for each prompt the greedy ids, and the top-k logits behind each of them.

    The ids of a prompt are BOS and the first tokens of its text.
    """
    outputs = []
    for prompt in prompts:
        behind = prompt.logits[len(prompt.ids) - 1 : -1]
        order = np.argsort(-behind, axis=1, kind="stable")[:, : settings.top_k]
        outputs.append(
            {
                "text": prompt.text,
                "ids": prompt.ids,
                "expected_ids": prompt.continuation,
                "topk_ids": order.tolist(),
                "topk_logits": np.take_along_axis(behind, order, axis=1).astype(np.float64).round(5).tolist(),
            }
        )
    sizes = settings.model_dump() | {"threads": threads}
    return {"schema": PARITY_SCHEMA, "sampling": "greedy", "settings": sizes, "prompts": outputs}


def compare_runtime(
    name: str, runtime: Runtime, prompts: Sequence[Prompt], continuations: Sequence[Sequence[int]]
) -> dict[str, float]:
    """Metrics over every position of every prompt and its expected continuation, and the share of equal ones."""
    comparison = LogitComparison()
    for prompt in prompts:
        comparison.add(expected=prompt.logits, actual=runtime.logits(prompt.ids + prompt.continuation))
    equal = [prompt.continuation == list(ids) for prompt, ids in zip(prompts, continuations, strict=True)]
    return comparison.metrics(name) | {f"{name}_greedy_match": sum(equal) / len(equal)}


def _until(ends: Set[int], ids: Sequence[int]) -> list[int]:
    """`ids` before the first of `ends`, where llama.cpp's server stops."""
    return list(itertools.takewhile(lambda token: token not in ends, ids))


def _fit_context(settings: ParityConfig, context_length: int) -> ParityConfig:
    continuation_length = min(settings.continuation_length, context_length // 2)
    prompt_length = min(settings.prompt_length, context_length - continuation_length)
    return settings.model_copy(update={"continuation_length": continuation_length, "prompt_length": prompt_length})


def _forward(model: Decoder, ids: list[int]) -> NDArray[np.float32]:
    with torch.inference_mode():
        logits = model(torch.tensor([ids], device=model.embed_tokens.weight.device))[0]
    array: NDArray[np.float32] = logits.float().cpu().numpy()
    return array


def _write_json(file: Path, content: dict[str, Any]) -> None:
    file.write_text(json.dumps(content, ensure_ascii=False, sort_keys=True, indent=1) + "\n", encoding="utf-8")
