"""Settings of a stage with images: what can be trained, what is refused and how."""

from typing import Any

import pytest
from factories.image_stage import GROUPS, IMAGES, VISION
from pydantic import ValidationError

from fc_model.config.image_stage import ImageGroup, ImageStageConfig, VisionConfig

TALL, ODD = GROUPS["recognize"] | {"height": 24}, GROUPS["caption"] | {"width": 30}


def stage(**changes: Any) -> ImageStageConfig:
    return ImageStageConfig.model_validate(IMAGES | changes)


def check(images: ImageStageConfig, *, context_length: int = 96, hidden_size: int = 32, **vision: Any) -> None:
    config = VisionConfig.model_validate(VISION | vision)
    images.check_vision(config, hidden_size=hidden_size, context_length=context_length)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"frozen": ["decoder", "encoder", "fusion"], "text_share": 0}, "frozen: every part is"),
        ({"unfreeze_encoder_layers": 1}, "unfreeze_encoder_layers has no use: the encoder is not frozen"),
        ({"frozen": ["decoder"]}, "text_share has no use: the decoder is frozen; set it to 0, or train the decoder"),
        ({"recognition": 0, "alignment": 0}, "recognition is 0, so task recognize would learn nothing: set it to 1"),
        ({"recognition": 0, "groups": [GROUPS["read"]]}, "alignment belongs to the CTC head: set recognition as"),
        ({"groups": [GROUPS["read"], GROUPS["read"]]}, "groups: two are called read_line: join them"),
        ({"groups": []}, "groups"),
        ({"unfreeze_at": 1.5}, "unfreeze_at"),
        ({"frozen": ["eyes"]}, "frozen"),
        ({"groups": [GROUPS["read"] | {"share": 0}]}, "share"),
        ({"temprature": 1}, "temprature"),
        ({"temperature": 0.001}, "temperature"),
    ],
)
def test_what_makes_no_sense_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        stage(**changes)


@pytest.mark.parametrize(
    ("images", "rest", "message"),
    [
        (
            {"frozen": ["encoder"], "unfreeze_encoder_layers": 3},
            {},
            r"unfreeze_encoder_layers \(3\): the encoder has 2",
        ),
        ({}, {"ctc_head": None}, "recognition has no use: no group reads lines for vision.ctc_head"),
        ({"groups": [GROUPS["caption"]]}, {}, "recognition has no use: no group reads lines"),
        (
            {"groups": [GROUPS["read"], TALL]},
            {},
            r"groups\[1\]: task recognize needs vision.ctc_head and a height of its",
        ),
        ({"groups": [GROUPS["read"], ODD]}, {}, r"groups\[1\]: image of 24x30 pixels is no"),
        ({}, {"context_length": 43}, r"groups\[2\]: 44 tokens exceed the model's context_length \(43\): lower text"),
        ({}, {"fusion": {"kind": "mlp", "pixel_shuffle": 2}}, r"groups\[2\]: patch grid 3x3 is no multiple of pixel"),
        ({}, {"fusion": {"kind": "perceiver", "head_dim": 24}}, r"fusion\.head_dim \(24\) does not divide the"),
    ],
)
def test_what_this_vision_cannot_do_is_refused_before_the_first_step(
    images: dict[str, Any], rest: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        check(stage(**images), **rest)


def test_what_fits_passes() -> None:
    check(stage())
    check(stage(frozen=["encoder"], unfreeze_encoder_layers=2), context_length=44)
    check(stage(groups=[GROUPS["caption"]], recognition=0, alignment=0), ctc_head=None)


def test_shares_of_the_steps_add_up_to_one() -> None:
    assert stage().shares == pytest.approx([2 / 7, 2 / 7, 1 / 7, 1 / 7, 1 / 7])
    assert stage(text_share=0).shares[-1] == 0
    assert sum(stage(text_share=0.31).shares) == pytest.approx(1)


@pytest.mark.parametrize(
    ("kinds", "kind", "expected"),
    [
        (["line"], "line", True),
        (["line"], "lines", False),
        (["document/*"], "document/invoice", True),
        (["document/*"], "document", False),
        (["chart", "emoji"], "emoji", True),
        (["*"], "scene/sign", True),
        (["LINE"], "line", False),
    ],
)
def test_kinds_are_globs(kinds: list[str], kind: str, expected: bool) -> None:
    assert ImageGroup.model_validate(GROUPS["read"] | {"kinds": kinds}).takes(kind) is expected


def test_names_for_logs() -> None:
    group = ImageGroup.model_validate(GROUPS["answer"] | {"kinds": ["screenshot/*", "chart"]})
    assert group.name == "answer_screenshot_all"


def test_only_groups_of_the_height_of_a_line_are_recognized() -> None:
    vision = VisionConfig.model_validate(VISION)
    heights = {
        height: vision.recognizes(ImageGroup.model_validate(GROUPS["read"] | {"height": height}))
        for height in (8, 16, 32)
    }
    assert heights == {8: False, 16: True, 32: False}
    bare = VisionConfig.model_validate(VISION | {"ctc_head": None})
    assert not bare.recognizes(ImageGroup.model_validate(GROUPS["read"]))
