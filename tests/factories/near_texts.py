"""Texts that resemble each other to a known degree, measured here from word n-grams and by nothing of the project."""

import random
import re
from bisect import bisect_left
from functools import cache

WORDS = [f"{a}{b}{c}" for a in "bdfglmn" for b in "aeiou" for c in ("st", "rk", "lm", "nd", "pp", "x")]


def grams(text: str, n: int = 5) -> set[str]:
    words = re.findall(r"\w+", text.lower())
    return {" ".join(words[start : start + n]) for start in range(len(words) - n + 1)}


def true_jaccard(first: str, second: str, n: int = 5) -> float:
    one, two = grams(first, n), grams(second, n)
    return len(one & two) / max(1, len(one | two))


def vary(text: str, target: float, rng: random.Random) -> str:
    """Replace words, one after another, until the similarity is at most the target."""
    words = text.split(" ")
    order = list(range(len(words)))
    rng.shuffle(order)

    def replaced(count: int, rng: random.Random) -> str:
        changed = list(words)
        for place in order[len(order) - count :][::-1]:
            changed[place] = rng.choice("qwz") + "".join(rng.choices("aeioulmnr", k=9))
        return " ".join(changed)

    def copied() -> random.Random:
        copy = random.Random()
        copy.setstate(rng.getstate())
        return copy

    # The similarity falls with every word: bisection measures it a few times instead of once a word.
    counts = range(len(words) + 1)
    return replaced(bisect_left(counts, -target, key=lambda n: -true_jaccard(text, replaced(n, copied()))), rng)


def random_text(rng: random.Random, num_words: int = 300) -> str:
    return " ".join(rng.choices(WORDS, k=num_words))


@cache
def planted(num_pairs: int, num_alone: int, seed: int = 7) -> tuple[dict[str, str], dict[str, float]]:
    """({id: text}, {id of the near-duplicate of `<n>`: true Jaccard, from 0.5 to 0.95}). Do not change them."""
    rng = random.Random(seed)
    originals = {f"{n:04}": random_text(rng, rng.randint(150, 400)) for n in range(num_pairs + num_alone)}
    near, truth = {}, {}
    for name in list(originals)[:num_pairs]:
        near[f"{name}-near"] = vary(originals[name], rng.uniform(0.5, 0.96), rng)
        truth[f"{name}-near"] = true_jaccard(originals[name], near[f"{name}-near"])
    return originals | near, truth
