"""ST-VQA: questions whose answer is written in the scene.

Format (rrc.cvc.uab.es, challenge 11): `{train,test}_task_{1,2,3}.json` = {task_name, ..., data: [{file_name, file_path,
dataset, set_name, question, answers (one or two)}]}; images at `<file_path>` below the images' folder, which is
`<dataset>/<file_name>`. Task 3 has the questions of the other two without their dictionaries; it is what is read.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from fc_model.data.images.record import ImageRecord
from fc_pipeline.images.datasets.annotations import annotation_files, grouped, json_lists, split_of
from fc_pipeline.images.datasets.answers import asked
from fc_pipeline.images.datasets.base import BadRecord, DatasetLimits, Result, Sample, samples
from fc_pipeline.images.datasets.catalogue import DATASETS
from fc_pipeline.images.datasets.pictures import picture_file

NAME = "st_vqa"


def read(folder: Path, limits: DatasetLimits) -> Iterator[Result]:
    """One record an image. Raises UserError without `*_task_3.json`."""
    paths = annotation_files(folder, "**/*_task_3.json", source=NAME)
    for content in json_lists(paths, source=NAME, limits=limits):
        if isinstance(content, BadRecord):
            yield content
            continue
        path, entries = content
        build = partial(_sample, folder=folder, file=path.name, limits=limits)
        yield from samples(NAME, grouped(entries, by="file_path", source=NAME), build, limits=limits)


def _sample(key: str, entries: list[dict[str, Any]], *, folder: Path, file: str, limits: DatasetLimits) -> Sample:
    part = "train" if split_of(file) == "train" else "test"
    within = f"{entries[0]['dataset']}/{entries[0]['file_name']}"
    places = ("", f"{part}/", f"{part}_imgs/", f"{part}_task3_images/")
    names = [place + path for place in places for path in dict.fromkeys((key, within))]
    image = picture_file(folder, *names, limits=limits.image)
    questions, unanswered = asked(
        ((entry["question"], entry.get("answers") or []) for entry in entries), kind="extractive"
    )
    record = ImageRecord(
        id=f"{NAME}/{part}/{key}",
        source=NAME,
        kind="scene",
        family="text",
        licence=DATASETS[NAME].licence,
        width=image.width,
        height=image.height,
        images=[image.extension],
        split=split_of(file),
        questions=questions,
        meta={"origin": entries[0]["dataset"]} | ({"unanswered": unanswered} if unanswered else {}),
    )
    return record, [image.data]
