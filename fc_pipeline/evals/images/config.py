"""Settings of the evaluation on held-out images."""

from pydantic import Field

from fc_model.config.image_stage import Task
from fc_model.config.strict import Strict

TOKENS: dict[Task, int] = {"read": 512, "caption": 96, "answer": 96}


class ImageEvalConfig(Strict):
    """Settings of the evaluation after a stage with images."""

    max_samples: int = Field(default=200, gt=0, description="Images of each task and kind.")
    max_answer_tokens: dict[Task, int] = Field(default=TOKENS, description="By task; a group's text_tokens bounds it.")
    retrieval_samples: int = Field(default=200, gt=1, description="Captioned images among which retrieval searches.")
    control_samples: int = Field(default=32, gt=1, description="Images of each task and kind for the controls.")
    sample_pictures: int = Field(default=24, ge=0, description="Pictures to look at, half hits and half misses.")
    seed: int = Field(default=0, ge=0, description="Which images, questions and pictures; order of the controls.")
