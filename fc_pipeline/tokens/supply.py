"""What the sources of a track hold by published sizes, beside what its mixture needs: no more than arithmetic."""

from collections.abc import Iterator

from fc_pipeline.formatting import count, size
from fc_pipeline.sources.catalogue import read_source
from fc_pipeline.sources.schema import Source
from fc_pipeline.sources.static_checks import source_problems
from fc_pipeline.tokens.config import TokensFields
from fc_pipeline.tokens.mixture_config import shares

FAR = 5
"""A source may hold so many times the tokens that its domain needs: filters, duplicates and the holdout take some."""


def supply_problems(track: TokensFields) -> Iterator[str]:
    """One line each, with the remedy; empty when all domains can be filled, and nothing is downloaded for nothing."""
    sources = [read_source(entry) for entry in track.corpus.all_sources]
    for source in sources:
        yield from source_problems(source)
    for domain, needed in needed_tokens(track).items():
        yield from _domain_problems(track, domain, needed, [source for source in sources if domain in source.domains])


def needed_tokens(track: TokensFields) -> dict[str, int]:
    """Tokens by domain, over all splits of the mixture, by name."""
    needed: dict[str, float] = {}
    for weights, tokens in track.packed_mixture.splits.values():
        for domain, share in shares(weights).items():
            needed[domain] = needed.get(domain, 0) + share * tokens
    return {domain: round(needed[domain]) for domain in sorted(needed)}


def _domain_problems(track: TokensFields, domain: str, needed: int, sources: list[Source]) -> Iterator[str]:
    if not sources:
        yield (
            f"mixture.weights.{domain}: no source of the corpus is of this domain: add one to corpus.sources, or give "
            "the domain the weight 0"
        )
        return
    held = {source.name: source.num_tokens for source in sources}
    for source in sources:
        tokens, download = held[source.name], source.download_bytes
        if tokens is not None and download is not None and tokens > FAR * needed:
            yield (
                f"source {source.name}: {size(download)} to download, about {count(tokens)} tokens, where {domain} "
                f"needs {count(needed)}: set `max_bytes`, such as {2 * needed * download // tokens:,}"
            )
    known = [tokens for tokens in held.values() if tokens is not None]
    unique = needed / track.mixture.max_epochs / (1 - track.corpus.holdout.fraction)
    if len(known) == len(held) and sum(known) < unique:
        yield (
            f"mixture.weights.{domain}: {', '.join(held)} give about {count(sum(known))} tokens before any filter, and "
            f"{count(unique)} are needed: raise `max_bytes`, add a source, or lower the weight"
        )
