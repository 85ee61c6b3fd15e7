"""The step that makes `evalsets/<name>`: the items of a benchmark, one record an item."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fc_model.errors import UserError
from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.catalogue.files import Wanted
from fc_pipeline.catalogue.pins import read_files
from fc_pipeline.engine.step import Step
from fc_pipeline.evalsets.arrow import arrow_rows
from fc_pipeline.evalsets.schema import EvalSet, parse_evalset
from fc_pipeline.sources.read_file import read_file
from fc_pipeline.sources.readers.template import Row, lookup, render
from fc_pipeline.sources.schema import FileSpec, Limits, RecordFields


def fetch_evalset(step: Step) -> None:
    """Writes items.jsonl.zst: {"id", "text" (the question), "answer", "fields"}, in the order of the files.

    A benchmark's files may state an item once for each choice; equal records of one id are one item.

    config: an EvalSet. No inputs. Metrics: items, text_bytes.

    Raises:
        UserError: the set cannot be had or read, has no items, or two of its items have one id.
    """
    evalset = parse_evalset(step.config, step.key)
    counters = step.out.counters
    seen: dict[str, dict[str, Any]] = {}
    text_bytes = 0
    with step.out.records("items.jsonl.zst") as write:
        for row in _rows(evalset, step.runtime.home):
            counters.read += 1
            item = _item(evalset, row)
            if item is None:
                counters.drop("incomplete")
            elif item == seen.get(item["id"]):
                counters.drop("repeated")
            elif item["id"] in seen:
                raise UserError(f"eval set {evalset.name}: two items are called {item['id']}; correct `id`")
            else:
                counters.kept += 1
                seen[item["id"]] = item
                text_bytes += len(item["text"].encode())
                write(item)
    if not seen:
        raise UserError(f"eval set {evalset.name}: it has no items; correct `question` and `require`")
    step.out.licences = [{"licence": evalset.licence, "source": f"evalsets/{evalset.name}", "documents": len(seen)}]
    step.out.metrics = {"items": len(seen), "text_bytes": text_bytes}


def _rows(evalset: EvalSet, home: Path) -> Iterator[Row]:
    """The fields that the templates take, of every record; an empty row where a required one is missing."""
    wanted = Wanted(specs=[evalset.files], where=f"eval set {evalset.name}", home=home)
    for path, _, content in read_files(evalset, wanted):
        where = f"{wanted.where}: {path}"
        if isinstance(content, BadInput):
            raise UserError(f"{where}: {content.reason} ({content.detail})")
        assert isinstance(content, bytes), "packages are unpacked in memory"
        if evalset.format == "arrow":
            for row in arrow_rows(content, columns=evalset.columns, where=where):
                yield row if all(lookup(row, name) for name in evalset.require) else {}
        else:
            yield from _text_rows(evalset, content, where)


def _text_rows(evalset: EvalSet, content: bytes, where: str) -> Iterator[Row]:
    assert evalset.format != "arrow", "has rows of its own"
    fields = RecordFields(text="{_key}", meta={name: name for name in evalset.columns}, require=evalset.require)
    spec = FileSpec(glob=evalset.glob, format=evalset.format, fields=fields)
    for item in read_file(content, spec, Limits(), where=where):
        if isinstance(item, BadInput):
            raise UserError(f"{where}: {item.reason} ({item.detail}); correct `format`, or trust another version")
        yield {**item.meta, "_key": item.key} if item.text else {}


def _item(evalset: EvalSet, row: Row) -> dict[str, Any] | None:
    texts = _texts(row)
    text = render(evalset.question, texts)
    for pattern in evalset.remove:
        text = re.sub(pattern, "", text, flags=re.MULTILINE)
    if not text.strip():
        return None
    return {
        "id": f"{evalset.name}/{render(evalset.id, texts)}",
        "text": text.strip(),
        "answer": render(evalset.answer, texts),
        "fields": {name: lookup(row, name) for name in evalset.keep},
    }


def _texts(value: Any) -> Any:
    """The row with texts in the place of numbers, since templates take 0 for an empty field; here it is an item's
    number, or its answer. White space around a text is no part of a question.
    """
    if isinstance(value, dict):
        return {name: _texts(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_texts(inner) for inner in value]
    return str(value).strip() if isinstance(value, int | float | str) else value
