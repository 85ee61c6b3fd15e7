"""TextCaps 0.1: captions that tell what the text in a photograph says, five of each image.

Format (textvqa.org/textcaps/dataset): `TextCaps_0.1_{train,val,test}.json` = {dataset_type, dataset_name,
dataset_version, data: [{image_id, image_classes, flickr_original_url, flickr_300k_url, image_width, image_height,
set_name, image_name, image_path, caption_id, caption_str, reference_strs}]}: an entry a caption, each with all captions
of its image; without captions in test. Images and OCR are those of TextVQA.
"""

from collections.abc import Iterator
from pathlib import Path

from fc_pipeline.images.datasets.base import DatasetLimits, Result
from fc_pipeline.images.datasets.textvqa import read_files

NAME = "textcaps"


def read(folder: Path, limits: DatasetLimits) -> Iterator[Result]:
    """One record an image; the first caption is `caption`, all are in meta. Raises UserError without `TextCaps_*`."""
    yield from read_files(folder, "TextCaps_0.1_*.json", source=NAME, limits=limits)
