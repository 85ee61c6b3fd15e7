"""The comparison of tokenizers as a part of a track: bytes a token on held-out text, beside public tokenizers."""

from collections.abc import Iterator, Sequence

from fc_pipeline.corpus.part import split_key
from fc_pipeline.engine.deferred import deferred_imports
from fc_pipeline.engine.part import Part, Section
from fc_pipeline.engine.step import StepSpec
from fc_pipeline.evals.tokenizer.catalogue import resolve_tokenizer
from fc_pipeline.evals.tokenizer.config import TokenizerEvalFields

with deferred_imports():
    from fc_pipeline.evals.tokenizer.compare import compare_compression
    from fc_pipeline.evals.tokenizer.fetch import fetch_tokenizer
    from fc_pipeline.evals.tokenizer.report import compression


def comparison_steps(track: TokenizerEvalFields, parts: Sequence[Part]) -> Iterator[StepSpec]:
    """The public tokenizers, which tracks share, and the comparison."""
    entries = list(map(resolve_tokenizer, track.public_tokenizers))
    for entry in entries:
        yield StepSpec(
            key=f"tokenizers/{entry.name}",
            function=fetch_tokenizer,
            description=f"The tokenizer of {entry.title} ({entry.licence}), to compare ours with.",
            group="tokenizers",
            config=entry.model_dump(mode="json"),
            kinds=("python", entry.kind),
            key_metrics=("vocab_size",),
        )
    if entries:
        yield StepSpec(
            key=f"{track.name}/tokenizer_comparison",
            function=compare_compression,
            description="Bytes a token on held-out text, ours beside public tokenizers.",
            group=f"{track.name}_data",
            config={"titles": {entry.name: entry.title for entry in entries}},
            inputs={
                "documents": split_key(track),
                "tokenizer": track.tokenizer_key,
                **{entry.name: f"tokenizers/{entry.name}" for entry in entries},
            },
            key_metrics=tuple(f"bytes_per_token_{name}" for name in ("ours", *(entry.name for entry in entries))),
        )


PART = Part(
    name="tokenizer_comparison",
    fields=TokenizerEvalFields,
    steps=comparison_steps,
    sections=(Section(name="compression", title="Tokenizer beside public ones", read=compression, phase="tokens"),),
)
