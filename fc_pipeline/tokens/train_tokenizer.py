"""The step that makes `<track>/tokenizer`: a SentencePiece model trained on the documents of a track's mixture."""

import heapq
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, field_validator

from fc_model.artifacts import read_records
from fc_model.config.strict import Strict
from fc_model.errors import UserError
from fc_pipeline.corpus.document import draw
from fc_pipeline.engine.step import Step
from fc_pipeline.executors.local import in_child
from fc_pipeline.tokens.sentencepiece_counts import LINE_SYMBOLS, count_units, train_sentencepiece

if TYPE_CHECKING:
    from pathlib import Path

    from fc_model.tokenizer import Tokenizer

_MEASURED_BYTES = 4_000_000  # of every domain's holdout


class TokenizerConfig(Strict):
    """Settings of the tokenizer and its training."""

    kind: Literal["unigram", "bpe"] = Field(
        default="unigram", description='SentencePiece model; in GGUF unigram is "t5" and bpe is "llama".'
    )
    vocab_size: int = Field(ge=300, le=1 << 20, description="Pieces, with special tokens and the 256 byte tokens.")
    character_coverage: float = Field(default=1.0, gt=0, le=1, description="Of the characters; the others are bytes.")
    input_bytes: int = Field(default=20_000_000, gt=0, description="Text to train on, split over domains by weight.")
    extra_symbols: tuple[str, ...] = Field(default=(), description="Pieces of their own, beside line ends and tabs.")
    seed: int = Field(default=0, ge=0, description="Changes which documents are sampled.")

    @field_validator("extra_symbols")
    @classmethod
    def _without_spaces(cls, symbols: tuple[str, ...]) -> tuple[str, ...]:
        for symbol in symbols:
            if not symbol or " " in symbol or "\u2581" in symbol:
                raise ValueError(f"{symbol!r}: give strings that are not empty and have no space in them")
        return symbols


def train_tokenizer(step: Step) -> None:
    """Writes tokenizer.model, the SentencePiece model, and vocab.json, its pieces as readable JSON.

    config: {"tokenizer": TokenizerConfig, "weights": {domain: weight}}. inputs: `documents`, with train.jsonl.zst
    to train on and holdout.jsonl.zst to measure on. Metrics: vocab_size, alphabet_size,
    sample_bytes_<domain>, and on the holdout bytes_per_token(_<domain>) and the share of byte tokens.

    Raises:
        UserError: vocab_size does not fit the corpus, or a domain of the mixture has no documents.
    """
    from fc_model.export.exact_scores import round_scores
    from fc_model.tokenizer import Tokenizer

    config = TokenizerConfig.model_validate(step.config["tokenizer"])
    weights: dict[str, float] = step.config["weights"]
    documents = step.inputs["documents"]
    train_file = documents.path("train.jsonl.zst")
    sample = sample_documents(read_records(train_file), weights=weights, num_bytes=config.input_bytes, seed=config.seed)
    missing = sorted(domain for domain, texts in sample.items() if not texts)
    if missing:
        raise UserError(
            f"{step.key}: the mixture has weights for {', '.join(missing)}, of which {train_file} has no documents; "
            "add a source of that domain or take the weight out"
        )

    symbols = (*LINE_SYMBOLS, *config.extra_symbols)
    units: Counter[str] = Counter()
    metrics = step.out.metrics
    for domain in sorted(sample):
        units.update(count_units(sample[domain], symbols=symbols))
        metrics[f"sample_bytes_{domain}"] = sum(len(text.encode()) for text in sample[domain])
    train = partial(
        train_sentencepiece,
        kind=config.kind,
        vocab_size=config.vocab_size,
        character_coverage=config.character_coverage,
        symbols=symbols,
    )
    model = in_child(train, units, what=f"{step.key}: SentencePiece")
    if config.kind == "unigram":
        model = round_scores(model)
    with step.out.open("tokenizer.model") as file:
        file.write(model)

    tokenizer = Tokenizer(step.out.folder / "tokenizer.model")
    pieces = describe_pieces(tokenizer.model_file)
    step.out.write_text("vocab.json", "[\n" + ",\n".join(json.dumps(p, ensure_ascii=False) for p in pieces) + "\n]\n")
    alphabet = {piece["piece"] for piece in pieces if piece["type"] == "normal" and len(piece["piece"]) == 1}
    metrics["vocab_size"] = tokenizer.vocab_size
    metrics["alphabet_size"] = len(alphabet)
    metrics |= measure(tokenizer, read_records(documents.path("holdout.jsonl.zst")), domains=sample)


def sample_documents(
    records: Iterable[dict[str, Any]], *, weights: Mapping[str, float], num_bytes: int, seed: int
) -> dict[str, list[str]]:
    """Texts of each domain, about `num_bytes` in all, split by weight; a small domain is taken whole.

    The sample does not depend on the order of the documents, one more document replaces few, and no more than the
    sample is held in memory.
    """
    limits = {domain: num_bytes * weight / sum(weights.values()) for domain, weight in weights.items() if weight > 0}
    heaps: dict[str, list[tuple[int, str, str, int]]] = {domain: [] for domain in limits}
    sizes = dict.fromkeys(limits, 0)
    for record in records:
        domain = record["domain"]
        if domain not in limits:
            continue
        size = len(record["text"].encode())
        heapq.heappush(heaps[domain], (-draw(f"{seed}\0{record['id']}"), record["id"], record["text"], size))
        sizes[domain] += size
        while sizes[domain] - heaps[domain][0][3] >= limits[domain]:
            sizes[domain] -= heapq.heappop(heaps[domain])[3]
    return {domain: [text for _, _, text, _ in sorted(heap, reverse=True)] for domain, heap in sorted(heaps.items())}


def describe_pieces(model_file: "Path") -> list[dict[str, Any]]:
    """Every piece of a SentencePiece model: id, piece, type, score."""
    from sentencepiece import sentencepiece_model_pb2 as messages

    proto = messages.ModelProto.FromString(model_file.read_bytes())  # type: ignore[attr-defined]  # made at import time from a descriptor
    names = {number: name.lower() for name, number in messages.ModelProto.SentencePiece.Type.items()}  # type: ignore[attr-defined]
    return [
        {"id": token, "piece": piece.piece, "type": names[piece.type], "score": piece.score}
        for token, piece in enumerate(proto.pieces)
    ]


def measure(tokenizer: "Tokenizer", records: Iterable[dict[str, Any]], *, domains: Iterable[str]) -> dict[str, float]:
    """Bytes per token of held-out documents, and the share of byte tokens; checks each round trip."""
    num_bytes, num_tokens = Counter(dict.fromkeys(domains, 0)), Counter(dict.fromkeys(domains, 0))
    num_byte_tokens = num_documents = 0
    unknown: Counter[str] = Counter()
    byte_ids = tokenizer.byte_ids
    for record in records:
        text, domain = record["text"], record["domain"]
        if num_bytes.get(domain, _MEASURED_BYTES) >= _MEASURED_BYTES:
            continue
        ids = tokenizer.encode(text)
        if tokenizer.decode(ids) != text:
            raise RuntimeError(f"{record['id']}: decoding its tokens does not give it back")
        num_documents += 1
        num_bytes[domain] += len(text.encode())
        num_tokens[domain] += len(ids)
        spelled = sum(token in byte_ids for token in ids)
        if spelled:
            num_byte_tokens += spelled
            unknown.update({char: 1 for char in set(text) if not byte_ids.isdisjoint(tokenizer.encode(char))})
    metrics = {
        f"bytes_per_token_{d}": round(num_bytes[d] / num_tokens[d], 4) for d in sorted(num_tokens) if num_tokens[d]
    }
    total = max(num_tokens.total(), 1)
    return metrics | {
        "bytes_per_token": round(num_bytes.total() / total, 4),
        "byte_token_share": round(num_byte_tokens / total, 6),
        "alphabet_misses": len(unknown),
        "round_trip_documents": num_documents,
    }
