"""ST-VQA: questions whose answer is written in the scene.

Format (rrc.cvc.uab.es, challenge 11): `{train,test}_task_{1,2,3}.json` = {task_name, ..., data: [{file_name, file_path,
dataset, set_name, question, answers (one or two)}]}; images at `<file_path>` below the images' folder, which is
`<dataset>/<file_name>`. Task 3 has the questions of the other two without their dictionaries; it is what is read.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from fc_pipeline.images.datasets.annotations import annotation_files, asked, json_samples, split_of
from fc_pipeline.images.datasets.base import DatasetLimits, Result, Sample
from fc_pipeline.images.datasets.pictures import image_sample, picture_file

NAME = "st_vqa"


def read(folder: Path, limits: DatasetLimits) -> Iterator[Result]:
    """One record an image. Raises UserError without `*_task_3.json`."""
    paths = annotation_files(folder, "**/*_task_3.json", source=NAME)
    build = partial(_sample, folder=folder, limits=limits)
    yield from json_samples(paths, build, source=NAME, by="file_path", limits=limits)


def _sample(key: str, entries: list[dict[str, Any]], *, folder: Path, file: Path, limits: DatasetLimits) -> Sample:
    part = "train" if split_of(file.name) == "train" else "test"
    within = f"{entries[0]['dataset']}/{entries[0]['file_name']}"
    places = ("", f"{part}/", f"{part}_imgs/", f"{part}_task3_images/")
    names = [place + path for place in places for path in dict.fromkeys((key, within))]
    image = picture_file(folder, *names, limits=limits.image)
    questions, unanswered = asked(
        ((entry["question"], entry.get("answers") or []) for entry in entries), kind="extractive"
    )
    return image_sample(
        NAME,
        image,
        id=f"{NAME}/{part}/{key}",
        kind="scene",
        family="text",
        split=split_of(file.name),
        questions=questions,
        meta={"origin": entries[0]["dataset"]} | ({"unanswered": unanswered} if unanswered else {}),
    )
