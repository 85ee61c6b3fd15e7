"""From packed windows to inputs and targets."""

import itertools
from pathlib import Path

import pytest
import torch
from factories.text_stage import MODEL, STAGE
from factories.token_shards import EOS

from fc_model.config.model import ModelConfig
from fc_model.config.stage import StageConfig
from fc_model.data.token_shards import Shards, list_splits
from fc_model.data.windows import BOS_ID, TrainBatches, make_batch
from fc_model.model.decoder import Decoder
from fc_model.model.loss import IGNORE
from fc_model.train.holdout import HoldoutLoss


def test_each_document_is_predicted_from_bos_on() -> None:
    ids_BT1 = torch.tensor([[7, EOS, 8, 9, EOS, 5]])
    document_BT1 = torch.tensor([[0, 0, 1, 1, 1, 2]])
    batch = make_batch(ids_BT1, document_BT1)
    assert batch.ids_BT.tolist() == [[7, BOS_ID, 8, 9, BOS_ID]]
    assert batch.targets_BT.tolist() == [[EOS, 8, 9, EOS, 5]]
    assert batch.document_BT.tolist() == [[0, 1, 1, 1, 2]]
    assert make_batch(ids_BT1, document_BT1, document_mask=False).document_BT is None


def test_packed_loss_equals_the_documents_alone() -> None:
    torch.manual_seed(0)
    decoder = Decoder(ModelConfig(**MODEL | {"zero_init_outputs": False, "embedding_init_std": 1.0, "dropout": 0.0}))
    documents = [[5, 6, 7, EOS], [9, EOS], [8, 8, 4, 5, EOS]]
    ids_BT1 = torch.tensor([[EOS, *itertools.chain(*documents)]])
    document_BT1 = torch.tensor([[-1, *[n for n, document in enumerate(documents) for _ in document]]])
    packed = make_batch(ids_BT1, document_BT1)
    together = decoder.loss(packed.ids_BT, packed.targets_BT, packed.document_BT, num_targets=1)
    alone = sum(
        decoder.loss(torch.tensor([[BOS_ID, *document[:-1]]]), torch.tensor([document]), num_targets=1)
        for document in documents
    )
    assert torch.allclose(together, torch.as_tensor(alone), rtol=1e-5)


def test_overfit_cycles(shards: Path) -> None:
    stage = StageConfig(**STAGE | {"kind": "overfit", "overfit_tokens": 300})  # three batches of 128
    batches = TrainBatches(Shards(shards), stage)
    assert torch.equal(batches(0).ids_BT, batches(3).ids_BT)
    assert len({tuple(batches(number).ids_BT.flatten().tolist()) for number in range(9)}) == 3


def test_holdout_sample_counts_each_target_once(shards: Path) -> None:
    stage = StageConfig(**STAGE | {"eval_tokens": 10_000})
    sample = HoldoutLoss(shards, Decoder(ModelConfig(**MODEL)), stage)
    splits = [Shards(shards, name) for name in list_splits(shards) if name != "train"]
    assert len(splits) == 2
    assert sample.num_tokens == sum(split.num_tokens for split in splits)
    assert sample.num_bytes == sum(split.num_bytes for split in splits)
    scored = sum(int((batch.targets_BT != IGNORE).sum()) for batch in sample._batches)
    assert scored == sample.num_tokens


def test_holdout_figures_of_uniform_odds(shards: Path) -> None:
    decoder = Decoder(ModelConfig(**MODEL | {"tie_embeddings": False}))  # its head starts at zero
    sample = HoldoutLoss(shards, decoder, StageConfig(**STAGE | {"eval_tokens": 512}))
    figures = sample.evaluate(torch.device("cpu"), None)
    assert figures["ppl"] == pytest.approx(64, rel=1e-5)
    assert figures["bpb"] == pytest.approx(6 * sample.num_tokens / sample.num_bytes, rel=1e-5)
    assert sample.num_tokens < 1000
    assert decoder.training
