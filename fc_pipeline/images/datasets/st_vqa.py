"""ST-VQA: questions whose answer is written in the scene.

Format (rrc.cvc.uab.es, challenge 11): `{train,test}_task_{1,2,3}.json` = {task_name, ..., data: [{file_name, file_path,
dataset, set_name, question, answers (one or two)}]}; images at `<file_path>` below the images' folder, which is
`<dataset>/<file_name>`. Task 3 has the questions of the other two without their dictionaries; it is what is read.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fc_pipeline.images.datasets.annotations import extractive, split_of
from fc_pipeline.images.datasets.base import Result, Sample, SetFolder


def read(data: SetFolder) -> Iterator[Result]:
    """One record an image. Raises UserError without `*_task_3.json`."""
    return data.json_samples(data.files("**/*_task_3.json"), _sample, by="file_path")


def _sample(data: SetFolder, key: str, entries: list[dict[str, Any]], *, part: Path) -> Sample:
    split = split_of(part.name)
    folder = "train" if split == "train" else "test"
    within = f"{entries[0]['dataset']}/{entries[0]['file_name']}"
    places = ("", f"{folder}/", f"{folder}_imgs/", f"{folder}_task3_images/")
    return data.sample(
        data.picture(*(place + path for place in places for path in dict.fromkeys((key, within)))),
        f"{folder}/{key}",
        kind="scene",
        split=split,
        asked=extractive(entries),
        meta={"origin": entries[0]["dataset"]},
    )
