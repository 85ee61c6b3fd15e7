"""Do two tokenizers cut the same lines into the same ids?"""

import random
from collections.abc import Sequence
from typing import Any

from fc_model.tokenizer import Tokenizer

MISSES_LISTED = 100


def compare_tokenizers(
    name: str,
    ids_of_lines: Sequence[Sequence[int]],
    *,
    lines: Sequence[str],
    tokenizer: Tokenizer,
    byte_ids: frozenset[int],
) -> tuple[dict[str, float], list[dict[str, Any]]]:
    """Compare a runtime's ids of `lines` with ours; `byte_ids` are the ids of our byte pieces.

    Returns metrics, `tokenizer_match_<name>`, the share of equal lines, and `tokenizer_unexplained_<name>`, and the
    first misses. Explained are those on lines with characters that our tokenizer spells in bytes: llama.cpp's Unigram
    tokenizer has no byte fallback and gives such characters the unknown id.
    """
    misses = []
    for line, ids in zip(lines, ids_of_lines, strict=True):
        ours = tokenizer.encode(line)
        if list(ids) != ours:
            spelled = sorted(
                character for character in set(line) if not byte_ids.isdisjoint(tokenizer.encode(character))
            )
            misses.append({"text": line, "characters": spelled, "expected": ours, "found": list(ids)})
    metrics = {
        f"tokenizer_match_{name}": 1 - len(misses) / len(lines),
        f"tokenizer_unexplained_{name}": float(sum(not miss["characters"] for miss in misses)),
    }
    return metrics, misses[:MISSES_LISTED]


def sample_lines(texts: Sequence[str], *, num_lines: int, seed: int) -> list[str]:
    """Up to `num_lines` distinct lines of `texts` with their line ends, in a seeded order."""
    lines = sorted({line for text in texts for line in text.splitlines(keepends=True)})
    random.Random(seed).shuffle(lines)
    return lines[:num_lines]
