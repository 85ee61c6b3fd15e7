"""What is known of each set, and how the images of lists are fetched. Light to import: configurations read it."""

from pathlib import Path
from typing import NamedTuple

from pydantic import Field

from fc_model.config.strict import Strict
from fc_pipeline.catalogue.files import MEBIBYTE
from fc_pipeline.yaml_loader import read_yaml


class Dataset(NamedTuple):
    """An entry of sets.yaml, which has the meaning of its fields."""

    licence: str
    layout: str
    reference: str


DATASETS = {name: Dataset(**fields) for name, fields in read_yaml(Path(__file__).with_name("sets.yaml")).items()}


class DownloadLimits(Strict):
    """How the images of a list of URLs are fetched."""

    max_bytes: int = Field(default=16 << 20, gt=0, description="of one answer")
    timeout_seconds: float = Field(default=10.0, gt=0, description="to connect, and of a read")
    total_seconds: float = Field(default=30.0, gt=0, description="for an image with its redirects: none drips for ever")
    max_redirects: int = Field(default=5, ge=0)
    attempts: int = Field(default=2, ge=1, description="tries while a server fails or is busy; other answers are final")
    concurrency: int = Field(default=16, ge=1, description="images at the same time")
    allow_private: bool = Field(default=False, description="also from addresses inside the network, such as a mirror")


class DatasetLimits(Strict):
    """How much of a set is read, and its caps beside those of its images."""

    download: DownloadLimits | None = Field(
        default=None, description="for lists of URLs (cc3m, cc12m, laion); null refuses them, tars of img2dataset only"
    )
    share: float = Field(default=1.0, gt=0, le=1, description="part of the records, by hash; a larger holds a smaller")
    max_annotation_bytes: int = Field(default=1024 * MEBIBYTE, gt=0, description="of a file of annotations; in memory")
    max_record_bytes: int = Field(default=MEBIBYTE, gt=0, description="of a record as JSON")
