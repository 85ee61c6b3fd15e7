"""Evaluation on held-out images as a part of a track: reading, answers and retrieval, after every stage with images."""

from collections.abc import Iterator, Sequence

from pydantic import Field

from fc_pipeline.engine.deferred import deferred_imports
from fc_pipeline.engine.part import Part, Section
from fc_pipeline.engine.step import StepSpec
from fc_pipeline.evals.images.config import ImageEvalConfig
from fc_pipeline.evals.text.part import eval_key
from fc_pipeline.images.config import ImagesFields
from fc_pipeline.images.part import images_key

with deferred_imports():
    from fc_pipeline.evals.images.evaluate import evaluate_images
    from fc_pipeline.evals.images.pages import image_evals_page
    from fc_pipeline.evals.images.report import reading

_KEY_METRICS = (
    "read_exact_match_unseen", "recognize_exact_match_unseen", "answer_exact_match", "retrieval_gain",
    "text_bits_per_byte_rise",
)  # fmt: skip


class ImageEvalFields(ImagesFields):
    """Settings of the evaluation on held-out images."""

    image_evals: ImageEvalConfig = Field(
        default_factory=ImageEvalConfig, description="Reading, answers and retrieval after every stage with images."
    )


def image_eval_steps(track: ImageEvalFields, parts: Sequence[Part]) -> Iterator[StepSpec]:
    """A step a stage with images; where it trains the decoder, held-out text is compared with that before them."""
    last_text: str | None = None
    for name, stage in track.main_stages:
        if stage.images is None:
            last_text = eval_key(track, name)
            continue
        yield StepSpec(
            key=f"{track.name}/image_evals/{name}",
            function=evaluate_images,
            description=f"Held-out reading, answers and retrieval by kind and face, after {name}.",
            group=f"{track.name}_training",
            config={"weights": track.weights, **track.image_evals.model_dump(mode="json")},
            inputs={
                "stage": track.stage_key(name),
                "images": images_key(track),
                "shards": track.shards_key,
                **({"text": eval_key(track, name)} if stage.trains_decoder else {}),
                **({"before": last_text} if stage.trains_decoder and last_text else {}),
            },
            judges=track.stage_key(name),
            key_metrics=_KEY_METRICS,
            logged=("metrics.json", "samples.jsonl.zst"),
            kinds=("pytorch",),
            accelerator=True,
            page=image_evals_page,
        )


PART = Part(
    name="image_evals",
    fields=ImageEvalFields,
    steps=image_eval_steps,
    sections=(Section(name="reading", title="Reading", read=reading, phase="evaluation"),),
)
