"""The step that makes `<track>/tokenizer_comparison`: bytes a token on the same held-out text, of each tokenizer."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from fc_model.artifacts import Artifact, read_records
from fc_model.tokenizer import Tokenizer
from fc_pipeline.engine.step import Step
from fc_pipeline.evals.tokenizer.fetch import JSON_FILE, MODEL_FILE

OURS = "ours"
_BYTES_PER_DOMAIN = 500_000
"""Of held-out text; the document that passes it is the last one."""


def compare_compression(step: Step) -> None:
    """Writes compression.json: {"titles": {tokenizer: name for people}, "vocab_sizes": {tokenizer: size},
    "documents": {domain: number}, "bytes": {domain: number}, "tokens": {tokenizer: {domain: number}}}.

    config: {"titles": {public tokenizer: name}}. inputs: `documents` with the holdout, `tokenizer`, and each public
    tokenizer by its name. Metrics: bytes_per_token_<tokenizer>(_<domain>), of all domains together and of each;
    more is better. vocab_size_<tokenizer>.
    """
    tokenizers = [OURS, *step.config["titles"]]
    own = Tokenizer(step.inputs["tokenizer"].path("tokenizer.model"))
    count: dict[str, Callable[[str], int]] = {OURS: lambda text: len(own.encode(text))}
    count |= {name: token_counter(step.inputs[name]) for name in step.config["titles"]}
    documents: Counter[str] = Counter()
    num_bytes: Counter[str] = Counter()
    tokens: dict[str, Counter[str]] = {name: Counter() for name in tokenizers}
    for record in read_records(step.inputs["documents"].path("holdout.jsonl.zst")):
        text, domain = record["text"], record["domain"]
        if num_bytes[domain] >= _BYTES_PER_DOMAIN:
            continue
        documents[domain] += 1
        num_bytes[domain] += len(text.encode())
        for name in tokenizers:
            tokens[name][domain] += count[name](text)
    sizes = {OURS: own.vocab_size} | {name: step.inputs[name].metrics["vocab_size"] for name in step.config["titles"]}
    report: dict[str, Any] = {
        "titles": {OURS: "ours", **step.config["titles"]},
        "vocab_sizes": sizes,
        "documents": dict(sorted(documents.items())),
        "bytes": dict(sorted(num_bytes.items())),
        "tokens": {name: dict(sorted(tokens[name].items())) for name in tokenizers},
    }
    step.out.write_text("compression.json", json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    for name in tokenizers:
        step.out.metrics[f"vocab_size_{name}"] = sizes[name]
        if total := tokens[name].total():
            step.out.metrics[f"bytes_per_token_{name}"] = round(num_bytes.total() / total, 4)
        for domain in sorted(num_bytes):
            if tokens[name][domain]:
                ratio = round(num_bytes[domain] / tokens[name][domain], 4)
                step.out.metrics[f"bytes_per_token_{name}_{domain}"] = ratio


def token_counter(artifact: Artifact) -> Callable[[str], int]:
    """The number of tokens of a text, without special tokens, of a public tokenizer as `fetch_tokenizer` wrote it."""
    if any(entry.path == MODEL_FILE for entry in artifact.manifest.files):
        from sentencepiece import SentencePieceProcessor

        processor = SentencePieceProcessor(model_proto=artifact.path(MODEL_FILE).read_bytes())
        return lambda text: len(processor.encode(text))
    from tokenizers import Tokenizer as PublicTokenizer

    tokenizer = PublicTokenizer.from_file(str(artifact.path(JSON_FILE)))
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False))
