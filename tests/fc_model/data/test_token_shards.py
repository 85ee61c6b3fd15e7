"""The shards reader: windows, their order, lineage, and damaged files."""

import json
from pathlib import Path

import numpy as np
import pytest
from factories.token_shards import EOS, FIRST_ROW, write_token_shards
from hypothesis import given
from hypothesis import strategies as st

from fc_model.data.token_shard_writer import token_dtype
from fc_model.data.token_shards import Shards, list_splits, permute
from fc_model.errors import UserError

VOCAB = 300


@pytest.fixture
def documents() -> list[np.ndarray]:
    generator = np.random.default_rng(0)
    return [generator.integers(3, VOCAB, size=generator.integers(0, 40)) for _ in range(30)]


@pytest.fixture
def folder(tmp_path: Path, documents: list[np.ndarray]) -> Path:
    return write_token_shards(tmp_path, {"train": documents}, np.full(VOCAB, 2), shard_tokens=50)


def flat(documents: list[np.ndarray]) -> np.ndarray:
    return np.concatenate([np.append(ids, EOS) for ids in documents])


def test_tokens_come_back_across_files(folder: Path, documents: list[np.ndarray]) -> None:
    shards = Shards(folder)
    assert len(list(folder.glob("*.bin"))) > 3
    row = flat(documents)
    assert shards.num_tokens == len(row)
    assert shards.num_bytes == 2 * sum(map(len, documents))
    for start in range(len(row)):
        stop = min(len(row), start + 123)
        assert (shards.tokens(start, stop) == row[start:stop]).all()
    assert list_splits(folder) == ["train"]


def test_every_token_is_located(folder: Path, documents: list[np.ndarray]) -> None:
    shards = Shards(folder)
    expected = [(FIRST_ROW + n, place) for n, ids in enumerate(documents) for place in range(len(ids) + 1)]
    assert [shards.locate(position) for position in range(shards.num_tokens)] == expected
    with pytest.raises(UserError, match=f"none at {shards.num_tokens}"):
        shards.locate(shards.num_tokens)


def test_windows_name_the_document_of_each_token(folder: Path, documents: list[np.ndarray]) -> None:
    shards = Shards(folder)
    owner = np.concatenate([np.full(len(ids) + 1, n) for n, ids in enumerate(documents)])
    for index in range(shards.num_windows(16)):
        ids, ordinals = shards.window(index, 16)
        assert (ids == flat(documents)[16 * index : 16 * index + 17]).all()
        assert (ordinals == owner[16 * index : 16 * index + 17]).all()
    with pytest.raises(UserError, match="does not exist"):
        shards.window(shards.num_windows(16), 16)


def test_batches_are_a_function_of_the_step(folder: Path) -> None:
    batches = {step: Shards(folder).batch(step, 4, 16, seed=7) for step in (3, 0, 9)}
    again = Shards(folder)
    for step, (ids, ordinals, trained) in batches.items():
        ids_again, ordinals_again, _ = again.batch(step, 4, 16, seed=7)
        assert (
            trained is None and ids.shape == (4, 17) and (ids == ids_again).all() and (ordinals == ordinals_again).all()
        )
        assert str(ids.dtype) == "torch.int64" and str(ordinals.dtype) == "torch.int32"


def test_each_epoch_sees_each_window_once_in_its_own_order(folder: Path) -> None:
    shards = Shards(folder)
    windows = shards.num_windows(16)
    stream = np.concatenate([shards.window_ids(step, 3, 16, seed=1) for step in range(windows)])  # three epochs
    epochs = stream.reshape(3, windows)
    assert all(sorted(epoch) == list(range(windows)) for epoch in epochs)
    assert not (epochs[0] == epochs[1]).all()
    assert not (epochs[0] == [shards.window_ids(step, 1, 16, seed=2)[0] for step in range(windows)]).all()
    assert (shards.window_ids(0, windows, 16, seed=1) == epochs[0]).all()  # the batch size only cuts the stream


@pytest.mark.parametrize(("seq_len", "batch_size"), [(16, 1), (16, 3), (7, 4), (5000, 2)])
def test_sequential_windows_score_every_token_once(
    folder: Path, documents: list[np.ndarray], seq_len: int, batch_size: int
) -> None:
    shards = Shards(folder)
    targets, inputs, num_bytes = [], [], 0
    for batch in shards.windows_sequential(seq_len, batch_size):
        assert batch.ids_BT1.shape == batch.document_BT1.shape == (batch_size, seq_len + 1)
        targets += batch.ids_BT1[:, 1:][batch.scored_BT].tolist()
        inputs += batch.ids_BT1[:, :-1][batch.scored_BT].tolist()
        num_bytes += batch.num_bytes
        assert (batch.document_BT1[:, 1:][~batch.scored_BT] == -1).all()
    assert targets == flat(documents).tolist()
    assert inputs == [EOS, *flat(documents)[:-1].tolist()]
    assert num_bytes == shards.num_bytes


@given(st.integers(1, 3000), st.integers(0, 2**63), st.integers(0, 50))
def test_permute_is_a_permutation(size: int, seed: int, stream: int) -> None:
    images = permute(np.arange(size), size=size, seed=seed, stream=stream)
    assert (np.sort(images) == np.arange(size)).all()


def test_permute_looks_random() -> None:
    size = 100_003
    images = permute(np.arange(size), size=size, seed=0, stream=0)
    other = permute(np.arange(size), size=size, seed=0, stream=1)
    assert abs(np.corrcoef(np.arange(size), images)[0, 1]) < 0.02
    assert abs(np.corrcoef(images[:-1], images[1:])[0, 1]) < 0.02
    assert abs(np.corrcoef(images, other)[0, 1]) < 0.02
    assert (images == np.arange(size)).sum() < 8  # one fixed point is expected


def test_permute_needs_no_memory_for_a_huge_range() -> None:
    images = permute(np.arange(1000), size=250_000_000, seed=3, stream=0)
    assert len(set(images.tolist())) == 1000 and images.max() < 250_000_000
    assert images.max() - images.min() > 200_000_000


def test_wide_vocabularies_take_four_bytes(tmp_path: Path) -> None:
    assert token_dtype(65_536).itemsize == 2 and token_dtype(65_537).itemsize == 4
    ids = np.array([65_535, 65_536, 99_999])
    shards = Shards(write_token_shards(tmp_path, {"train": [ids, ids[::-1]]}, np.full(100_000, 2)))
    assert shards.tokens(0, 8).tolist() == [65_535, 65_536, 99_999, EOS, 99_999, 65_536, 65_535, EOS]


def test_missing_files_are_all_named(folder: Path) -> None:
    (folder / "train-00001.bin").unlink()
    (folder / "train-00002.idx").unlink()
    with pytest.raises(UserError, match=r"missing train-00001\.bin, train-00002\.idx"):
        Shards(folder)
    (folder / "index.json").unlink()
    with pytest.raises(UserError, match=r"index\.json: missing"):
        Shards(folder)


@pytest.mark.parametrize("name", ["train-00000.bin", "train-00001.idx", "token_bytes.bin"])
def test_a_wrong_size_is_refused(folder: Path, name: str) -> None:
    with (folder / name).open("ab") as file:
        file.write(b"\0")
    with pytest.raises(UserError, match=f"{name}: .* bytes, but index.json says"):
        Shards(folder)


def test_an_id_outside_the_vocabulary_is_refused(folder: Path) -> None:
    tokens = np.memmap(folder / "train-00001.bin", dtype="<u2", mode="r+")
    tokens[3] = VOCAB
    tokens.flush()
    position = json.loads((folder / "index.json").read_text())["splits"]["train"]["shards"][0]["tokens"] + 3
    with pytest.raises(UserError, match=rf"train-00001\.bin: token id 300 at position {position} "):
        for _ in Shards(folder).windows_sequential(16):
            pass


def test_another_tokenizer_split_or_schema_is_refused(folder: Path) -> None:
    Shards(folder, tokenizer_fingerprint="f" * 64)
    with pytest.raises(UserError, match="made with tokenizer ffffffffffffffff, but 0000000000000000 is in use"):
        Shards(folder, tokenizer_fingerprint="0" * 64)
    with pytest.raises(UserError, match="no split 'holdout-chess'; it has train"):
        Shards(folder, "holdout-chess")
    index = json.loads((folder / "index.json").read_text()) | {"schema": 99}
    (folder / "index.json").write_text(json.dumps(index))
    with pytest.raises(UserError, match="schema 99"):
        Shards(folder)


def test_a_split_shorter_than_a_window_is_refused(folder: Path) -> None:
    with pytest.raises(UserError, match="less than one window of 100001"):
        Shards(folder).batch(0, 1, 100_000, seed=0)
