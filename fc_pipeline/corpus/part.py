"""The corpus as a part of a track: sources, filters, duplicates, eval sets that may not be trained on, the holdout."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from fc_pipeline.corpus.config import CorpusConfig, CorpusFields
from fc_pipeline.corpus.expected_size import INDEX_COPIES, documents_size, source_size
from fc_pipeline.corpus.filter_quality import fixtures_digest
from fc_pipeline.engine.deferred import deferred_imports
from fc_pipeline.engine.part import Part, Section
from fc_pipeline.engine.step import StepSpec
from fc_pipeline.evalsets.steps import evalset_step
from fc_pipeline.sources.catalogue import read_source, resolve_source

with deferred_imports():
    from fc_pipeline.corpus.decontaminate import decontaminate
    from fc_pipeline.corpus.deduplicate import deduplicate
    from fc_pipeline.corpus.filter_documents import filter_documents
    from fc_pipeline.corpus.filter_quality import measure_filters
    from fc_pipeline.corpus.filters.perplexity_model import fit_perplexity_model
    from fc_pipeline.corpus.pages import clusters_page, contamination_page, filter_quality_page, filtered_page
    from fc_pipeline.corpus.report import contamination, documents, duplicates, filters
    from fc_pipeline.corpus.split import split
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
            key_metrics=("documents", "text_bytes", "dropped", "quarantined", "replaced_characters"),
            expected=source_size(source),
        )
    yield from map(evalset_step, corpus.decontamination.evalsets)
    step = partial(StepSpec, group=f"corpus_{corpus.name}")
    filtering = corpus.filtering.model_dump(mode="json")
    models: dict[str, str] = {}
    if any(chosen.kind == "perplexity" for chosen in corpus.filtering.filters):
        models = {"perplexity_model": f"corpus/{corpus.name}/perplexity_model"}
        yield step(
            key=models["perplexity_model"],
            function=fit_perplexity_model,
            description="Character n-gram models of the sources, by which the perplexity filter judges.",
            config=filtering,
            inputs={name: f"sources/{name}" for name in sources},
        )
    yield step(
        key=f"corpus/{corpus.name}/filter_quality",
        function=measure_filters,
        description="Precision and recall of the filters on labelled cases, at the thresholds of this corpus.",
        config={"filtering": filtering, "fixtures": fixtures_digest()},
        inputs=models,
        page=filter_quality_page,
        key_metrics=("precision_min", "recall_min"),
    )
    before: dict[str, str] = {}
    cleaned: dict[str, str] = {}
    for dump, entries in {"": corpus.sources, **corpus.dumps}.items():
        steps = list(_clean(corpus, entries, dump=dump, models=models, before=dict(before)))
        yield from steps
        before[f"before/{dump or 'base'}"] = steps[1].key
        for role, made in zip(("documents", "decontaminated"), steps[1:], strict=False):
            cleaned[f"{role}/{dump}" if dump else role] = made.key
    yield step(
        key=split_key(track),
        function=split,
        key_metrics=("train_documents", "train_bytes", "holdout_documents", "holdout_bytes"),
        description="Training documents and a holdout by duplicate cluster and domain.",
        config=corpus.holdout.model_dump(mode="json"),
        inputs=cleaned,
        expected=documents_size(sources.values()),
    )


def split_key(track: CorpusFields) -> str:
    """Key of the documents to train on and of those that are held out."""
    return f"corpus/{track.corpus.name}/split"


def without(track: CorpusFields, ids: Sequence[str]) -> CorpusFields:
    """The track, whose corpus leaves these documents and their copies out."""
    corpus = track.corpus
    sources = {resolve_source(entry).name for entry in corpus.all_sources}
    own = [name for name in ids if name.split("/")[0] in sources]
    dedup = corpus.dedup.model_copy(update={"removed": sorted({*corpus.dedup.removed, *own})})
    return track.model_copy(update={"corpus": corpus.model_copy(update={"dedup": dedup})})


def _clean(
    corpus: CorpusConfig,
    entries: list[str | dict[str, Any]],
    *,
    dump: str,
    models: dict[str, str],
    before: dict[str, str],
) -> Iterator[StepSpec]:
    """Filtering, deduplication, decontamination of the corpus (dump is ""), or of a dump that comes after others."""
    key = f"corpus/{corpus.name}/dumps/{{}}/{dump}" if dump else f"corpus/{corpus.name}/{{}}"
    sources = [read_source(entry) for entry in entries]
    step = partial(StepSpec, group=f"corpus_{corpus.name}", partition=dump or None, expected=documents_size(sources))
    yield step(
        key=key.format("filtered"),
        function=filter_documents,
        description="Documents that pass the filters; the dropped ones are kept by reason.",
        config=corpus.filtering.model_dump(mode="json"),
        inputs={source.name: f"sources/{source.name}" for source in sources} | models,
        page=filtered_page,
        key_metrics=("kept_fraction", "documents", "text_bytes", "dropped", "quarantined"),
    )
    yield step(
        key=key.format("deduplicated"),
        function=deduplicate,
        description="One of each group of equal or nearly equal documents (MinHash, verified by Jaccard).",
        config=corpus.dedup.model_dump(mode="json"),
        inputs={"documents": key.format("filtered")} | before,
        page=clusters_page,
        key_metrics=("documents", "text_bytes", "exact_duplicates", "near_duplicates", "taken_down"),
        expected=documents_size(sources, copies=1 + INDEX_COPIES),
    )
    if evalsets := [f"evalsets/{name}" for name in corpus.decontamination.evalsets]:
        yield step(
            key=key.format("decontaminated"),
            function=decontaminate,
            description="Which documents share a run of words with an item of the eval sets; they are dropped or cut.",
            config=corpus.decontamination.model_dump(mode="json"),
            inputs={"documents": key.format("deduplicated")} | {name: name for name in evalsets},
            page=contamination_page,
            key_metrics=("contaminated_documents", "cut_documents", "hits", "recall_min", "documents"),
            expected=documents_size(sources, copies=0),
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
