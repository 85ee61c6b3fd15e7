"""Shards with a mask: what is not trained on is no target, and a mask that does not fit is refused."""

from pathlib import Path

import numpy as np
import pytest
import torch
from factories.text_stage import STAGE
from factories.token_shards import EOS, write_token_shards
from hypothesis import given
from hypothesis import strategies as st

from fc_model.config.stage import StageConfig
from fc_model.data.token_shard_writer import SplitWriter
from fc_model.data.token_shards import Shards
from fc_model.data.windows import TrainBatches
from fc_model.errors import UserError
from fc_model.model.loss import IGNORE

VOCAB = 50


@pytest.fixture
def documents() -> list[np.ndarray]:
    random = np.random.default_rng(0)
    return [random.integers(3, VOCAB, size=random.integers(1, 30)) for _ in range(40)]


def masks_of(documents: list[np.ndarray]) -> list[np.ndarray]:
    """Even ids are trained on."""
    return [ids % 2 == 0 for ids in documents]


def write(folder: Path, documents: list[np.ndarray], *, shard_tokens: int = 100) -> Path:
    masks = {"train": masks_of(documents)}
    return write_token_shards(folder, {"train": documents}, np.full(VOCAB, 3), shard_tokens=shard_tokens, masks=masks)


@given(st.lists(st.lists(st.integers(3, VOCAB - 1), max_size=20), min_size=1, max_size=20), st.integers(1, 60))
def test_ids_and_masks_come_back_across_files(tmp_path_factory, documents: list[list[int]], shard_tokens: int) -> None:
    arrays = [np.array(ids, dtype=np.int64) for ids in documents]
    shards = Shards(write(tmp_path_factory.mktemp("shards"), arrays, shard_tokens=shard_tokens))
    ids = shards.tokens(0, shards.num_tokens)
    trained = (ids % 2 == 0) & (ids != EOS)
    assert ids.tolist() == [token for one in documents for token in (*one, EOS)]
    assert shards.trained(0, shards.num_tokens).tolist() == trained.tolist()
    assert shards.num_trained == trained.sum()
    assert shards.num_bytes == 3 * shards.num_trained
    middle = shards.num_tokens // 2
    assert shards.trained(middle, shards.num_tokens).tolist() == trained[middle:].tolist()


def test_targets_that_are_not_trained_on_are_ignored(tmp_path: Path, documents: list[np.ndarray]) -> None:
    stage = StageConfig(**STAGE | {"seq_len": 16, "batch_tokens": 64})
    for number in range(4):
        batch = TrainBatches(Shards(write(tmp_path, documents)), stage)(number)
        plain = TrainBatches(
            Shards(write_token_shards(tmp_path / "plain", {"train": documents}, np.full(VOCAB, 3))), stage
        )(number)
        kept = (plain.targets_BT % 2 == 0) & (plain.targets_BT != EOS)
        assert torch.equal(batch.targets_BT, plain.targets_BT.masked_fill(~kept, IGNORE))
        assert torch.equal(batch.ids_BT, plain.ids_BT)


@pytest.mark.parametrize("batch_size", [1, 3])
def test_evaluation_scores_each_trained_token_once(
    tmp_path: Path, documents: list[np.ndarray], batch_size: int
) -> None:
    shards = Shards(write(tmp_path, documents))
    batches = list(shards.windows_sequential(16, batch_size))
    assert sum(int(batch.scored_BT.sum()) for batch in batches) == shards.num_trained
    assert sum(batch.num_bytes for batch in batches) == shards.num_bytes
    for batch in batches:
        scored = batch.ids_BT1[:, 1:][batch.scored_BT]
        assert bool((scored % 2 == 0).all()) and EOS not in scored.tolist()


def test_a_mask_that_does_not_fit_is_refused(tmp_path: Path, documents: list[np.ndarray]) -> None:
    folder = write(tmp_path, documents)
    path = next(folder.glob("train-00001.mask"))
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    with pytest.raises(UserError, match=r"train-00001.mask: .* bytes, but index.json says"):
        Shards(folder)
    path.write_bytes(b"\x02" + whole[1:])
    shards = Shards(folder)
    with pytest.raises(UserError, match=r"train-00001.mask: 2 at position \d+ .* a mask is 0 or 1"):
        shards.trained(0, shards.num_tokens)
    path.unlink()
    with pytest.raises(UserError, match=r"missing train-00001.mask"):
        Shards(folder)


def test_the_writer_refuses_a_mask_of_another_length(tmp_path: Path) -> None:
    def opened(name: str):
        return (tmp_path / name).open("wb")

    ids = np.array([5, 6, EOS])
    about = {"row": 0, "domain": "chat", "num_bytes": 6}
    masked = SplitWriter(opened, "train", vocab_size=VOCAB, shard_tokens=100, masked=True)
    plain = SplitWriter(opened, "train", vocab_size=VOCAB, shard_tokens=100)
    for writer, mask in ((masked, np.ones(2, dtype=bool)), (masked, None), (plain, np.ones(3, dtype=bool))):
        with pytest.raises(ValueError, match="split train: 3 ids need"):
            writer.add(ids, **about, trained=mask)


def test_windows_of_another_length_are_refused(tmp_path: Path, documents: list[np.ndarray]) -> None:
    folder = write_token_shards(
        tmp_path, {"train": documents}, np.full(VOCAB, 3), masks={"train": masks_of(documents)}, packed_for=32
    )
    with pytest.raises(UserError, match="packed for windows of 32 tokens, but seq_len of stage test is 16: set it"):
        TrainBatches(Shards(folder), StageConfig(**STAGE | {"name": "test", "seq_len": 16, "batch_tokens": 64}))
