"""What is known of each set, and how the images of lists are fetched. Light to import: configurations read it."""

from typing import NamedTuple

from pydantic import Field

from fc_model.config.strict import Strict


class Dataset(NamedTuple):
    licence: str
    """Of the annotations, as their publisher states it (SPDX), or LicenseRef- with what is said instead. Images keep
    the rights of their owners: read the reference before a model is trained on them."""
    layout: str
    """What the folder must hold."""
    reference: str


class DownloadLimits(Strict):
    """How the images of a list of URLs are fetched."""

    max_bytes: int = Field(default=16 << 20, gt=0, description="of one answer")
    timeout_seconds: float = Field(default=10.0, gt=0, description="to connect, and of a read")
    total_seconds: float = Field(
        default=30.0, gt=0, description="for one image in all, redirects included, so that none drips in for ever"
    )
    max_redirects: int = Field(default=5, ge=0)
    attempts: int = Field(default=2, ge=1, description="tries while a server fails or is busy; other answers are final")
    concurrency: int = Field(default=16, ge=1, description="images at the same time")
    allow_private: bool = Field(default=False, description="also from addresses inside the network, such as a mirror")


DATASETS: dict[str, Dataset] = {
    "cc3m": Dataset(
        "LicenseRef-Conceptual-Captions",
        "{Train,Validation}_GCC-*.tsv (caption, url), or tars of img2dataset",
        "https://ai.google.com/research/ConceptualCaptions",
    ),
    "cc12m": Dataset(
        "LicenseRef-Conceptual-Captions",
        "cc12m.tsv (url, caption), or tars of img2dataset",
        "https://github.com/google-research-datasets/conceptual-12m",
    ),
    "chartqa": Dataset(
        "GPL-3.0-only",
        "{train,val,test}/{*_human.json,*_augmented.json,png/,tables/,annotations/}",
        "https://github.com/vis-nlp/ChartQA",
    ),
    "coco_captions": Dataset(
        "CC-BY-4.0",
        "annotations/captions_*.json, {train,val}{2014,2017}/",
        "https://cocodataset.org/#format-data",
    ),
    "docvqa": Dataset(
        "LicenseRef-DocVQA",
        "{train,val,test}_v1.0*.json, documents/, ocr_results/",
        "https://www.docvqa.org",
    ),
    "icdar2013": Dataset(
        "LicenseRef-RRC-terms",
        "images and gt_<image>.txt of task 2.1 (Focused Scene Text), in one folder or in two",
        "https://rrc.cvc.uab.es/?ch=2",
    ),
    "icdar2015": Dataset(
        "CC-BY-4.0",
        "images and gt_<image>.txt of task 4.1 (Incidental Scene Text), in one folder or in two",
        "https://rrc.cvc.uab.es/?ch=4",
    ),
    "iiit5k": Dataset(
        "LicenseRef-not-stated",
        "{train,test}data.mat, {train,test}CharBound.mat, train/, test/",
        "https://cvit.iiit.ac.in/research/projects/cvit-projects/the-iiit-5k-word-dataset",
    ),
    "infographicvqa": Dataset(
        "LicenseRef-InfographicVQA",
        "infographicsVQA_{train,val,test}_v1.0*.json, infographicsvqa_images/, infographicsvqa_ocr/",
        "https://www.docvqa.org/datasets/infographicvqa",
    ),
    "laion": Dataset(
        "CC-BY-4.0",
        "*.parquet (URL, TEXT), or tars of img2dataset",
        "https://laion.ai/blog/laion-5b/",
    ),
    "screen2words": Dataset(
        "CC-BY-4.0",
        "screen_summaries.csv, split/{train,dev,test}_screens.txt, combined/<screenId>.jpg of RICO",
        "https://github.com/google-research-datasets/screen2words",
    ),
    "screenqa": Dataset(
        "CC-BY-4.0",
        "answers_and_bboxes/{train,validation,test}.json, combined/<image_id>.jpg of RICO",
        "https://github.com/google-research-datasets/screen_qa",
    ),
    "st_vqa": Dataset(
        "LicenseRef-RRC-terms",
        "{train,test}_task_3.json, {train,test}_task3_images/ with one folder a data set of origin",
        "https://rrc.cvc.uab.es/?ch=11",
    ),
    "synthtext": Dataset(
        "LicenseRef-SynthText-non-commercial",
        "gt.mat, and the images in the folders that it names",
        "https://www.robots.ox.ac.uk/~vgg/data/scenetext/",
    ),
    "textcaps": Dataset(
        "CC-BY-4.0",
        "TextCaps_0.1_{train,val,test}.json, {train,test}_images/",
        "https://textvqa.org/textcaps/dataset/",
    ),
    "textvqa": Dataset(
        "CC-BY-4.0",
        "TextVQA_0.5.1_{train,val,test}.json, {train,test}_images/, optional TextVQA_Rosetta_OCR_*.json",
        "https://textvqa.org/dataset/",
    ),
}
