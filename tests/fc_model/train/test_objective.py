"""The loss of text: where few targets count, the head sees few places, and the loss is the same."""

from typing import cast

import pytest
import torch
from factories.models import MODEL

from fc_model.config.model import ModelConfig
from fc_model.data.windows import Batch
from fc_model.model.decoder import Decoder
from fc_model.model.loss import IGNORE
from fc_model.train.compile import CompiledLoss
from fc_model.train.objective import TextObjective, scored_places


def batch_of(*, share: float) -> Batch:
    torch.manual_seed(1)
    ids_BT = torch.randint(4, MODEL["vocab_size"], (4, 32))
    targets_BT = torch.where(torch.rand(4, 32) < share, ids_BT.roll(-1, 1), IGNORE)
    return Batch(ids_BT, targets_BT, torch.zeros(4, 32, dtype=torch.long))


@pytest.mark.parametrize(("share", "places"), [(0.0, 32), (0.1, 32), (0.4, 64), (0.9, None)])
def test_places_hold_every_target_that_counts(share: float, places: int | None) -> None:
    batch = batch_of(share=share)
    places_K = scored_places(batch.targets_BT)
    if places is None:
        assert places_K is None
        return
    assert places_K is not None and len(places_K) == len(places_K.unique()) == places
    flat_N = batch.targets_BT.flatten()
    assert sorted(flat_N[places_K][flat_N[places_K] != IGNORE]) == sorted(flat_N[flat_N != IGNORE])


@pytest.mark.parametrize("share", [0.1, 0.4])
def test_the_loss_and_its_gradients_are_those_of_all_places(share: float) -> None:
    torch.manual_seed(0)
    decoder, batch = Decoder(ModelConfig.model_validate(MODEL)), batch_of(share=share)
    objective = TextObjective(decoder)
    num_targets = objective.num_targets(batch)
    losses = (
        objective.loss(batch, num_targets=num_targets),
        decoder.loss(batch.ids_BT, batch.targets_BT, batch.document_BT),
    )
    gradients = [torch.autograd.grad(loss, list(decoder.parameters())) for loss in losses]
    torch.testing.assert_close(losses[0], losses[1])
    torch.testing.assert_close(gradients[0], gradients[1])


def test_conversations_that_predict_more_or_fewer_tokens_share_their_compiled_code() -> None:
    """Compiled code is made anew for another number, and for tensors of another shape."""
    decoder, asked = Decoder(ModelConfig.model_validate(MODEL)), []

    def compiled(*inputs: torch.Tensor, places_K: torch.Tensor, num_targets: int) -> torch.Tensor:
        asked.append([*(tensor.shape for tensor in (*inputs, places_K)), num_targets])
        return decoder.loss(*inputs, places_K=places_K, num_targets=num_targets)

    objective = TextObjective(decoder, compiled=cast(CompiledLoss, compiled))
    batches = batch_of(share=0.1), batch_of(share=0.2)
    counts = [objective.num_targets(batch) for batch in batches]
    for batch, count in zip(batches, counts, strict=True):
        objective.loss(batch, num_targets=count)
    assert counts[0] != counts[1] and asked[0] == asked[1]
