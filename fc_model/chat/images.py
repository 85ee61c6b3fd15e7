"""One question about images to the model of a stage that sees."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from pathlib import Path

import torch
from PIL.Image import Image

from fc_model.checkpoints.load import load_vision_model
from fc_model.config.image_stage import ImageGroup
from fc_model.inference.answer import generate_answers, preprocess
from fc_model.inference.read import read_together
from fc_model.tokenizer import Tokenizer
from fc_model.vision.examples import ExampleMaker
from fc_model.vision.prompts import DESCRIBE, READ

logger = logging.getLogger(__name__)


def answer_about(
    stage: Path,
    pictures: Sequence[Image],
    *,
    tokenizer_file: Path,
    groups: Sequence[ImageGroup],
    prompt: str = READ,
    num_tokens: int = 512,
) -> str:
    """The likeliest answer of a stage's model to a prompt about one or several RGB images.

    They are brought to the size of the group that was trained on this task (or, if none was, of any group) and changes
    the first image's size the least. A line is read by decoder and CTC head together.
    Raises UserError when the model cannot be loaded, and when images and prompt are too much for its context.
    """
    prompt = prompt if prompt.endswith("\n") else f"{prompt}\n"
    group = nearest_group(groups, prompt=prompt, width=pictures[0].width, height=pictures[0].height)
    tokenizer, model = Tokenizer(tokenizer_file), load_vision_model(stage)
    width = max(group.bucket(*picture.size, patch=model.vision.token_pixels).width for picture in pictures)
    images_BIHWC = preprocess(pictures, height=group.height, width=width).unsqueeze(0)
    ids = tokenizer.encode(prompt)
    with torch.no_grad():
        _, tokens_BIQD = model.encode_images(images_BIHWC)
    [answer] = generate_answers(model, tokens_BIQD, [ids], max_tokens=num_tokens)
    decoded = tokenizer.decode(answer)
    is_line = prompt == READ and len(pictures) == 1 and model.vision.recognizes(group)
    if not is_line:
        return decoded
    if pictures[0].height * group.scale(*pictures[0].size) < group.height / 2:
        logger.warning(
            "a line of %d x %d pixels is read from one of %d x %d, with letters smaller than in training: cut it into "
            "pieces at most %.1f times as wide as high",
            *pictures[0].size, group.width, group.height, group.width / group.height,
        )  # fmt: skip
    transcript = ExampleMaker(tokenizer, model.vision).transcript
    [text] = read_together(
        model, images_BIHWC, tokens_BIQD, [decoded], prompt=ids, transcript=transcript, max_tokens=num_tokens
    )
    return text


def nearest_group(groups: Sequence[ImageGroup], *, prompt: str, width: int, height: int) -> ImageGroup:
    """The group of the prompt's task, or of any where none has it, that shows an image nearest to its own size.

    Of those that do so alike, the one that it fills best: what is read was learnt at one size of letters.
    """
    tasks = {READ: ("read", "recognize"), DESCRIBE: ("caption",)}.get(prompt, ("answer",))
    fitting = [group for group in groups if group.task in tasks] or list(groups)

    def change(group: ImageGroup) -> tuple[float, float]:
        return abs(math.log(group.scale(width, height))), abs(math.log(width * group.height / (height * group.width)))

    return min(fitting, key=change)
