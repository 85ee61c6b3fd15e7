"""Stages of kind sft: only replies are learnt, text comes among them, and a killed run ends in the same bytes."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from factories.sft_talk import SEQ_LEN, SFT, write_talk
from factories.text_stage import MODEL, STAGE, write_stage
from factories.training_runs import changed, drive, open_run, weights

from fc_model.config.stage import StageConfig
from fc_model.data.token_shards import Shards
from fc_model.errors import UserError
from fc_model.model.decoder import Decoder
from fc_model.model.loss import IGNORE
from fc_model.train import run_stage
from fc_model.train.conversations import ConversationBatches, text_schedule


def open_sft(folder: Path, shards: Path, talk: Path, **stage: Any):
    return open_run(folder, shards, stage=SFT | stage, instructions=str(talk))


def test_the_loss_is_the_replies_alone(tmp_path: Path, shards: Path) -> None:
    """Other targets in the prompt change nothing where the model sees the same inputs."""
    run = open_sft(tmp_path / "run", shards, write_talk(tmp_path / "talk"))
    batch = run.batches(0)
    trained = batch.targets_BT != IGNORE
    assert run.objective.num_targets(batch) == int(trained.sum()) == 4 * (SEQ_LEN - 1 - (SEQ_LEN - 1) // 2)
    decoder = Decoder(run.spec.model).eval()
    torch.nn.init.normal_(decoder.embed_tokens.weight)
    loss = decoder.loss(batch.ids_BT, batch.targets_BT, batch.document_BT)
    logits = decoder(batch.ids_BT, batch.document_BT)[trained]
    assert torch.allclose(loss, torch.nn.functional.cross_entropy(logits, batch.targets_BT[trained]), rtol=1e-5)


def test_replies_are_learnt_and_measured_beside_text(tmp_path: Path, shards: Path) -> None:
    run = drive(open_sft(tmp_path / "run", shards, write_talk(tmp_path / "talk"), steps=60, eval_every=20))
    first, *_, last = run.state.evaluations
    assert last["holdout_loss"] < first["holdout_loss"] - 0.3
    assert {"holdout_ppl", "holdout_text_bpb", "ema_text_bpb", "ema_loss"} <= last.keys()
    assert last["holdout_text_bpb"] > 0


def test_text_comes_by_its_share_and_goes_on_where_it_was(tmp_path: Path, shards: Path) -> None:
    talk = Shards(write_talk(tmp_path / "talk"), "train-talk")
    stage = StageConfig(**STAGE | SFT | {"text_share": 0.25, "first_batch": 3})
    batches = ConversationBatches(talk, Shards(shards), stage)
    is_text = [bool((batches(number).targets_BT != IGNORE).all()) for number in range(stage.num_steps)]
    assert is_text == (text_schedule(stage) == 1).tolist() and sum(is_text) == 3 == stage.text_steps
    text = [batches.window_ids(number) for number in np.flatnonzero(is_text)]
    expected = [Shards(shards).window_ids(step, 4, SEQ_LEN, stage.seed).tolist() for step in (3, 4, 5)]
    assert text == expected
    assert not any(text_schedule(StageConfig(**STAGE | SFT)))
    assert StageConfig(**STAGE | SFT).text_steps == 0


def test_a_killed_run_ends_in_the_same_bytes(tmp_path: Path, shards: Path) -> None:
    talk = write_talk(tmp_path / "talk")
    stage = SFT | {"text_share": 0.3, "dropout": 0.2}
    whole = write_stage(tmp_path / "whole", shards, stage=stage, instructions=str(talk))
    run_stage(whole)
    killed = tmp_path / "killed"
    drive(open_run(killed, shards, stage=stage, instructions=str(talk)), steps=7)
    drive(open_run(killed), steps=10)
    run_stage(killed)
    for name in ("model.safetensors", "ema.safetensors", "optimizer.safetensors", "state.json"):
        assert (whole / name).read_bytes() == (killed / name).read_bytes(), name


@pytest.mark.parametrize(("dropout", "expected"), [(None, 0.1), (0.0, 0.0), (0.3, 0.3)])
def test_dropout_is_the_stages_own(tmp_path: Path, shards: Path, dropout: float | None, expected: float) -> None:
    run = open_run(tmp_path / "run", shards, stage={"dropout": dropout})
    assert MODEL["dropout"] == 0.1
    assert {layer.dropout.p for layer in run.train_step.model.layers} == {expected}


def test_a_new_prompt_is_seen_and_not_learnt(tmp_path: Path, shards: Path) -> None:
    """The weights of the embedding that only prompts use move by attention alone: no prompt is a target."""
    runs = [
        drive(open_sft(tmp_path / f"{n}", shards, write_talk(tmp_path / f"talk{n}", noise=n)), steps=3) for n in (0, 1)
    ]
    assert changed(weights(runs[0]), weights(runs[1]))
    targets = [run.batches(0).targets_BT for run in runs]
    assert torch.equal(*targets)


def test_what_does_not_fit_is_said_in_a_line(tmp_path: Path, shards: Path) -> None:
    talk = write_talk(tmp_path / "talk")
    with pytest.raises(UserError, match="instructions is missing"):
        open_run(tmp_path / "none", shards, stage=SFT)
    with pytest.raises(UserError, match="no packed conversations"):
        open_sft(tmp_path / "gone", shards, tmp_path / "elsewhere")
    with pytest.raises(UserError, match="packed for windows of 32 tokens"):
        open_sft(tmp_path / "short", shards, talk, seq_len=16, batch_tokens=64)
    with pytest.raises(UserError, match="no split 'train-other'; it has holdout-talk, train-talk"):
        open_sft(tmp_path / "name", shards, talk, name="other")
    with pytest.raises(ValueError, match="text_share belongs to kind sft"):
        StageConfig(**STAGE | {"text_share": 0.5})


def test_a_stage_that_uses_neither_field_has_its_old_recipe() -> None:
    assert {"dropout", "text_share"}.isdisjoint(StageConfig(**STAGE).model_dump(mode="json"))
    used = StageConfig(**STAGE | SFT | {"dropout": 0.05, "text_share": 0.5})
    assert StageConfig.model_validate(used.model_dump(mode="json")) == used
