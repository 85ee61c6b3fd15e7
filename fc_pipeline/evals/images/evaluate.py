"""The evaluation on held-out images after a stage with images: reading, answers, captions, retrieval."""

import io
import json
import random
from itertools import zip_longest

from fc_model.artifacts import Artifact
from fc_model.checkpoints.load import load_vision_model
from fc_model.config.image_stage import ImageGroup, ImageStageConfig
from fc_model.data.images.decode import decode_stored
from fc_model.data.images.shards import ImageShards
from fc_model.device import pick_device, set_threads
from fc_model.errors import UserError
from fc_model.evals.control import shuffle_weights
from fc_model.evals.image_samples import choose_captioned, choose_samples, some_of_each
from fc_model.evals.image_scores import (
    character_error_rate,
    exact_matches,
    face_scores,
    image_scores,
    is_exact,
    predicted_text,
)
from fc_model.evals.images import ImageReader, Prediction
from fc_model.seed import derive_seed
from fc_model.tokenizer import Tokenizer
from fc_pipeline.engine.step import Step
from fc_pipeline.evals.images.config import TOKENS, ImageEvalConfig

_HOLDOUT = "holdout"
_SHOWN_FACES = 10


def evaluate_images(step: Step) -> None:
    """Writes metrics.json, samples.jsonl.zst and samples/<number>.png.

    config: ImageEvalConfig, and `weights`, the judged ones. inputs: `stage`, `images`, `shards` (for the tokenizer),
    and, to compare the loss on text, `before` (evals of the last stage without images) and `text` (evals of this
    one).
    Metrics: those of `fc_model.evals.image_scores`; exact_match_shuffled with other samples' images and
    exact_match_random with shuffled weights, by task and kind; worst and best face; retrieval recall both ways,
    chance, and retrieval_gain (mean recall at 1 over chance); text_bits_per_byte_rise.

    Raises:
        UserError: the stage has no images, or no held-out image fits it.
    """
    weights = step.config["weights"]
    config = ImageEvalConfig.model_validate({name: value for name, value in step.config.items() if name != "weights"})
    set_threads(step.runtime.threads)
    groups = _groups(step.inputs["stage"])
    shards = ImageShards(step.inputs["images"].folder, _HOLDOUT)
    samples = choose_samples(shards, groups, max_samples=config.max_samples, seed=config.seed)
    if not samples:
        raise UserError(f"{step.inputs['images'].key}: no held-out image is for a group of {step.inputs['stage'].key}")
    reader = ImageReader(
        model=load_vision_model(step.inputs["stage"].folder, weights=weights, device=pick_device(step.runtime.device)),
        tokenizer=Tokenizer(step.inputs["shards"].path("tokenizer.model")),
        shards=shards,
        groups=groups,
        max_tokens=TOKENS | config.max_answer_tokens,
    )
    predictions = reader.predict(
        samples, report=lambda done: step.runtime.report({"step": done, "steps": len(samples)})
    )
    faces = face_scores(predictions)
    metrics = image_scores(predictions) | _faces(faces)
    control = some_of_each(samples, max_samples=config.control_samples, seed=config.seed)
    metrics |= exact_matches(reader.predict_shuffled(control, seed=config.seed), control="shuffled")
    captioned = choose_captioned(shards, groups, max_samples=config.retrieval_samples, seed=config.seed)
    metrics |= _retrieval(reader.retrieval(captioned)) if len(captioned) > 1 else {}
    metrics |= _text_rise(step.inputs)
    _write_samples(step, shards, predictions, config)

    shuffle_weights(reader.model, seed=config.seed)
    metrics |= exact_matches(reader.predict(control), control="random")
    if len(captioned) > 1:
        metrics["retrieval_gain_random"] = _retrieval(reader.retrieval(captioned))["retrieval_gain"]
    step.out.metrics |= {name: round(value, 6) for name, value in sorted(metrics.items())}
    summary = {
        "weights": weights,
        "metrics": step.out.metrics,
        "faces": faces,
        "worst_faces": list(faces)[:_SHOWN_FACES],
        "best_faces": list(faces)[::-1][:_SHOWN_FACES],
    }
    step.out.write_text("metrics.json", json.dumps(summary, indent=1, allow_nan=False) + "\n")


def _groups(stage: Artifact) -> list[ImageGroup]:
    images = stage.manifest.recipe.config["stage"].get("images")
    if images is None:
        raise UserError(f"{stage.key}: a stage without images cannot be asked about them; take one of kind multimodal")
    return ImageStageConfig.model_validate(images).groups


def _faces(faces: dict[str, dict[str, float]]) -> dict[str, float]:
    """Exact match in the worst and the best face."""
    rates = [scores["exact_match"] for scores in faces.values()]
    return (
        {"exact_match_worst_face": rates[0], "exact_match_best_face": rates[-1], "faces": len(rates)} if rates else {}
    )


def _retrieval(recalls: dict[str, float]) -> dict[str, float]:
    both = (recalls["image_to_text_recall_at_1"] + recalls["text_to_image_recall_at_1"]) / 2
    gain = {"retrieval_gain": both / recalls["chance_at_1"]}
    return {f"retrieval_{name}": value for name, value in recalls.items()} | gain


def _text_rise(inputs: dict[str, Artifact]) -> dict[str, float]:
    """Relative rise of the bits per byte of text since before the stage: 0.01 is one per cent more."""
    if "before" not in inputs or "text" not in inputs:
        return {}
    before, after = (inputs[role].metrics["bits_per_byte"] for role in ("before", "text"))
    return {"text_bits_per_byte_rise": after / before - 1}


def _write_samples(step: Step, shards: ImageShards, predictions: list[Prediction], config: ImageEvalConfig) -> None:
    """Write every prediction as a line, and the pictures of some."""
    shown = _shown(predictions, config)
    for place, name in shown.items():
        with step.out.open(name) as file:
            file.write(_png(shards, predictions[place].sample.number))
    with step.out.records("samples.jsonl.zst") as write:
        for place, prediction in enumerate(predictions):
            sample = prediction.sample
            write(
                {
                    "number": sample.number,
                    "id": sample.id,
                    "kind": sample.kind,
                    "task": sample.task,
                    "prompt": sample.prompt,
                    "answers": sample.answers,
                    "prediction": predicted_text(prediction),
                    "recognized": prediction.recognized,
                    "exact": is_exact(prediction),
                    "cer": round(character_error_rate(prediction), 6),
                    "fonts": list(sample.fonts),
                    "layout": sample.layout,
                    "picture": shown.get(place),
                }
            )


def _shown(predictions: list[Prediction], config: ImageEvalConfig) -> dict[int, str]:
    """{number of the prediction: name of its picture}: half hits, half misses where both suffice, over all kinds."""
    by_kind: dict[bool, dict[tuple[str, str], list[int]]] = {True: {}, False: {}}
    for place, prediction in enumerate(predictions):
        kind = (prediction.sample.task, prediction.sample.kind)
        by_kind[is_exact(prediction)].setdefault(kind, []).append(place)
    rng = random.Random(derive_seed(config.seed, "pictures"))
    queues = {hit: _in_turn(by_kind[hit], rng) for hit in (True, False)}
    half = config.sample_pictures // 2
    hits = queues[True][: max(half, config.sample_pictures - len(queues[False]))]
    misses = queues[False][: config.sample_pictures - len(hits)]
    return {place: f"samples/{number:03d}.png" for number, place in enumerate([*hits, *misses])}


def _in_turn(places: dict[tuple[str, str], list[int]], rng: random.Random) -> list[int]:
    """All places, drawn from the groups in turn."""
    shuffled = [rng.sample(group, k=len(group)) for _, group in sorted(places.items())]
    return [place for turn in zip_longest(*shuffled) for place in turn if place is not None]


def _png(shards: ImageShards, number: int) -> bytes:
    """The stored image, its own bytes where it is a PNG."""
    sample = shards.sample(number)
    if sample.record.images[0].endswith("png"):
        return sample.images[0]
    stream = io.BytesIO()
    decode_stored(sample.images[0], name=sample.record.id).save(stream, "PNG")
    return stream.getvalue()
