"""The step that makes `corpus/<name>/decontaminated`: documents that hold no item of the eval sets.

A document that shares enough words in a row with an item is dropped, or what it shares is cut out (Brown et al. 2020,
appendix C). Ours and not datatrove's NGramsDecont blocks: their index needs lighteval, which loads its tasks from the
hub, and knows only the task of an n-gram, not the item.
"""

import json
import unicodedata
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from fc_model.artifacts import read_records
from fc_pipeline.corpus.decontamination.config import DecontaminationConfig
from fc_pipeline.corpus.decontamination.contamination import (
    Found,
    Hit,
    Ignored,
    Item,
    Judge,
    find_enumerations,
    find_phrases,
    find_prompts,
    first_places,
    touched,
)
from fc_pipeline.corpus.decontamination.ngram_index import NgramIndex, build_index
from fc_pipeline.corpus.drops import Drops
from fc_pipeline.corpus.filters.chain import Refusal
from fc_pipeline.engine.step import Step
from fc_pipeline.executors.batching import chunks

ROLE = "evalsets/"
_CHUNK_CHARS = 1 << 20


def decontaminate(step: Step) -> None:
    """Writes documents.jsonl.zst, dropped/contaminated_<evalset>.jsonl.zst, drops.json, and what was found:

    hits.jsonl.zst, a record for each document and item: {"document", "source", "evalset", "item", "ngrams" (of the
    item, found), "coverage" (of the item's), "matched" (the first one), "word" (of the document, at which it begins),
    "action"}; items.json, for each set its items, those that the corpus held (`touched`), and those that could not be
    looked for (`unchecked`), so that scores can be given on all and on clean items; ignored.jsonl.zst, the n-grams
    that say nothing (prompts of a set, phrases of the corpus, enumerations).

    config: DecontaminationConfig. inputs: `documents`, and `evalsets/<name>` with items.jsonl.zst for every set.
    Metrics: documents, text_bytes, contaminated_documents, cut_documents, hits, and by set items_, touched_items_,
    clean_items_, unchecked_items_.
    """
    config = DecontaminationConfig.model_validate(step.config)
    items = list(_items(step))
    workspace = step.out.workspace("ngrams")
    index = build_index((item.text for item in items), ngram=config.ngram, min_words=config.min_words)
    found: dict[int, Found] = {}
    documents = _count(step)
    if len(index.lengths):
        index.save(workspace)
        documents, found = _search(step, workspace)
    ignored = Ignored(
        prompts=find_prompts(index, items, config),
        phrases=find_phrases(found.values(), documents=documents, config=config),
        enumerations=find_enumerations(index, config),
    )
    judge = Judge(index, items, ignored, config)
    hits = {row: of_row for row, groups in found.items() if (of_row := judge.hits(groups))}
    if hits:
        _write_documents(step, config, items, judge, hits, found, index)
    else:
        _pass_through(step, documents)
    _write_ignored(step, items, index, ignored)
    _write_items(step, items, judge, hits)


def _items(step: Step) -> Iterator[Item]:
    for role in sorted(role for role in step.inputs if role.startswith(ROLE)):
        for record in read_records(step.inputs[role].path("items.jsonl.zst")):
            text = unicodedata.normalize("NFC", f"{record['text']}\n{record['answer']}")  # as documents are
            yield Item(role.removeprefix(ROLE), record["id"], text)


def _count(step: Step) -> int:
    (entry,) = (entry for entry in step.inputs["documents"].manifest.files if entry.path == "documents.jsonl.zst")
    assert entry.records is not None, "files of records are counted"
    return entry.records


def _search(step: Step, workspace: Path) -> tuple[int, dict[int, Found]]:
    """How many documents there are, and what stands in each that has anything."""
    found: dict[int, Found] = {}
    row = 0
    texts = (record["text"] for record in read_records(step.inputs["documents"].path("documents.jsonl.zst")))
    batches = chunks(texts, weight=len, limit=_CHUNK_CHARS)
    for batch in step.ordered_map(partial(search_batch, str(workspace)), batches):
        for groups in batch:
            if groups:
                found[row] = groups
            row += 1
        step.runtime.report({"documents": row, "with_shared_ngrams": len(found)})
    return row, found


def search_batch(workspace: str, texts: list[str]) -> list[Found]:
    """The n-grams of eval items in each text."""
    return [first_places(starts.tolist(), groups.tolist()) for starts, groups in _index(workspace).find(texts)]


@lru_cache(maxsize=1)
def _index(workspace: str) -> NgramIndex:
    return NgramIndex.load(Path(workspace))


def _pass_through(step: Step, documents: int) -> None:
    """The input's own bytes: nothing is taken out."""
    source = step.inputs["documents"]
    with step.out.open("documents.jsonl.zst", records=documents) as file:
        file.write(source.path("documents.jsonl.zst").read_bytes())
    with step.out.records("hits.jsonl.zst"):
        pass
    step.out.write_text("drops.json", "{}\n")
    step.out.counters.read = step.out.counters.kept = documents
    step.out.metrics = {
        "documents": documents,
        "text_bytes": source.metrics["text_bytes"],
        "contaminated_documents": 0,
        "cut_documents": 0,
        "hits": 0,
    }


def _write_documents(
    step: Step,
    config: DecontaminationConfig,
    items: list[Item],
    judge: Judge,
    hits: dict[int, list[Hit]],
    found: dict[int, Found],
    index: NgramIndex,
) -> None:
    counters = step.out.counters
    text_bytes = cut_documents = 0
    with ExitStack() as files:
        keep = files.enter_context(step.out.records("documents.jsonl.zst"))
        write_hit = files.enter_context(step.out.records("hits.jsonl.zst"))
        drops = Drops(step.out, files, num_samples=config.num_samples)
        for row, document in enumerate(read_records(step.inputs["documents"].path("documents.jsonl.zst"))):
            counters.read += 1
            of_row = hits.get(row, [])
            action = "keep"
            if of_row:
                cut = _without_hits(document, judge, config)
                action = "drop" if cut is None else "cut"
                for hit in of_row:
                    write_hit(_hit_record(document, hit, items, index, found[row], action))
                if cut is None:
                    reason = f"contaminated_{_worst_set(of_row, items)}"
                    counters.drop(reason)
                    num_bytes = len(document["text"].encode())
                    drops.add(document, Refusal("decontamination", reason), num_bytes=num_bytes)  # type: ignore[arg-type]
                    continue
                cut_documents += 1
                document = cut
            counters.kept += 1
            text_bytes += len(document["text"].encode())
            keep(document)
        step.out.write_text("drops.json", json.dumps(drops.report(), indent=1, ensure_ascii=False) + "\n")
    step.out.metrics = {
        "documents": counters.kept,
        "text_bytes": text_bytes,
        "contaminated_documents": len(hits),
        "cut_documents": cut_documents,
        "hits": sum(map(len, hits.values())),
    }


def _without_hits(document: dict[str, Any], judge: Judge, config: DecontaminationConfig) -> dict[str, Any] | None:
    """The document without what it shares with eval items; None when it is to be dropped."""
    if config.action == "drop":
        return None
    text = document["text"]
    rest = judge.cut(text)
    # Two pieces that now stand side by side may share words with an item as well.
    if len(rest) < (1 - config.max_cut) * len(text) or not rest or judge.cut(rest) != rest:
        return None
    return {**document, "text": rest, "meta": {**document["meta"], "decontaminated_chars": len(text) - len(rest)}}


def _hit_record(
    document: dict[str, Any], hit: Hit, items: list[Item], index: NgramIndex, found: Found, action: str
) -> dict[str, Any]:
    item = items[hit.item]
    return {
        "document": document["id"],
        "source": document["source"],
        "evalset": item.evalset,
        "item": item.id,
        "ngrams": hit.ngrams,
        "coverage": round(hit.coverage, 4),
        "matched": index.text_of(hit.group),
        "word": found[hit.group],
        "action": action,
    }


def _worst_set(hits: list[Hit], items: list[Item]) -> str:
    """The set of which a document holds most n-grams."""
    ngrams: Counter[str] = Counter()
    for hit in hits:
        ngrams[items[hit.item].evalset] += hit.ngrams
    return min(ngrams, key=lambda name: (-ngrams[name], name))


def _write_ignored(step: Step, items: list[Item], index: NgramIndex, ignored: Ignored) -> None:
    kinds = {"prompt": ignored.prompts, "phrase": ignored.phrases, "enumeration": ignored.enumerations}
    with step.out.records("ignored.jsonl.zst") as write:
        for why, groups in kinds.items():
            for group, count in sorted(groups.items(), key=lambda pair: (-pair[1], pair[0])):
                evalsets = sorted({items[item].evalset for item, _ in index.items_of(group)})
                write({"ngram": index.text_of(group), "why": why, "count": count, "evalsets": evalsets})
    step.out.metrics |= {f"ignored_{why}s": len(groups) for why, groups in kinds.items()}


def _write_items(step: Step, items: list[Item], judge: Judge, hits: dict[int, list[Hit]]) -> None:
    sets: dict[str, dict[str, Any]] = {}
    for role in sorted(role for role in step.inputs if role.startswith(ROLE)):
        sets[role.removeprefix(ROLE)] = {"items": 0, "touched": [], "unchecked": []}
    for number, item in enumerate(items):
        sets[item.evalset]["items"] += 1
        if not judge.checked(number):
            sets[item.evalset]["unchecked"].append(item.id)
    for item in touched(hits, items):
        sets[item.evalset]["touched"].append(item.id)
    step.out.write_text("items.json", json.dumps(sets, indent=1, ensure_ascii=False) + "\n")
    for name, entry in sets.items():
        num_touched, num_unchecked = len(entry["touched"]), len(entry["unchecked"])
        step.out.metrics |= {
            f"items_{name}": entry["items"],
            f"touched_items_{name}": num_touched,
            f"unchecked_items_{name}": num_unchecked,
            f"clean_items_{name}": entry["items"] - num_touched - num_unchecked,
        }
