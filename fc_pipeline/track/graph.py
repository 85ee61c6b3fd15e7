"""The graph of all tracks: which steps there are, and what each is made from."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from fc_pipeline.corpus.filter_quality import fixtures_digest
from fc_pipeline.engine.gates import Gate, SharedGate
from fc_pipeline.engine.graph import Graph
from fc_pipeline.engine.step import StepSpec
from fc_pipeline.evalsets.catalogue import resolve_evalset
from fc_pipeline.images.steps import image_roles, image_steps
from fc_pipeline.lineage.takedown_list import taken_down
from fc_pipeline.report.template_files import templates_digest
from fc_pipeline.sources.catalogue import resolve_source
from fc_pipeline.track.config import CorpusConfig, TrackConfig


def build_graph(tracks: Iterable[TrackConfig], *, also_without: Sequence[str] = ()) -> Graph:
    """Sources and corpora are shared: tracks that name the same one must declare it equally (UserError).

    Documents that were taken down (fc_pipeline/lineage/takedown.py), or are to be left out as well, are part of the
    recipe of the corpora that read their sources.
    """
    steps: list[StepSpec] = []
    gates: dict[str, list[Gate]] = {}
    for track in tracks:
        steps += [*_corpus(track.corpus, also_without), *_data(track), *_images(track)]
        steps += [*_training(track), *_exports(track)]
        steps.append(_report(track))
        for key, gate in _gates(track):
            gates.setdefault(key, []).append(gate)
    return Graph(steps, gates)


def _gates(track: TrackConfig) -> Iterator[tuple[str, Gate]]:
    """What each gate is set on. One on the corpus names the track, which it alone holds up."""
    for gate in track.gates:
        folder, _, part = gate.artifact.partition("/")
        if folder == "corpus":
            yield f"corpus/{track.corpus.name}/{part}", SharedGate(**gate.model_dump(), track=track.name)
        else:
            yield f"{track.name}/{gate.artifact}", gate


def _corpus(corpus: CorpusConfig, also_without: Sequence[str]) -> Iterator[StepSpec]:
    sources = {source.name: source for source in map(resolve_source, corpus.all_sources)}
    for source in sources.values():
        yield StepSpec(
            key=f"sources/{source.name}",
            function="fc_pipeline.sources.fetch:fetch_source",
            description=f"Documents of {source.name} ({source.kind}, {source.licence}), extracted to text.",
            group="sources",
            config=source.model_dump(mode="json"),
            kinds=("python", source.kind) if source.kind == "pypi" else ("python",),
        )
    removed = {*taken_down(list(sources)), *(name for name in also_without if name.split("/")[0] in sources)}
    if removed:
        corpus = corpus.model_copy(update={"dedup": corpus.dedup.model_copy(update={"removed": sorted(removed)})})
    for evalset in map(resolve_evalset, corpus.decontamination.evalsets):
        yield StepSpec(
            key=f"evalsets/{evalset.name}",
            function="fc_pipeline.evalsets.fetch:fetch_evalset",
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
        key=f"{base}/split",
        function="fc_pipeline.corpus.split:split",
        description="Training documents and a holdout by duplicate cluster and domain.",
        group=f"corpus_{corpus.name}",
        config=corpus.holdout.model_dump(mode="json"),
        inputs=cleaned,
    )


def _filter_quality(corpus: CorpusConfig, sources: Iterable[str]) -> Iterator[StepSpec]:
    """What the filters are worth, and what the perplexity filter judges by, if it is there."""
    base, group = f"corpus/{corpus.name}", f"corpus_{corpus.name}"
    filtering = corpus.filtering.model_dump(mode="json")
    if "perplexity_model" in corpus.parts:
        yield StepSpec(
            key=f"{base}/perplexity_model",
            function="fc_pipeline.corpus.filters.perplexity_model:fit_perplexity_model",
            description="Character n-gram models of the sources, by which the perplexity filter judges.",
            group=group,
            config=filtering,
            inputs={name: f"sources/{name}" for name in sources},
        )
    yield StepSpec(
        key=f"{base}/filter_quality",
        function="fc_pipeline.corpus.filter_quality:measure_filters",
        description="Precision and recall of the filters on labelled cases, at the thresholds of this corpus.",
        group=group,
        config={"filtering": filtering, "fixtures": fixtures_digest()},
        inputs=_perplexity_model(corpus),
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
        function="fc_pipeline.corpus.filter_documents:filter_documents",
        description="Documents that pass the filters; the dropped ones are kept by reason.",
        group=group,
        config=corpus.filtering.model_dump(mode="json"),
        inputs={name: f"sources/{name}" for name in (resolve_source(entry).name for entry in entries)}
        | _perplexity_model(corpus),
        partition=dump,
    )
    yield StepSpec(
        key=f"{base}/deduplicated{suffix}",
        function="fc_pipeline.corpus.deduplicate:deduplicate",
        description="One of each group of equal or nearly equal documents (MinHash, verified by Jaccard).",
        group=group,
        config=corpus.dedup.model_dump(mode="json"),
        inputs={"documents": f"{base}/filtered{suffix}"}
        | {f"before/{name}": key for name, key in (before or {}).items()},
        partition=dump,
    )
    if corpus.decontamination.evalsets:
        yield StepSpec(
            key=f"{base}/decontaminated{suffix}",
            function="fc_pipeline.corpus.decontaminate:decontaminate",
            description="Documents that share no run of words with an item of the eval sets.",
            group=group,
            config=corpus.decontamination.model_dump(mode="json"),
            inputs={"documents": f"{base}/deduplicated{suffix}"}
            | {f"evalsets/{name}": f"evalsets/{name}" for name in corpus.decontamination.evalsets},
            partition=dump,
        )


def _data(track: TrackConfig) -> Iterator[StepSpec]:
    split = f"corpus/{track.corpus.name}/split"
    group = f"{track.name}_data"
    gated = tuple(dict.fromkeys(key for key, gate in _gates(track) if isinstance(gate, SharedGate)))
    yield StepSpec(
        key=f"{track.name}/tokenizer",
        function="fc_pipeline.tokens.train_tokenizer:train_tokenizer",
        description=f"SentencePiece {track.tokenizer.kind} tokenizer of {track.tokenizer.vocab_size:,} pieces.",
        group=group,
        config={"tokenizer": track.tokenizer.model_dump(mode="json"), "weights": dict(track.mixture.weights)},
        inputs={"documents": split},
        requires=gated,
    )
    yield StepSpec(
        key=f"{track.name}/shards",
        function="fc_pipeline.tokens.pack:pack_shards",
        description="Token ids in the order of training, mixed by domain, traceable to their documents.",
        group=group,
        config=track.packed_mixture.model_dump(mode="json"),
        inputs={"documents": split, "tokenizer": f"{track.name}/tokenizer"},
        requires=gated,
        fresh_for_days=track.fresh_for_days,
    )


def _images(track: TrackConfig) -> Iterator[StepSpec]:
    if track.images is not None:
        yield from image_steps(
            track.images,
            track=track.name,
            documents=f"corpus/{track.corpus.name}/split",
            requires=tuple(dict.fromkeys(key for key, gate in _gates(track) if isinstance(gate, SharedGate))),
        )


def _training(track: TrackConfig) -> Iterator[StepSpec]:
    shards, tokenizer = f"{track.name}/shards", f"{track.name}/tokenizer"
    start: str | None = None
    before: str | None = None
    last_text: str | None = None
    windows_read: dict[tuple[str, int], int] = {}
    for name, stage in track.stages.items():
        key = f"{track.name}/stages/{name}"
        goes_on = stage.kind != "overfit"
        split = track.mixture.split_of(name)
        first_batch = -(-windows_read.get((split, stage.seq_len), 0) // stage.batch_size) if goes_on else 0
        config: dict[str, Any] = {
            "model": track.model.model_dump(mode="json"),
            "stage": stage.model_copy(update={"first_batch": first_batch, "split": split}).model_dump(mode="json"),
        }
        what = f"{stage.batch_tokens:,} tokens ({stage.kind})"
        if stage.images is not None and track.vision is not None:
            config["vision"] = track.vision.model_dump(mode="json")
            # What was judged goes on; between stages of text the last step's weights do, as their schedules expect.
            config["start_weights"] = track.evals.weights
            what = f"images: {', '.join(group.name for group in stage.images.groups)}"
        yield StepSpec(
            key=key,
            function="fc_pipeline.training.stage:train_stage",
            description=f"{stage.num_steps:,} steps of {what}.",
            group=f"{track.name}_training",
            config=config,
            inputs={"shards": shards}
            | ({"start": start} if start and goes_on else {})
            | ({"images": f"{track.name}/images"} if stage.images is not None else {}),
            requires=(before,) if before else (),
            kinds=("pytorch", "mlflow"),
            accelerator=True,
        )
        before = key
        if not goes_on:
            continue
        yield StepSpec(
            key=f"{track.name}/evals/{name}",
            function="fc_pipeline.evals.text:evaluate",
            description=f"Held-out bits per byte by domain and samples, after {name}.",
            group=f"{track.name}_training",
            config=track.evals.model_dump(mode="json"),
            inputs={"stage": key, "shards": shards, "tokenizer": tokenizer},
            kinds=("pytorch",),
            accelerator=True,
        )
        before = f"{track.name}/evals/{name}"
        if stage.images is None:
            last_text = before
        else:
            yield StepSpec(
                key=f"{track.name}/image_evals/{name}",
                function="fc_pipeline.evals.images:evaluate_images",
                description=f"Held-out reading, answers and retrieval by kind and face, after {name}.",
                group=f"{track.name}_training",
                config=track.image_evals.model_dump(mode="json"),
                inputs={"stage": key, "images": f"{track.name}/images", "shards": shards, "text": before}
                | ({"before": last_text} if last_text else {}),
                kinds=("pytorch",),
                accelerator=True,
            )
            before = f"{track.name}/image_evals/{name}"
        start = key
        windows_read[split, stage.seq_len] = (first_batch + stage.text_steps) * stage.batch_size


def _exports(track: TrackConfig) -> Iterator[StepSpec]:
    final = {"stage": f"{track.name}/stages/{track.final_stage}", "tokenizer": f"{track.name}/tokenizer"}
    eyes = track.stages[track.final_stage].images is not None
    gated = tuple(f"{track.name}/{part}/{track.final_stage}" for part in ("evals", *(["image_evals"] if eyes else [])))
    group = f"{track.name}_exports"
    about = {"name": track.name, "description": track.description}
    yield StepSpec(
        key=f"{track.name}/exports/huggingface",
        function="fc_pipeline.exports.export:huggingface",
        description="Folder that transformers loads as LlamaForCausalLM with its tokenizer.",
        group=group,
        config={**about, "weights": track.evals.weights},
        inputs=final,
        requires=gated,
        kinds=("huggingface",),
    )
    yield StepSpec(
        key=f"{track.name}/exports/gguf",
        function="fc_pipeline.exports.export:gguf",
        description=f"GGUF files for llama.cpp: {', '.join(track.exports.gguf.quantizations)}.",
        group=group,
        config={**about, "weights": track.evals.weights, **track.exports.gguf.model_dump(mode="json")},
        inputs=final,
        requires=gated,
    )
    yield StepSpec(
        key=f"{track.name}/parity",
        function="fc_pipeline.exports.export:parity",
        description="Token ids and logits of torch, transformers and llama.cpp, side by side.",
        group=group,
        config={"weights": track.evals.weights, **track.parity.model_dump(mode="json")},
        inputs={
            **final,
            "documents": f"corpus/{track.corpus.name}/split",
            "huggingface": f"{track.name}/exports/huggingface",
            "gguf": f"{track.name}/exports/gguf",
        },
    )


def _report(track: TrackConfig) -> StepSpec:
    """Its inputs are every artifact of the track, in the order of the work."""
    keys = {key: key for key in (f"sources/{resolve_source(entry).name}" for entry in track.corpus.all_sources)}
    for part in track.corpus.parts:
        keys[f"corpus/{part}"] = f"corpus/{track.corpus.name}/{part}"
    if track.images is not None:
        keys |= {key: key for key in image_roles(track.images)}
        own = ["synthetic", "images"] if track.images.synthetic is not None else ["images"]
        keys |= {role: f"{track.name}/{role}" for role in own}
    for role in ("tokenizer", "shards", *_stage_roles(track), "exports/huggingface", "exports/gguf", "parity"):
        keys[role] = f"{track.name}/{role}"
    return StepSpec(
        key=f"{track.name}/report",
        function="fc_pipeline.report.write:write_report",
        description="Report and model card, written from the manifests.",
        group=f"{track.name}_report",
        config={
            "name": track.name,
            "description": track.description,
            "weights": dict(track.mixture.weights),
            "gates": [gate.model_dump(mode="json") for gate in track.gates],
            "templates": templates_digest(),
        },
        inputs=keys,
    )


def _stage_roles(track: TrackConfig) -> list[str]:
    return [
        f"{part}/{name}"
        for name, stage in track.stages.items()
        for part in (
            "stages",
            *([] if stage.kind == "overfit" else ["evals"]),
            *(["image_evals"] if stage.images else []),
        )
    ]
