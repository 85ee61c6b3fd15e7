"""Do two tokenizers cut the same lines into the same ids?"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

MISSES_LISTED = 100


class Encoder(Protocol):
    """What is needed of `fc_model.tokenizer.Tokenizer`."""

    def encode(self, text: str) -> list[int]: ...


@dataclass(frozen=True, kw_only=True)
class TokenizerComparison:
    """Outcome for one runtime.

    `unexplained` counts the misses on lines without any character that our tokenizer spells in bytes: llama.cpp's
    Unigram tokenizer has no byte fallback and gives such characters the unknown id.
    """

    num_lines: int
    num_misses: int
    unexplained: int
    misses: list[dict[str, Any]]

    def metrics(self, name: str) -> dict[str, float]:
        """Share of lines with identical ids, and the misses that no known limitation explains."""
        return {
            f"tokenizer_match_{name}": 1 - self.num_misses / self.num_lines,
            f"tokenizer_unexplained_{name}": float(self.unexplained),
        }


def compare_tokenizers(
    *, tokenizer: Encoder, byte_ids: frozenset[int], lines: Sequence[str], found: Sequence[Sequence[int]]
) -> TokenizerComparison:
    """Compare ids that a runtime gave for `lines` with ours; `byte_ids` are the ids of our byte pieces."""
    misses = []
    for line, theirs in zip(lines, found, strict=True):
        ours = tokenizer.encode(line)
        if list(theirs) != ours:
            spelled = sorted(
                character for character in set(line) if not byte_ids.isdisjoint(tokenizer.encode(character))
            )
            misses.append({"text": line, "characters": spelled, "expected": ours, "found": list(theirs)})
    return TokenizerComparison(
        num_lines=len(lines),
        num_misses=len(misses),
        unexplained=sum(not miss["characters"] for miss in misses),
        misses=misses[:MISSES_LISTED],
    )


def sample_lines(texts: Sequence[str], *, num_lines: int, seed: int) -> list[str]:
    """Up to `num_lines` distinct lines of `texts` with their line ends, in a seeded order."""
    lines = sorted({line for text in texts for line in text.splitlines(keepends=True)})
    random.Random(seed).shuffle(lines)
    return lines[:num_lines]
