"""The same forward pass with and without a cache: equal logits in pieces, by sequence, after some have ended."""

import pytest
import torch
from factories.models import random_decoder, random_ids

from fc_model.model.kv_cache import KVCache

CPU = torch.device("cpu")


@pytest.mark.parametrize("position", ["rope", "alibi"])
@pytest.mark.parametrize("kv_heads", [1, 2, 4])
@torch.no_grad()
def test_logits_of_pieces_are_those_of_the_whole(position: str, kv_heads: int) -> None:
    decoder, ids_BT = random_decoder(position=position, num_kv_heads=kv_heads), random_ids(2, 24)
    expected = decoder(ids_BT)
    cache = KVCache(decoder.config, batch=2, length=24, device=CPU)
    pieces = [decoder(piece, cache=cache) for piece in ids_BT.split([9, 1, 1, 6, 7], dim=1)]
    torch.testing.assert_close(torch.cat(pieces, dim=1), expected, atol=1e-5, rtol=0)
    with pytest.raises(ValueError, match="25 tokens are more than the cache's 24 places"):
        decoder(ids_BT[:, :1], cache=cache)


@pytest.mark.parametrize("position", ["rope", "alibi"])
@torch.no_grad()
def test_sequences_of_different_lengths_get_what_they_would_alone(position: str) -> None:
    decoder, ids_BT = random_decoder(position=position), random_ids(3, 20)
    lengths_B = torch.tensor([5, 12, 8])
    cache = KVCache(decoder.config, batch=3, length=20, device=CPU)
    first = decoder(ids_BT[:, :12], cache=cache, lengths_B=lengths_B)
    cache.select(torch.tensor([0, 2]))
    more_BT = random_ids(2, 6)
    behind = torch.cat([decoder(piece, cache=cache) for piece in more_BT.split([1, 5], dim=1)], dim=1)
    for row, new in zip((0, 2), range(2), strict=True):
        length = int(lengths_B[row])
        alone = decoder(torch.cat((ids_BT[row, :length], more_BT[new])).unsqueeze(0))[0]
        torch.testing.assert_close(first[row, :length], alone[:length], atol=1e-5, rtol=0)
        torch.testing.assert_close(behind[new], alone[length:], atol=1e-5, rtol=0)
