"""Model and stage settings: counts by formula, derived numbers, messages that name the mend."""

import subprocess
import sys
from typing import Any

import pytest
from factories.models import tiny_model, tiny_stage
from pydantic import ValidationError

from fc_model.config.model import ModelConfig
from fc_model.config.stage import StageConfig


def test_untied_head_counts_once_more() -> None:
    tied, untied = tiny_model(), tiny_model(tie_embeddings=False)
    assert untied.num_parameters() - tied.num_parameters() == 64 * 32
    assert untied.flops_per_token(128) == tied.flops_per_token(128)


def test_tokens_make_whole_steps() -> None:
    stage = tiny_stage(steps=None, tokens=1000)
    assert (stage.num_steps, stage.batch_size) == (8, 4)


@pytest.mark.parametrize(
    ("kind", "steps", "expected"), [("cosine", 400, 8), ("cosine", 1_000_000, 2000), ("wsd", 400, 4)]
)
def test_default_warmup(kind: str, steps: int, expected: int) -> None:
    assert tiny_stage(steps=steps, schedule={"kind": kind}).num_warmup_steps == expected


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"schedule": {"warmup_steps": 2000}},
            r"warmup_steps \(2000\) exceeds steps \(40\): lower it; at most 2% of the steps is usual",
        ),
        ({"schedule": {"kind": "wsd", "warmup_steps": 39}}, r"warmup_steps \(39\) and decay_fraction \(0.19\)"),
        ({"batch_tokens": 100}, r"batch_tokens \(100\) is no multiple of seq_len \(32\): set it to 96"),
        ({"tokens": 100}, "exactly one of steps and tokens"),
        ({"kind": "overfit"}, "overfit_tokens belongs to kind overfit"),
        ({"plateau": {}}, "plateau needs eval_every"),
        ({"optimizer": {"kind": "muon"}}, "muon_lr is missing"),
        ({"optimizer": {"muon_lr": 0.1}}, r"muon_lr \(0.1\) has no use for kind adamw"),
        ({"optimizer": {"betas": [0.9, 1.0]}}, "betas"),
        ({"learning_rate": 1.0}, "learning_rate"),
        ({"lr": float("nan")}, "lr"),
    ],
)
def test_stage_messages(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        tiny_stage(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_kv_heads": 3}, r"num_kv_heads \(3\) does not divide num_heads \(4\)"),
        ({"head_dim": 63}, r"head_dim \(63\) is odd"),
        ({"width": 1}, "width"),
    ],
)
def test_model_messages(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        tiny_model(**changes)


def test_every_field_is_described() -> None:
    for config in (ModelConfig, StageConfig):
        assert [name for name, field in config.model_fields.items() if not field.description] == []


def test_config_imports_no_torch() -> None:
    modules = "runtime, stage, vision, model, image_stage, flops, differences"
    code = f"import sys; from fc_model.config import {modules}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
