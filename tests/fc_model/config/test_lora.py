"""Settings of an adapter: what is refused, and how many parameters it has."""

import re
from typing import Any

import pytest
from factories.models import STAGE, adapted_decoder, tiny_model
from pydantic import ValidationError

from fc_model.config.lora import LoraConfig
from fc_model.config.problems import problems
from fc_model.config.stage import StageConfig
from fc_model.model.lora import trained_parameters

IMAGES: dict[str, Any] = {
    "groups": [
        {"kinds": ["line"], "task": "read", "height": 32, "width": 32, "images": 2, "text_tokens": 8, "share": 1}
    ]
}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lora": {"targets": ["lm_head"]}}, "targets.0: must be 'q_proj', 'k_proj', .* or 'down_proj', is 'lm_head'"),
        ({"lora": {"targets": ["embed_tokens"]}}, "must be 'q_proj', 'k_proj', 'v_proj', .*, is 'embed_tokens'"),
        ({"lora": {"targets": ["q_proj", "up_proj", "q_proj"]}}, "lora: targets: q_proj stands twice: take it away"),
        ({"lora": {"targets": []}}, "lora.targets: must have 1 or more entries"),
        ({"lora": {"alpha": 0}}, "lora.alpha: must be above 0, is 0"),
        ({"lora": {"rank": 0}}, "lora.rank: must be above 0"),
        ({"lora": {"rank": True}}, "lora.rank: true and false"),
        ({"lora": {"dropout": 1}}, "lora.dropout: must be below 1"),
        ({"lora": {"r": 8}}, "lora.r is no field"),
        ({"lora": {}, "kind": "overfit", "overfit_tokens": 128}, "no use in kind overfit, the stage begins with fresh"),
        ({"lora": {}, "kind": "multimodal", "images": IMAGES}, "no use in kind multimodal, .*images.frozen"),
        ({"lora": {}, "optimizer": {"kind": "normuon", "muon_lr": 0.02}}, "by AdamW, .* is normuon: set it to adamw"),
        ({"lora": {}, "optimizer": {"embedding_lr": 0.1, "head_lr": 0.1}}, "optimizer.embedding_lr, optimizer.head_lr"),
    ],
)  # fmt: skip
def test_what_has_no_use_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as raised:
        StageConfig.model_validate(STAGE | changes)
    text = problems(raised.value, StageConfig)
    assert re.search(message, text), text


def test_embedding_and_head_have_rates_of_their_own_where_they_are_trained() -> None:
    stage = StageConfig.model_validate(STAGE | {"lora": {"embeddings": True}, "optimizer": {"embedding_lr": 0.1}})
    assert stage.optimizer.embedding_lr == 0.1


@pytest.mark.parametrize(
    ("lora", "message"),
    [
        ({"rank": 33}, r"rank \(33\) exceeds that of q_proj \(32 inputs, 32 outputs\): set it to 32 or less"),
        ({"rank": 17}, r"exceeds that of k_proj \(32 inputs, 16 outputs\): set it to 16 or less, or take k_proj out"),
    ],
)
def test_a_rank_above_that_of_the_matrix_is_refused(lora: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LoraConfig.model_validate(lora).check_model(tiny_model())


@pytest.mark.parametrize("lora", [{}, {"embeddings": True}, {"rank": 16, "targets": ["v_proj", "down_proj"]}])
def test_the_number_of_parameters_is_the_model_s(lora: dict[str, Any]) -> None:
    config = LoraConfig.model_validate({"rank": 4} | lora)
    config.check_model(tiny_model())
    expected = sum(
        parameter.numel() for parameter in trained_parameters(adapted_decoder(lora={"rank": 4} | lora)).values()
    )
    assert config.num_parameters(tiny_model()) == expected
