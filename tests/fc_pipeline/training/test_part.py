"""What a track may say of an adapter, and what its stage begins with."""

from typing import Any

import pytest

from fc_model.errors import UserError
from fc_pipeline.track.config import parse_track, resolve_extends
from fc_pipeline.track.graph import build_graph

PLAIN: dict[str, Any] = {"kind": "adamw", "muon_lr": None, "embedding_lr": None, "head_lr": None}
STAGE: dict[str, Any] = {"steps": 5, "seq_len": 128, "batch_tokens": 1024, "lr": 1e-3, "lora": {}}


def parsed(stages: dict[str, Any], **fields: Any) -> Any:
    return parse_track("mine", resolve_extends({"extends": "pico", "stages": stages, **fields}))


@pytest.mark.parametrize("weights", ["model", "ema"])
def test_the_base_is_what_is_exported_of_the_stage_before(weights: str) -> None:
    graph = build_graph([parsed({"adapted": STAGE}, weights=weights)])
    step = graph["mine/stages/adapted"]
    assert step.inputs["start"] == "mine/stages/multimodal_full"
    assert step.config["start_weights"] == weights
    assert graph["mine/exports/huggingface"].inputs["stage"] == "mine/stages/adapted"


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        ({"adapted": STAGE | {"lora": {"rank": 65}}}, r"stages.adapted.lora: rank \(65\) exceeds that of k_proj"),
        ({"adapted": STAGE | {"lora": {"targets": ["c_attn"]}}}, "lora.targets.0: must be 'q_proj', .*'c_attn'"),
        ({"overfit": {"lora": {}}}, "lora has no use in kind overfit"),
        ({"multimodal_full": {"lora": {}}}, "lora has no use in kind multimodal"),
        ({"pretrain_a": {"lora": {}}}, "lora is trained by AdamW, optimizer.kind is normuon: set it to adamw"),
        (
            {"pretrain_a": {"lora": {}, "optimizer": {"kind": "adamw", "muon_lr": None}}},
            "stage pretrain_a: optimizer.embedding_lr, optimizer.head_lr would be of weights that lora freezes",
        ),
        (
            {"pretrain_a": {"lora": {}, "optimizer": PLAIN}},
            "stages.pretrain_a.lora: no stage before it trains weights that it could adapt: set it to null",
        ),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_one_line(stages: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message) as raised:
        parsed(stages)
    assert "\n" not in str(raised.value)
