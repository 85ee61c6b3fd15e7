"""The corpus as a part of a track: sources, filters, duplicates, eval sets that may not be trained on, the holdout."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from fc_pipeline.corpus.config import CorpusConfig, CorpusFields
from fc_pipeline.corpus.filter_quality import fixtures_digest
from fc_pipeline.engine.deferred import deferred_imports
from fc_pipeline.engine.part import Part, Section
from fc_pipeline.engine.step import StepSpec
from fc_pipeline.evalsets.catalogue import resolve_evalset
from fc_pipeline.sources.catalogue import resolve_source

with deferred_imports():
    from fc_pipeline.corpus.decontaminate import decontaminate
    from fc_pipeline.corpus.deduplicate import deduplicate
    from fc_pipeline.corpus.filter_documents import filter_documents
    from fc_pipeline.corpus.filter_quality import measure_filters
    from fc_pipeline.corpus.filters.perplexity_model import fit_perplexity_model
    from fc_pipeline.corpus.pages import clusters_page, contamination_page, filter_quality_page, filtered_page
    from fc_pipeline.corpus.report import contamination, documents, duplicates, filters
    from fc_pipeline.corpus.split import split
    from fc_pipeline.evalsets.fetch import fetch_evalset
    from fc_pipeline.sources.fetch import fetch_source


def corpus_steps(track: CorpusFields, parts: Sequence[Part]) -> Iterator[StepSpec]:
    """Sources, eval sets and the corpus: tracks that name the same ones share them."""
    corpus = track.corpus
    sources = {source.name: source for source in map(resolve_source, corpus.all_sources)}
    for source in sources.values():
        yield StepSpec(
            key=f"sources/{source.name}",
            function=fetch_source,
            description=f"Documents of {source.name} ({source.kind}, {source.licence}), extracted to text.",
            group="sources",
            config=source.model_dump(mode="json"),
            kinds=("python", source.kind) if source.kind == "pypi" else ("python",),
            page=filtered_page,
        )
    for evalset in map(resolve_evalset, corpus.decontamination.evalsets):
        yield StepSpec(
            key=f"evalsets/{evalset.name}",
            function=fetch_evalset,
            description=f"Items that may not be trained on. {evalset.measures}",
            group="evalsets",
            config=evalset.model_dump(mode="json"),
        )
    yield from _filter_quality(corpus, sources)
    base = f"corpus/{corpus.name}"
    before = {"base": f"{base}/deduplicated"}
    cleaned = {"documents": _cleaned(corpus)}
    yield from _clean(corpus, corpus.sources)
    for dump, entries in corpus.dumps.items():
        yield from _clean(corpus, entries, dump=dump, before=dict(before))
        before[dump] = f"{base}/dumps/deduplicated/{dump}"
        cleaned[f"documents/{dump}"] = _cleaned(corpus, dump)
    yield StepSpec(
        key=split_key(track),
        function=split,
        description="Training documents and a holdout by duplicate cluster and domain.",
        group=f"corpus_{corpus.name}",
        config=corpus.holdout.model_dump(mode="json"),
        inputs=cleaned,
    )


def split_key(track: CorpusFields) -> str:
    """Key of the documents to train on and of those that are held out."""
    return f"corpus/{track.corpus.name}/split"


def without(track: CorpusFields, ids: Sequence[str]) -> CorpusFields:
    """The track, whose corpus leaves these documents and their copies out."""
    sources = {resolve_source(entry).name for entry in track.corpus.all_sources}
    own = [name for name in ids if name.split("/")[0] in sources]
    return track.model_copy(update={"corpus": _without(track.corpus, own)})


def _without(corpus: CorpusConfig, ids: Sequence[str]) -> CorpusConfig:
    removed = sorted({*corpus.dedup.removed, *ids})
    return corpus.model_copy(update={"dedup": corpus.dedup.model_copy(update={"removed": removed})})


def _filter_quality(corpus: CorpusConfig, sources: Iterable[str]) -> Iterator[StepSpec]:
    """What the filters are worth, and what the perplexity filter judges by, if it is there."""
    base, group = f"corpus/{corpus.name}", f"corpus_{corpus.name}"
    filtering = corpus.filtering.model_dump(mode="json")
    if "perplexity_model" in corpus.parts:
        yield StepSpec(
            key=f"{base}/perplexity_model",
            function=fit_perplexity_model,
            description="Character n-gram models of the sources, by which the perplexity filter judges.",
            group=group,
            config=filtering,
            inputs={name: f"sources/{name}" for name in sources},
        )
    yield StepSpec(
        key=f"{base}/filter_quality",
        function=measure_filters,
        description="Precision and recall of the filters on labelled cases, at the thresholds of this corpus.",
        group=group,
        config={"filtering": filtering, "fixtures": fixtures_digest()},
        inputs=_perplexity_model(corpus),
        page=filter_quality_page,
    )


def _perplexity_model(corpus: CorpusConfig) -> dict[str, str]:
    if "perplexity_model" not in corpus.parts:
        return {}
    return {"perplexity_model": f"corpus/{corpus.name}/perplexity_model"}


def _cleaned(corpus: CorpusConfig, dump: str | None = None) -> str:
    """Key of what cleaning ends with."""
    last = "decontaminated" if corpus.decontamination.evalsets else "deduplicated"
    return f"corpus/{corpus.name}/{last}" if dump is None else f"corpus/{corpus.name}/dumps/{last}/{dump}"


def _clean(
    corpus: CorpusConfig,
    entries: list[str | dict[str, Any]],
    *,
    dump: str | None = None,
    before: dict[str, str] | None = None,
) -> Iterator[StepSpec]:
    """The cleaned documents of the corpus, or of a dump that comes after others."""
    base = f"corpus/{corpus.name}" if dump is None else f"corpus/{corpus.name}/dumps"
    suffix = "" if dump is None else f"/{dump}"
    group = f"corpus_{corpus.name}"
    yield StepSpec(
        key=f"{base}/filtered{suffix}",
        function=filter_documents,
        description="Documents that pass the filters; the dropped ones are kept by reason.",
        group=group,
        config=corpus.filtering.model_dump(mode="json"),
        inputs={name: f"sources/{name}" for name in (resolve_source(entry).name for entry in entries)}
        | _perplexity_model(corpus),
        partition=dump,
        page=filtered_page,
    )
    yield StepSpec(
        key=f"{base}/deduplicated{suffix}",
        function=deduplicate,
        description="One of each group of equal or nearly equal documents (MinHash, verified by Jaccard).",
        group=group,
        config=corpus.dedup.model_dump(mode="json"),
        inputs={"documents": f"{base}/filtered{suffix}"}
        | {f"before/{name}": key for name, key in (before or {}).items()},
        partition=dump,
        page=clusters_page,
    )
    if corpus.decontamination.evalsets:
        yield StepSpec(
            key=f"{base}/decontaminated{suffix}",
            function=decontaminate,
            description="Documents that share no run of words with an item of the eval sets.",
            group=group,
            config=corpus.decontamination.model_dump(mode="json"),
            inputs={"documents": f"{base}/deduplicated{suffix}"}
            | {f"evalsets/{name}": f"evalsets/{name}" for name in corpus.decontamination.evalsets},
            partition=dump,
            page=contamination_page,
        )


PART = Part(
    name="corpus",
    fields=CorpusFields,
    steps=corpus_steps,
    without=without,
    sections=(
        Section(name="documents", title="Documents", read=documents),
        Section(name="filters", title="Filters", read=filters),
        Section(name="duplicates", title="Duplicates", read=duplicates),
        Section(name="evalsets", title="Eval sets", read=contamination),
    ),
)
