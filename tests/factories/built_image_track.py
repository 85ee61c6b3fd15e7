"""What a track with images has besides: images made by the real steps, and what a model read of them."""

import json
import math
from pathlib import Path
from pydoc_data.topics import topics
from typing import Any

import numpy as np

from factories.built_track import SCRIPT, TRAINED, Builder, build_track
from factories.models import MODEL
from fc_model.config.image_stage import ImageStageConfig
from fc_model.data.images.shards import ImageShards
from fc_model.evals.image_samples import choose_samples
from fc_model.evals.image_scores import exact_matches, face_scores, image_scores
from fc_model.evals.images import Prediction
from fc_model.evals.retrieval import recall
from fc_pipeline.engine.step import Step
from fc_pipeline.evals.images.config import ImageEvalConfig
from fc_pipeline.evals.images.evaluate import _faces, _retrieval, _write_samples
from fc_pipeline.images.fonts.catalogue import fonts_config
from fc_pipeline.images.fonts.fetch import fetch_fonts
from fc_pipeline.images.pack import pack_images
from fc_pipeline.images.sources.catalogue import resolve_image_source
from fc_pipeline.images.sources.fetch import fetch_images
from fc_pipeline.images.synthesize import synthesize

HELD_OUT = ["DejaVuSans-Oblique", "DejaVuSansMono", "DejaVuSerif"]
HOSTILE_ANSWER = f"{SCRIPT}|\x1b[31m\u202e```"
SYNTHESIS = {
    "kinds": {
        "document/form": {"train": 4, "holdout": 2},
        "line": {"train": 24, "holdout": 20},
        "screenshot/dialog": {"train": 3, "holdout": 2},
    },
    "held_out_faces": HELD_OUT,
    "text": {"train_chars": 200_000, "holdout_chars": 100_000},
}
SIZES = [{"kind": "line", "height": 32, "width": 256}, {"height": 224, "width": 224}]
STAGE = "multimodal_read"


def build_image_track(root: Path) -> Builder:
    """Everything of a track with images but its report."""
    track = build_track(root)
    photographs = resolve_image_source("sklearn_photographs").model_dump(mode="json")
    track("corpus/manual/split", _manual)
    track("images/fonts", fetch_fonts, config=fonts_config(["dejavu"]).model_dump(mode="json"))
    track("images/sklearn_photographs", fetch_images, config=photographs)
    track(
        "nano/synthetic",
        synthesize,
        config=SYNTHESIS,
        inputs={"fonts": "images/fonts", "documents": "corpus/manual/split"},
    )
    track(
        "nano/images",
        pack_images,
        config={"sizes": SIZES, "max_natural_share": 0.4, "holdout_share": 0.6},
        inputs={"synthetic": "nano/synthetic", "images/sklearn_photographs": "images/sklearn_photographs"},
    )
    stage: dict[str, Any] = {"name": STAGE, "kind": "multimodal", "steps": 400, "seq_len": 64, "batch_tokens": 2048}
    group = {"height": 224, "width": 224, "images": 4, "text_tokens": 32, "share": 1}
    groups = [
        {**group, "kinds": ["line"], "task": "read", "height": 32, "width": 256},
        {**group, "kinds": ["document/*"], "task": "answer"},
        {**group, "kinds": ["photo", "screenshot/*"], "task": "caption"},
    ]
    stage |= {"lr": 1e-3, "images": {"groups": groups, "text_share": 0.2}}
    stage |= {"optimizer": {"kind": "adamw"}, "schedule": {"kind": "wsd"}}
    track(
        f"nano/stages/{STAGE}",
        _stage,
        config={"model": MODEL, "stage": stage},
        inputs={"images": "nano/images", "shards": "nano/shards", "start": "nano/stages/second"},
    )
    track(
        f"nano/image_evals/{STAGE}",
        _image_evals,
        inputs={"stage": f"nano/stages/{STAGE}", "images": "nano/images", "tokenizer": "nano/tokenizer"},
    )
    return track


def _manual(step: Step) -> None:
    """Topics of Python's own manual."""
    for place, split in enumerate(("holdout", "train")):
        with step.out.records(f"{split}.jsonl.zst") as write:
            for number, name in enumerate(sorted(topics)):
                if min(number % 5, 1) == place:
                    about = {"source": "manual", "licence": "PSF-2.0", "domain": ("code", "data")[number % 2]}
                    write({"id": f"manual/{name}", "text": topics[name], "meta": {}, **about})


def _stage(step: Step) -> None:
    lines = []
    for number in range(20, 401, 20):
        loss = 1.2 + 2.9 * math.exp(-number / 90)
        line = {"step": number, "loss": loss, "lr": 1e-3, "loss_read_line": loss, "loss_contrastive": loss / 2}
        line |= {"share_retrieved": 1 - loss / 5, "loss_recognizer": 3 * loss}
        if number % 100 == 0:
            exact = number / 500
            line |= {"holdout_loss_read_line": loss, "ema_loss_read_line": loss - 0.1}
            line |= {"holdout_exact_read_line": exact, "ema_exact_read_line": exact + 0.1}
        lines.append(json.dumps(line) + "\n")
    step.out.write_text("metrics.jsonl", "".join(lines), content=False)
    step.out.metrics |= TRAINED | {"parameters": 15_000}


def _image_evals(step: Step) -> None:
    """The step of image evaluation, but for the model: this reader is wrong about every third image, hostilely so."""
    groups = ImageStageConfig.model_validate(step.inputs["stage"].manifest.recipe.config["stage"]["images"]).groups
    shards = ImageShards(step.inputs["images"].folder, "holdout")
    samples = choose_samples(shards, groups, max_samples=200, seed=0)
    predictions = [
        Prediction(sample=sample, text=f"{HOSTILE_ANSWER}{sample.answers[0]}" if number % 3 == 0 else sample.answers[0])
        for number, sample in enumerate(samples)
    ]
    faces = face_scores(predictions)
    metrics = image_scores(predictions) | _faces(faces)
    for control in ("shuffled", "random"):
        metrics |= exact_matches([Prediction(sample=sample, text="nothing") for sample in samples], control=control)
    random = np.random.default_rng(0)
    images_ND = random.normal(size=(20, 8))
    metrics |= _retrieval(recall(images_ND, images_ND + random.normal(size=(20, 8)) / 2))
    metrics |= {"retrieval_gain_random": 1.0, "text_bits_per_byte_rise": 0.0042}
    _write_samples(step, shards, predictions, ImageEvalConfig())
    step.out.metrics |= metrics
    step.out.write_text("metrics.json", json.dumps({"weights": "ema", "metrics": metrics, "faces": faces}))
