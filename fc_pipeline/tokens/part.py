"""Tokens as a part of a track: the tokenizer, the packed shards, and the splits that stages read."""

from collections.abc import Iterator, Sequence

from fc_model.config.stage import StageConfig
from fc_model.errors import suggestion
from fc_pipeline.corpus.part import split_key
from fc_pipeline.engine.deferred import deferred_imports
from fc_pipeline.engine.part import Part, Section, StageExtension
from fc_pipeline.engine.step import StepSpec
from fc_pipeline.tokens.config import TokensFields

with deferred_imports():
    from fc_pipeline.tokens.pack import pack_shards
    from fc_pipeline.tokens.report import mix, shards_page
    from fc_pipeline.tokens.train_tokenizer import train_tokenizer

_TOKEN_BYTES = 2


def check(track: TokensFields) -> None:
    """Raise ValueError where the stages read more tokens than are packed, or the mixture names no stage."""
    pretraining = [name for name, stage in track.stages.items() if stage.kind == "pretrain"]
    for name in track.mixture.stages:
        if name not in pretraining:
            raise ValueError(f"mixture.stages: {name!r} is no stage of pre-training{suggestion(name, track.stages)}")
    shared = [(name, stage) for name, stage in track.main_stages if name not in track.mixture.stages]
    _check_budget(track, "mixture.tokens", track.mixture.tokens, shared)
    for name, part in track.packed_mixture.stages.items():
        _check_budget(track, f"mixture.stages.{name}.tokens", part.tokens or 0, [(name, track.stages[name])])


def _check_budget(track: TokensFields, field: str, tokens: int, stages: list[tuple[str, StageConfig]]) -> None:
    limit = tokens * track.mixture.max_passes
    reads = {name: stage.text_tokens for name, stage in stages}
    if sum(reads.values()) > limit:
        parts = " + ".join(f"{name} {count:,}" for name, count in reads.items())
        raise ValueError(
            f"the stages read {sum(reads.values()):,} tokens ({parts}), {field} "
            f"({tokens:,}) x max_passes ({track.mixture.max_passes:g}) gives {limit:,.0f}: "
            f"raise {field} or lower the stages"
        )


def token_steps(track: TokensFields, parts: Sequence[Part]) -> Iterator[StepSpec]:
    """The tokenizer and the shards."""
    documents = split_key(track)
    yield StepSpec(
        key=track.tokenizer_key,
        function=train_tokenizer,
        description=f"SentencePiece {track.tokenizer.kind} tokenizer of {track.tokenizer.vocab_size:,} pieces.",
        group=f"{track.name}_data",
        config={"tokenizer": track.tokenizer.model_dump(mode="json"), "weights": dict(track.mixture.weights)},
        inputs={"documents": documents},
        key_metrics=("bytes_per_token", "vocab_size", "byte_token_share", "alphabet_misses", "round_trip_documents"),
    )
    yield StepSpec(
        key=track.shards_key,
        function=pack_shards,
        description="Token ids in the order of training, mixed by domain, traceable to their documents.",
        group=f"{track.name}_data",
        config=track.packed_mixture.model_dump(mode="json"),
        inputs={"documents": documents, "tokenizer": track.tokenizer_key},
        fresh_for_days=track.fresh_for_days,
        page=shards_page,
        expected={"disk_bytes": _TOKEN_BYTES * sum(tokens for _, tokens in track.packed_mixture.splits.values())},
        key_metrics=("tokens", "documents", "bytes_per_token", "mix_error_points", "vocab_size"),
    )


def read_shards(track: TokensFields, name: str, stage: StageConfig) -> StageExtension:
    """The shards of a stage; it continues its split where earlier stages ended."""
    split = track.mixture.split_of(name)
    first_batch = 0
    if stage.kind != "overfit":
        windows = 0
        for earlier, other in track.main_stages:
            if earlier == name:
                break
            if (track.mixture.split_of(earlier), other.seq_len) == (split, stage.seq_len):
                windows = (-(-windows // other.batch_size) + other.text_steps) * other.batch_size
        first_batch = -(-windows // stage.batch_size)
    return StageExtension(
        inputs={"shards": track.shards_key},
        stage={"first_batch": first_batch, "split": split},
        reads=f"{stage.batch_tokens:,} tokens ({stage.kind})",
    )


PART = Part(
    name="tokens",
    fields=TokensFields,
    steps=token_steps,
    check=check,
    extend_stage=read_shards,
    sections=(Section(name="mix", title="Mix and tokenizer", read=mix, phase="tokens"),),
)
