"""ChartQA: questions about charts of four web sites, asked by people or made from their captions by a model.

Format (github.com/vis-nlp/ChartQA, `ChartQA Dataset/`): `{train,val,test}/{train,val,test}_{human,augmented}.json` =
list of {imgname, query, label}; `png/<imgname>`, the chart's data in `tables/<stem>.csv`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fc_pipeline.images.datasets.annotations import asked, split_of
from fc_pipeline.images.datasets.base import Result, Sample, SetFolder
from fc_pipeline.images.datasets.pictures import is_file


def read(data: SetFolder) -> Iterator[Result]:
    """One record a chart, its table as CSV in meta. Raises UserError without `*_human.json` and `*_augmented.json`."""
    paths = data.files("**/*_human.json", "**/*_augmented.json")
    return data.json_samples(paths, _sample, by="imgname", at=None, part_of=lambda path: path.parent)


def _sample(data: SetFolder, key: str, entries: list[dict[str, Any]], *, part: Path) -> Sample:
    image = data.picture(str(part.relative_to(data.folder) / "png" / key))
    table = part / "tables" / f"{Path(key).stem}.csv"
    labels = [entry["label"] if isinstance(entry["label"], list) else [entry["label"]] for entry in entries]
    kinds = ["chart_human" if entry["file"].endswith("human.json") else "chart_augmented" for entry in entries]
    return data.sample(
        image,
        f"{part.name}/{key}",
        kind="chart",
        split=split_of(part.name),
        asked=asked(
            (entry["query"], [str(answer) for answer in label], kind)
            for entry, label, kind in zip(entries, labels, kinds, strict=True)
        ),
        meta={"table": data.text(table)} if is_file(table) else {},
    )
