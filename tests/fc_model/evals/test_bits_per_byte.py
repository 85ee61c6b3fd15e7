"""Held-out bits per byte: worked by hand, every token once, and that random weights don't pass."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from factories.models import random_decoder, tiny_model
from factories.token_shards import EOS, write_token_shards
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from fc_model.checkpoints.load import load_decoder
from fc_model.data.token_shards import Shards
from fc_model.errors import UserError
from fc_model.evals.bits_per_byte import (
    Score,
    count_tokens,
    extent,
    mixed_bits_per_byte,
    score_split,
    unigram_score,
    windows,
)
from fc_model.evals.control import shuffle_weights

BOS = 1
VOCAB = 64


def pack(folder: Path, lengths: list[int]) -> Shards:
    """Documents of random tokens, EOS appended, over several files."""
    generator = np.random.default_rng(len(lengths))
    splits = {"holdout-code": [generator.integers(3, VOCAB, size=length) for length in lengths]}
    return Shards(write_token_shards(folder, splits, np.full(VOCAB, 3), shard_tokens=40), "holdout-code")


def test_uniform_model_costs_log2_of_the_vocabulary_a_token(tmp_path: Path) -> None:
    shards = pack(tmp_path, [10, 0, 33, 7])
    model = random_decoder()
    with torch.no_grad():
        model.embed_tokens.weight.zero_()  # the head is tied: all logits are equal
    score = score_split(model, shards, window=16)
    assert (score.num_tokens, score.num_bytes) == (54, 150)
    assert score.bits_per_byte == pytest.approx(math.log2(VOCAB) * 54 / 150, rel=1e-6)
    assert score.perplexity == pytest.approx(VOCAB, rel=1e-5)


@pytest.mark.parametrize(("window", "stride"), [(64, 64), (64, 32), (16, 1)])
def test_equals_each_document_alone_when_it_fits_the_context(tmp_path: Path, window: int, stride: int) -> None:
    lengths = [13, 5, 0, 14, 9] if window == 16 else [30, 50, 12, 40, 3]
    shards = pack(tmp_path, lengths)
    model = random_decoder()
    expected = 0.0
    for ordinal in range(shards.num_documents):
        ids = torch.from_numpy(shards.tokens(*shards.document_span(ordinal)))
        inputs = torch.cat((torch.tensor([BOS]), ids[:-1]))
        with torch.inference_mode():
            expected += float(F.cross_entropy(model(inputs.unsqueeze(0))[0], ids, reduction="sum"))
    score = score_split(model, shards, window=window, stride=stride)
    if stride == 1:
        assert score.nats == pytest.approx(expected, rel=1e-5)
    else:  # a window's border cuts some documents, and less context can't cost the same
        assert score.nats != pytest.approx(expected, rel=1e-5)
        assert score.nats == pytest.approx(expected, rel=0.2)


def test_other_documents_cannot_be_seen(tmp_path: Path) -> None:
    shards = pack(tmp_path, [20, 20])
    model = random_decoder()
    first = score_split(model, shards, window=64, max_tokens=21)
    assert first.num_tokens == 21
    both = score_split(model, shards, window=64)
    ids = torch.from_numpy(shards.tokens(*shards.document_span(1)))
    with torch.inference_mode():
        logits = model(torch.cat((torch.tensor([BOS]), ids[:-1])).unsqueeze(0))[0]
    second = float(F.cross_entropy(logits, ids, reduction="sum"))
    assert both.nats == pytest.approx(first.nats + second, rel=1e-5)


@given(lengths=st.lists(st.integers(0, 50), min_size=1, max_size=12), window=st.integers(1, 40), share=st.floats(0, 1))
def test_every_token_is_scored_exactly_once(
    tmp_path_factory: pytest.TempPathFactory, lengths: list[int], window: int, share: float
) -> None:
    shards = pack(tmp_path_factory.mktemp("shards"), [1, *lengths])
    stride = max(1, round(share * window))
    inputs, targets, documents = [], [], []
    for batch, scored_BT in windows(shards, num_tokens=shards.num_tokens, window=window, stride=stride, size=3):
        assert batch.document_BT is not None
        inputs += batch.ids_BT[scored_BT].tolist()
        targets += batch.targets_BT[scored_BT].tolist()
        documents += batch.document_BT[scored_BT].tolist()
    assert targets == shards.tokens(0, shards.num_tokens).tolist()
    assert inputs == [BOS, *(BOS if token == EOS else token for token in targets[:-1])]
    assert documents == np.repeat(np.arange(len(lengths) + 1), [length + 1 for length in (1, *lengths)]).tolist()


def test_max_tokens_takes_whole_documents_and_their_bytes(tmp_path: Path) -> None:
    shards = pack(tmp_path, [10, 20, 30])
    assert extent(shards, max_tokens=None) == (63, 180)
    assert extent(shards, max_tokens=62) == (32, 90)
    assert extent(shards, max_tokens=32) == (32, 90)
    assert extent(shards, max_tokens=31) == (11, 30)
    assert extent(shards, max_tokens=1) == (11, 30)


def test_bytes_that_the_tokens_do_not_stand_for_are_refused(tmp_path: Path) -> None:
    pack(tmp_path, [10])
    table = np.fromfile(tmp_path / "token_bytes.bin", dtype="<u2")
    table[3:] += 1
    table.tofile(tmp_path / "token_bytes.bin")
    with pytest.raises(UserError, match="have 30 bytes, their tokens stand for 40: pack the shards again"):
        extent(Shards(tmp_path, "holdout-code"), max_tokens=None)


@pytest.mark.parametrize("stride", [-1, 17])
def test_stride_outside_the_window_is_refused(tmp_path: Path, stride: int) -> None:
    with pytest.raises(UserError, match="must be between 1 and the window"):
        score_split(random_decoder(), pack(tmp_path, [10]), window=16, stride=stride)


def test_unigram_baseline_worked_by_hand(tmp_path: Path) -> None:
    shards = pack(tmp_path, [10, 20])
    counts = np.zeros(VOCAB, dtype=np.int64)
    uniform = unigram_score(counts, shards)
    assert uniform.bits_per_byte == pytest.approx(math.log2(VOCAB) * 32 / 90)
    own = count_tokens(shards)
    assert own.sum() == 32 and own[EOS] == 2
    ids = shards.tokens(0, 32)
    expected = -sum(math.log((own[token] + 1) / (32 + VOCAB)) for token in ids)
    assert unigram_score(own, shards).nats == pytest.approx(expected)
    assert count_tokens(shards, chunk=5).tolist() == own.tolist()


def test_mix_leaves_out_domains_without_a_score() -> None:
    scores = {
        "code": Score(nats=math.log(2) * 80, num_tokens=10, num_bytes=40),
        "chess": Score(nats=math.log(2) * 40, num_tokens=10, num_bytes=10),
    }
    assert mixed_bits_per_byte(scores, {"code": 30, "chess": 10, "chat": 60}) == pytest.approx(2.5)
    assert (scores["code"] + scores["chess"]).bits_per_byte == pytest.approx(120 / 50)
    with pytest.raises(UserError, match="none of the domains chess, code has a weight"):
        mixed_bits_per_byte(scores, {"science": 1})


def test_shuffled_weights_keep_their_values() -> None:
    model = random_decoder()
    before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    shuffle_weights(model, seed=0)
    for name, weight in model.named_parameters():
        assert torch.equal(weight.flatten().sort().values, before[name].flatten().sort().values)
        assert not torch.equal(weight, before[name]) or weight.ndim == 1  # norms begin as ones


def test_bf16_is_close_to_fp32(tmp_path: Path) -> None:
    shards = pack(tmp_path, [30, 30])
    exact, rounded = (score_split(random_decoder(), shards, window=32, dtype=dtype) for dtype in (None, torch.bfloat16))
    assert exact.nats != rounded.nats
    assert rounded.bits_per_byte == pytest.approx(exact.bits_per_byte, rel=0.01)


def test_load_takes_the_asked_weights_and_refuses_others(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(tiny_model().model_dump_json())
    for std, name in ((0.3, "model"), (0.5, "ema")):
        model = random_decoder(embedding_init_std=std)
        save_file(model.state_dict(), tmp_path / f"{name}.safetensors")
        loaded = load_decoder(tmp_path, weights=name)  # type: ignore[arg-type]
        assert all(map(torch.equal, loaded.state_dict().values(), model.state_dict().values()))
    (tmp_path / "config.json").write_text(tiny_model(vocab_size=65).model_dump_json())
    with pytest.raises(UserError, match=r"tensor embed_tokens\.weight is not as config.json says"):
        load_decoder(tmp_path, weights="ema")
    (tmp_path / "ema.safetensors").write_bytes(b"not a tensor file")
    with pytest.raises(UserError, match="train the stage again"):
        load_decoder(tmp_path, weights="ema")
