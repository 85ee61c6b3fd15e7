"""The step that makes `corpus/<name>/decontaminated`: documents that hold no item of the eval sets.

A document that shares enough words in a row with an item is dropped, or what it shares is cut out (Brown et al. 2020,
appendix C). Ours and not datatrove's NGramsDecont blocks: their index needs lighteval, which loads its tasks from the
hub, and knows only the task of an n-gram, not the item.
"""

import json
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from functools import lru_cache, partial
from itertools import chain, takewhile
from pathlib import Path
from statistics import fmean
from typing import Any

from fc_model.artifacts import read_records
from fc_pipeline.corpus.config import DecontaminationConfig
from fc_pipeline.corpus.decontamination.contamination import (
    QUESTION_ALONE,
    Hit,
    Item,
    Judge,
    Places,
    find_enumerations,
    find_phrases,
    find_prompts,
    first_places,
)
from fc_pipeline.corpus.decontamination.ngram_index import NgramIndex, build_index
from fc_pipeline.corpus.drops import Drops
from fc_pipeline.corpus.filters.chain import Refusal
from fc_pipeline.engine.step import Step
from fc_pipeline.executors.batching import chunks

ROLE = "evalsets/"
_CHOICE = "- "
"""Before each choice in an item's text (fc_pipeline/evalsets)."""
_CHUNK_CHARS = 1 << 20


def decontaminate(step: Step) -> None:
    """Writes what it decides, not the documents that stay as they are: of these there is one copy, and
    fc_pipeline/corpus/decontamination/decisions.py reads it by what stands here.

    cut.jsonl.zst, the documents that lost what they share; dropped/contaminated_<evalset>.jsonl.zst; drops.json;

    hits.jsonl.zst, a record for each document and item: {"document", "source", "evalset", "item", "ngrams" (of the
    item, found), "coverage" (of the item's), "matched" (the first one), "word" (of the document, at which it begins),
    "action"}; items.json, for each set its items, those that the corpus held (`touched`), and those that would not be
    found in every form in which such items are written (`unchecked`), so that scores can be given on all and on clean
    items; ignored.jsonl.zst, the n-grams
    that say nothing (prompts of a set, phrases of the corpus, enumerations).

    config: DecontaminationConfig. inputs: `documents`, and `evalsets/<name>` with items.jsonl.zst for every set.
    Metrics: documents, text_bytes, contaminated_documents, cut_documents, hits, and by set items_, touched_items_,
    clean_items_, unchecked_items_, recall_ (share of items found in every form), recall_<form>_, and recall_min.
    """
    config = DecontaminationConfig.model_validate(step.config)
    items = list(_items(step))
    workspace = step.out.workspace("ngrams")
    owners = [number for number, item in enumerate(items) for _ in item.units]
    units = (unit for item in items for unit in item.units)
    index = build_index(units, ngram=config.ngram, min_words=config.min_words)
    num_documents = 0
    shared: dict[int, Places] = {}
    if len(index.lengths):
        index.save(workspace)
        num_documents, shared = _search(step, workspace)
    ignored = {
        "prompt": find_prompts(index, items, owners, config),
        "phrase": find_phrases(shared.values(), documents=num_documents, config=config),
        "enumeration": find_enumerations(index, config),
    }
    judge = Judge(index, owners, list(chain.from_iterable(ignored.values())), config)
    hits = {row: of_row for row, groups in shared.items() if (of_row := judge.hits(groups))}
    _write_documents(step, config, items, judge, hits, shared, index)
    _write_ignored(step, items, owners, index, ignored)
    _write_items(step, items, judge, hits)


def _items(step: Step) -> Iterator[Item]:
    for role in sorted(role for role in step.inputs if role.startswith(ROLE)):
        for record in read_records(step.inputs[role].path("items.jsonl.zst")):
            text, answer = (unicodedata.normalize("NFC", record[name]) for name in ("text", "answer"))  # as documents
            lines = text.split("\n")
            choices = tuple(takewhile(lambda line: line.startswith(_CHOICE), reversed(lines)))[::-1]
            yield Item(
                role.removeprefix(ROLE),
                record["id"],
                "\n".join(lines[: len(lines) - len(choices)]),
                tuple(choice.removeprefix(_CHOICE) for choice in choices),
                answer,
            )


def _documents(step: Step) -> Iterator[dict[str, Any]]:
    return read_records(step.inputs["documents"].path("documents.jsonl.zst"))


def _search(step: Step, workspace: Path) -> tuple[int, dict[int, Places]]:
    """How many documents there are, and by row the n-grams of items in each that has any."""
    shared: dict[int, Places] = {}
    row = 0
    batches = chunks((record["text"] for record in _documents(step)), weight=len, limit=_CHUNK_CHARS)
    for batch in step.ordered_map(partial(search_batch, str(workspace)), batches):
        for groups in batch:
            if groups:
                shared[row] = groups
            row += 1
        step.runtime.report({"documents": row, "with_shared_ngrams": len(shared)})
    return row, shared


def search_batch(workspace: str, texts: list[str]) -> list[Places]:
    """The n-grams of eval items in each text."""
    return [first_places(starts.tolist(), groups.tolist()) for starts, groups in _index(workspace).find(texts)]


@lru_cache(maxsize=1)
def _index(workspace: str) -> NgramIndex:
    return NgramIndex.load(Path(workspace))


def _write_documents(
    step: Step,
    config: DecontaminationConfig,
    items: list[Item],
    judge: Judge,
    hits: dict[int, list[Hit]],
    shared: dict[int, Places],
    index: NgramIndex,
) -> None:
    counters = step.out.counters
    text_bytes = cut_documents = 0
    with ExitStack() as files:
        write_cut = files.enter_context(step.out.records("cut.jsonl.zst"))
        write_hit = files.enter_context(step.out.records("hits.jsonl.zst"))
        drops = Drops(step.out, files, num_samples=config.num_samples)
        for row, document in enumerate(_documents(step)):
            counters.read += 1
            if of_row := hits.get(row, []):
                cut = _without_hits(document, judge, config)
                for hit in of_row:
                    item = items[hit.item]
                    write_hit(
                        {
                            "document": document["id"],
                            "source": document["source"],
                            "evalset": item.evalset,
                            "item": item.id,
                            "ngrams": hit.ngrams,
                            "coverage": round(hit.coverage, 4),
                            "matched": index.text_of(hit.group),
                            "word": shared[row][hit.group],
                            "action": "drop" if cut is None else "cut",
                        }
                    )
                if cut is None:
                    refusal = Refusal("decontamination", f"contaminated_{_worst_set(of_row, items)}")
                    drops.add(document, refusal, num_bytes=len(document["text"].encode()))  # type: ignore[arg-type]
                    continue
                cut_documents += 1
                write_cut(cut)
                document = cut
            counters.kept += 1
            text_bytes += len(document["text"].encode())
        drops.write_report()
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


def _worst_set(hits: list[Hit], items: list[Item]) -> str:
    """The set of which a document holds most n-grams."""
    ngrams: Counter[str] = Counter()
    for hit in hits:
        ngrams[items[hit.item].evalset] += hit.ngrams
    return min(ngrams, key=lambda name: (-ngrams[name], name))


def _write_ignored(
    step: Step, items: list[Item], owners: list[int], index: NgramIndex, ignored: dict[str, dict[int, int]]
) -> None:
    with step.out.records("ignored.jsonl.zst") as write:
        for why, groups in ignored.items():
            for group, count in sorted(groups.items(), key=lambda pair: (-pair[1], pair[0])):
                evalsets = sorted({items[owners[unit]].evalset for unit, _ in index.items_of(group)})
                write({"ngram": index.text_of(group), "why": why, "count": count, "evalsets": evalsets})
    step.out.metrics |= {f"ignored_{why}s": len(groups) for why, groups in ignored.items()}


def _write_items(step: Step, items: list[Item], judge: Judge, hits: dict[int, list[Hit]]) -> None:
    held = {hit.item for of_row in hits.values() for hit in of_row}
    sets: dict[str, dict[str, Any]] = {
        role.removeprefix(ROLE): {"items": 0, "touched": [], "unchecked": []}
        for role in sorted(step.inputs)
        if role.startswith(ROLE)
    }
    recalled: dict[str, dict[str, list[bool]]] = {name: defaultdict(list) for name in sets}
    for number, (item, of_forms) in enumerate(zip(items, _recall(items, judge), strict=True)):
        entry = sets[item.evalset]
        entry["items"] += 1
        if number in held:
            entry["touched"].append(item.id)
        of_forms[""] = all(hit for form, hit in of_forms.items() if form != QUESTION_ALONE)
        for form, hit in of_forms.items():
            recalled[item.evalset][form].append(hit)
        if not of_forms[""] and number not in held:
            entry["unchecked"].append(item.id)
    step.out.write_text("items.json", json.dumps(sets, indent=1, ensure_ascii=False) + "\n")
    for name, entry in sets.items():
        num_touched, num_unchecked = len(entry["touched"]), len(entry["unchecked"])
        step.out.metrics |= {
            f"items_{name}": entry["items"],
            f"touched_items_{name}": num_touched,
            f"unchecked_items_{name}": num_unchecked,
            f"clean_items_{name}": entry["items"] - num_touched - num_unchecked,
        }
        for form, of_items in recalled[name].items():
            step.out.metrics[f"recall_{form}_{name}" if form else f"recall_{name}"] = round(fmean(of_items), 6)
    if items:
        step.out.metrics["recall_min"] = min(step.out.metrics[f"recall_{name}"] for name in sets if sets[name]["items"])


def _recall(items: list[Item], judge: Judge) -> Iterator[dict[str, bool]]:
    """For each item, by form, whether it is found in the text of that form."""
    numbered = ((number, item.forms) for number, item in enumerate(items))
    for batch in chunks(numbered, weight=lambda pair: sum(map(len, pair[1].values())), limit=_CHUNK_CHARS):
        owners = [number for number, forms in batch for _ in forms]
        verdicts = iter(judge.find(owners, [text for _, forms in batch for text in forms.values()]))
        for _, forms in batch:
            yield {form: next(verdicts) for form in forms}
