"""Images as a part of a track: fonts and real images are shared, the rest is the track's own."""

import hashlib
from collections.abc import Iterator, Sequence

from fc_model.config.image_stage import ImageGroup
from fc_model.config.stage import StageConfig
from fc_pipeline.corpus.part import split_key
from fc_pipeline.engine.deferred import deferred_imports
from fc_pipeline.engine.part import Part, Section, StageExtension
from fc_pipeline.engine.step import StepSpec
from fc_pipeline.images.config import ImagesConfig, ImagesFields
from fc_pipeline.images.fonts.catalogue import fonts_config
from fc_pipeline.images.pack_config import PackConfig
from fc_pipeline.images.sources.catalogue import resolve_image_source

with deferred_imports():
    from fc_pipeline.images.fonts.fetch import fetch_fonts
    from fc_pipeline.images.pack import pack_images
    from fc_pipeline.images.pages import fonts_page, images_page
    from fc_pipeline.images.report import images as images_section
    from fc_pipeline.images.sources.fetch import fetch_images
    from fc_pipeline.images.synthesize import synthesize

FONTS = "images/fonts"
_DRAWN_BYTES = {"line": 7_000, "small": 5_000, "document": 27_000, "screenshot": 27_000, "scene": 20_000}
"""Of an image with its record, by what its kind begins with: means of 16 of each kind of fustercluck_450."""
_WEB_BYTES = 20_000
"""Of a photograph with 256 pixels a side, as img2dataset packs them."""


def check(track: ImagesFields) -> None:
    """Raise ValueError where a stage with images lacks what it sees by, or its sequences do not fit."""
    with_images = [(name, stage.images) for name, stage in track.stages.items() if stage.images is not None]
    if not with_images:
        if track.images is not None or track.vision is not None:
            raise ValueError("images and vision belong to a track with a stage of kind multimodal: add one")
        return
    if track.images is None or track.vision is None:
        raise ValueError(f"stages.{with_images[0][0]} sees images: the track needs `images` and `vision`")
    hidden_size = track.model.hidden_size
    try:
        track.vision.fusion.check_widths(track.vision.encoder, hidden_size)
    except ValueError as error:
        raise ValueError(f"vision: {error}") from None
    for name, images in with_images:
        try:
            images.check_vision(track.vision, hidden_size=hidden_size, context_length=track.model.context_length)
        except ValueError as error:
            raise ValueError(f"stages.{name}.images: {error}") from None
    _check_sizes(track.images.mixture, [group for _, images in with_images for group in images.groups])


def _check_sizes(mixture: PackConfig, groups: list[ImageGroup]) -> None:
    """Raise ValueError where the caps count images at a size that no stage brings them to."""
    for kind in (kind for group in groups for kind in group.kinds):
        counted = mixture.size(kind)
        trained = {(group.height, group.width) for group in groups if group.takes(kind)}
        if counted is not None and (counted.height, counted.width) not in trained:
            height, width = max(trained)
            remedy = f"add {{kind: {kind!r}, height: {height}, width: {width}}} before {counted.kind!r}"
            raise ValueError(
                f"images.mixture.sizes: {kind} counts as {counted.height} x {counted.width}, and the stages bring it "
                f"to {height} x {width}: {remedy}"
            )


def image_steps(track: ImagesFields, parts: Sequence[Part]) -> Iterator[StepSpec]:
    """Fonts, synthetic images drawn from the corpus, real images, and the shards of what the stages see."""
    images = track.images
    if images is None:
        return
    inputs: dict[str, str] = {}
    photographs: list[str] = []
    if images.synthetic is not None and any(kind.startswith("scene/") for kind in images.synthetic.kinds):
        photographs = images.synthetic.photographs
    sources = {source.name: source for source in map(resolve_image_source, [*photographs, *images.sources])}
    for source in sources.values():
        yield StepSpec(
            key=f"images/{source.name}",
            function=fetch_images,
            description=f"Images of {source.name} ({source.licence}) with captions, questions or text.",
            group="images",
            config=source.model_dump(mode="json"),
            page=images_page,
            key_metrics=("images", "holdout_records", "captions", "questions", "words"),
        )
    if images.synthetic is not None:
        key = _fonts_key(images)
        yield StepSpec(
            key=key,
            function=fetch_fonts,
            description="Font faces with their licences, and the characters that each can really draw.",
            group="images",
            config=fonts_config(images.fonts).model_dump(mode="json"),
            page=fonts_page,
            key_metrics=("faces", "font_bytes"),
        )
        yield StepSpec(
            key=f"{track.name}/synthetic",
            function=synthesize,
            description="Lines, documents, screenshots and scenes drawn from the corpus, with exact text and boxes.",
            group=f"{track.name}_images",
            config=images.synthetic.model_dump(mode="json"),
            inputs={"fonts": key, "documents": split_key(track)}
            | {f"photographs_{name}": f"images/{name}" for name in photographs},
            page=images_page,
            expected={"disk_bytes": _drawn_bytes(images)},
            key_metrics=("train_images", "holdout_images", "faces", "words", "characters"),
        )
        inputs["synthetic"] = f"{track.name}/synthetic"
    for source in map(resolve_image_source, images.sources):
        inputs[source.name] = f"images/{source.name}"
    yield StepSpec(
        key=images_key(track),
        function=pack_images,
        description="Image shards in the order of training, mixed by kind within the caps.",
        group=f"{track.name}_images",
        config=images.mixture.model_dump(mode="json"),
        inputs=inputs,
        page=images_page,
        expected={
            "disk_bytes": _drawn_bytes(images) + sum(_WEB_BYTES * (rule.samples or 0) for rule in images.mixture.take)
        },
        key_metrics=("samples", "holdout_samples", "text_token_share", "distinct_text_share", "commonest_text_share"),
    )


def _drawn_bytes(images: ImagesConfig) -> int:
    """About what the synthetic images take with their records."""
    kinds = images.synthetic.kinds if images.synthetic else {}
    return sum(kind.train * _DRAWN_BYTES.get(name.split("/")[0], 0) for name, kind in kinds.items())


def images_key(track: ImagesFields) -> str:
    return f"{track.name}/images"


def see_images(track: ImagesFields, name: str, stage: StageConfig) -> StageExtension | None:
    """A stage with images reads the shards of images, by the track's encoder and fusion."""
    if stage.images is None or track.vision is None:
        return None
    return StageExtension(
        inputs={"images": images_key(track)},
        # What was judged goes on; between stages of text the last step's weights do, as their schedules expect.
        config={"vision": track.vision.model_dump(mode="json"), "start_weights": track.weights},
        reads=f"images: {', '.join(group.name for group in stage.images.groups)}",
    )


def _fonts_key(images: ImagesConfig) -> str:
    """Key of the faces: a track that takes some packages only has faces of its own."""
    if images.fonts is None:
        return FONTS
    names = "_".join(sorted(images.fonts))
    return f"{FONTS}_{names if len(names) <= 40 else hashlib.sha256(names.encode()).hexdigest()[:8]}"


PART = Part(
    name="images",
    fields=ImagesFields,
    steps=image_steps,
    check=check,
    stage_kind="multimodal",
    extend_stage=see_images,
    sections=(Section(name="images", title="Images", read=images_section, phase="images"),),
)
