"""The steps that make a track's images: fonts and real images are shared, the rest is the track's own."""

import hashlib
from collections.abc import Iterator

from fc_pipeline.engine.step import StepSpec
from fc_pipeline.images.config import ImagesConfig
from fc_pipeline.images.fonts.catalogue import fonts_config
from fc_pipeline.images.sources.catalogue import resolve_image_source

FONTS = "images/fonts"


def image_steps(
    images: ImagesConfig, *, track: str, documents: str, requires: tuple[str, ...] = ()
) -> Iterator[StepSpec]:
    """The steps, in order; `documents` is the key of the corpus whose text is drawn."""
    inputs: dict[str, str] = {}
    if images.synthetic is not None:
        fonts = fonts_config(images.fonts)
        key = fonts_key(images)
        yield StepSpec(
            key=key,
            function="fc_pipeline.images.fonts.fetch:fetch_fonts",
            description="Font faces with their licences, and the characters that each can really draw.",
            group="images",
            config=fonts.model_dump(mode="json"),
        )
        yield StepSpec(
            key=f"{track}/synthetic",
            function="fc_pipeline.images.synthesize:synthesize",
            description="Lines, documents, screenshots and scenes drawn from the corpus, with exact text and boxes.",
            group=f"{track}_images",
            config=images.synthetic.model_dump(mode="json"),
            inputs={"fonts": key, "documents": documents},
            requires=requires,
        )
        inputs["synthetic"] = f"{track}/synthetic"
    for source in map(resolve_image_source, images.sources):
        yield StepSpec(
            key=f"images/{source.name}",
            function="fc_pipeline.images.sources.fetch:fetch_images",
            description=f"Images of {source.name} ({source.licence}) with captions, questions or text.",
            group="images",
            config=source.model_dump(mode="json"),
        )
        inputs[source.name] = f"images/{source.name}"
    yield StepSpec(
        key=f"{track}/images",
        function="fc_pipeline.images.pack:pack_images",
        description="Image shards in the order of training, mixed by kind within the caps.",
        group=f"{track}_images",
        config=images.mixture.model_dump(mode="json"),
        inputs=inputs,
    )


def fonts_key(images: ImagesConfig) -> str:
    """Key of the faces: a track that takes some packages only has faces of its own."""
    if images.fonts is None:
        return FONTS
    names = "_".join(sorted(images.fonts))
    return f"{FONTS}_{names if len(names) <= 40 else hashlib.sha256(names.encode()).hexdigest()[:8]}"


def image_roles(images: ImagesConfig) -> list[str]:
    """Keys of the shared artifacts that the images are made from."""
    fonts = [fonts_key(images)] if images.synthetic is not None else []
    return [*fonts, *(f"images/{resolve_image_source(entry).name}" for entry in images.sources)]
