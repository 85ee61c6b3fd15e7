"""ChartQA: questions about charts of four web sites, asked by people or made from their captions by a model.

Format (github.com/vis-nlp/ChartQA, `ChartQA Dataset/`): `{train,val,test}/{train,val,test}_{human,augmented}.json` =
list of {imgname, query, label}; `png/<imgname>`, the chart's data in `tables/<stem>.csv`.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from fc_pipeline.images.datasets.annotations import (
    annotation_files,
    asked,
    grouped,
    is_there,
    json_lists,
    read_text,
    split_of,
)
from fc_pipeline.images.datasets.base import BadRecord, DatasetLimits, Result, Sample, samples
from fc_pipeline.images.datasets.pictures import image_sample, picture_file

NAME = "chartqa"


def read(folder: Path, limits: DatasetLimits) -> Iterator[Result]:
    """One record a chart, its table as CSV in meta. Raises UserError without `*_human.json` and `*_augmented.json`."""
    paths = annotation_files(folder, "**/*_human.json", "**/*_augmented.json", source=NAME)
    for part in sorted({path.parent for path in paths}):
        merged: list[Any] = []
        for content in json_lists((path for path in paths if path.parent == part), source=NAME, limits=limits, at=None):
            if isinstance(content, BadRecord):
                yield content
            else:
                kind = "chart_human" if content[0].stem.endswith("human") else "chart_augmented"
                merged += [entry | {"kind": kind} if isinstance(entry, dict) else entry for entry in content[1]]
        build = partial(_sample, folder=folder, part=part, limits=limits)
        yield from samples(NAME, grouped(merged, by="imgname", source=NAME), build, limits=limits)


def _sample(key: str, entries: list[dict[str, Any]], *, folder: Path, part: Path, limits: DatasetLimits) -> Sample:
    image = picture_file(folder, str(part.relative_to(folder) / "png" / key), limits=limits.image)
    table = part / "tables" / f"{Path(key).stem}.csv"
    questions = []
    unanswered = 0
    for entry in entries:
        label = entry["label"]
        answers = [str(answer) for answer in label] if isinstance(label, list) else [str(label)]
        more = asked([(entry["query"], answers)], kind=entry["kind"])
        questions += more.questions
        unanswered += more.unanswered
    return image_sample(
        NAME,
        image,
        id=f"{NAME}/{part.name}/{key}",
        kind="chart",
        family="text",
        split=split_of(part.name),
        questions=questions,
        meta=({"table": read_text(table, limits)} if is_there(table) else {})
        | ({"unanswered": unanswered} if unanswered else {}),
    )
