"""The images of a track: what there is of each kind, a sample of each, the caps; and the faces of its fonts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from fc_model.artifacts import Artifact
from fc_model.data.images.record import ImageRecord
from fc_model.data.images.shards import ImageShards, read_image_index
from fc_pipeline.images.fonts.faces import load_faces
from fc_pipeline.images.fonts.specimens import specimen_sheet
from fc_pipeline.images.pack_config import PackConfig
from fc_pipeline.images.synthesis_config import SynthesisConfig
from fc_pipeline.report.thumbnails import boxed, source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fc_pipeline.images.synthesis.face import Face

HOLDOUT, TRAIN = "holdout", "train"
_FONTS = re.compile(r"images/fonts(_\w+)?")
_SAMPLE_PIXELS = (400, 300)
_SAMPLE_BYTES = 24_000
_SHEET_BYTES = 150_000


class KindSample(NamedTuple):
    """The first sample of a kind."""

    record: ImageRecord
    image: bytes
    """Encoded: its first image."""


def images(artifacts: list[Artifact]) -> dict[str, Any] | None:
    """The section on a track's images; None for a track without them.

    {"artifact", "samples": [{"kind", "record", "picture"}], "rows": see `kind_rows`, "caps": see `caps`,
    "licences", "faces": None or {"artifact", "rows", "held_out", "picture"}}.
    """
    own = {artifact.key.partition("/")[2]: artifact for artifact in artifacts if not artifact.key.startswith("images/")}
    artifact = own.get("images")
    if artifact is None:
        return None
    fonts = next((artifact for artifact in artifacts if _FONTS.fullmatch(artifact.key)), None)
    synthetic = own.get("synthetic")
    width, height = _SAMPLE_PIXELS
    samples = [
        {
            "kind": kind,
            "record": sample.record,
            "picture": source(boxed(*sample, width=width, height=height), max_bytes=_SAMPLE_BYTES),
        }
        for kind, sample in first_of_each_kind(artifact, [HOLDOUT]).items()
    ]
    return {
        "artifact": artifact,
        "samples": samples,
        "rows": kind_rows(artifact),
        "caps": caps(artifact),
        "licences": artifact.manifest.licences,
        "faces": _faces(fonts, synthetic) if fonts and synthetic else None,
    }


def first_of_each_kind(artifact: Artifact, splits: Iterable[str]) -> dict[str, KindSample]:
    """{kind: its first sample} over the splits, of those that the artifact has, by kind."""
    index = read_image_index(artifact.folder)["splits"]
    samples: dict[str, KindSample] = {}
    for split in splits:
        missing = set(index[split]["kinds"]) - samples.keys() if split in index else set()
        if missing:
            shards = ImageShards(artifact.folder, split)
            kinds = list(shards.table.column("kind"))
            for kind in missing:
                sample = shards.sample(kinds.index(kind))
                samples[kind] = KindSample(sample.record, sample.images[0])
    return dict(sorted(samples.items()))


def kind_rows(artifact: Artifact) -> list[dict[str, Any]]:
    """Per kind: {"kind", "train", "holdout" (samples), "tokens_each", "tokens"}, the vision tokens of the training.

    `tokens_each` is of one image at the size of its kind, None before the images are packed. `tokens` is None then
    too, and where samples have several images, which the index does not count.
    """
    splits = read_image_index(artifact.folder)["splits"]
    train, holdout = (Counter(splits.get(split, {}).get("kinds", {})) for split in (TRAIN, HOLDOUT))
    rows = [{"kind": kind, "train": train[kind], "holdout": holdout[kind]} for kind in sorted({*train, *holdout})]
    each = dict.fromkeys([*train, *holdout])
    if "vision_tokens" in artifact.metrics:
        config = PackConfig.model_validate(artifact.manifest.recipe.config)
        each = {kind: config.vision_tokens(kind=kind, num_images=1) for kind in each}
    single = sum(count * (each[kind] or 0) for kind, count in train.items()) == artifact.metrics.get("vision_tokens")
    return [
        row | {"tokens_each": each[row["kind"]], "tokens": row["train"] * each[row["kind"]] if single else None}
        for row in rows
    ]


def caps(artifact: Artifact) -> list[dict[str, Any]]:
    """Shares of the vision tokens beside their bounds: [{"name", "share", "min", "max"}]; packed images only."""
    config = PackConfig.model_validate(artifact.manifest.recipe.config)
    metrics = artifact.metrics
    return [
        {"name": "text", "share": metrics["text_token_share"], "min": config.min_text_share, "max": None},
        {"name": "natural", "share": metrics["natural_token_share"], "min": None, "max": config.max_natural_share},
    ]


def _faces(fonts: Artifact, synthetic: Artifact) -> dict[str, Any]:
    held_out = held_out_faces(synthetic)
    faces = read_faces(fonts)
    return {
        "artifact": fonts,
        "rows": face_rows(faces, held_out),
        "held_out": [face.name for face in faces if face.name in held_out],
        "picture": source(specimen_sheet(faces, held_out), max_bytes=_SHEET_BYTES),
    }


def held_out_faces(synthetic: Artifact | None) -> Sequence[str]:
    """Names of the faces that only the holdout has; before a track says so, those that it holds out by default."""
    if synthetic is None:
        return SynthesisConfig.model_fields["held_out_faces"].get_default()
    return SynthesisConfig.model_validate(synthetic.manifest.recipe.config).held_out_faces


def read_faces(fonts: Artifact) -> list[Face]:
    return sorted(load_faces(fonts.folder).faces, key=lambda face: (face.style, face.name))


def face_rows(faces: Iterable[Face], held_out: Collection[str]) -> list[dict[str, Any]]:
    """Per style: {"style", "faces", "held_out", "licences" (sorted)}."""
    rows: dict[str, dict[str, Any]] = {}
    for face in faces:
        row = rows.setdefault(face.style, {"style": face.style, "faces": 0, "held_out": 0, "licences": []})
        row["faces"] += 1
        row["held_out"] += face.name in held_out
        row["licences"] = sorted({*row["licences"], face.licence})
    return list(rows.values())
