"""A TextPool that no edit elsewhere changes: made-up words of all lengths, and a piece of code."""

import random

FORMS = [*["{}"] * 9, "{}-{}", "{},", "{}.", "({})", '"{}"', "{}'s", "{}:", "`{}_{}`", "{}/{}.{}", "--", "#", "42"]
CODE = """
import re
from collections.abc import Iterator

PATTERN = re.compile(r"(?P<name>[a-z_]+)=(?P<value>[^;]*);?")


class Route:
    # A name may lead to many values; the last one that was given wins unless it is empty.
    def __init__(self, text: str, *, separator: str = ";") -> None:
        self.pairs = {match["name"]: match["value"] for match in PATTERN.finditer(text)}

    def follow(self, name: str, most: int = 12) -> Iterator[str]:
        while name in self.pairs and most > 0:
            name, most = self.pairs[name], most - 1
            yield name


if __name__ == "__main__":
    print(list(Route("a=b;b=c").follow("a")), "# two steps", sep="\\t")
""".strip().splitlines()


def _words(count: int) -> list[str]:
    """Most of 2 to 8 letters, one in twelve of up to 40; some with capitals, hyphens and marks."""
    rng = random.Random("words")

    def word() -> str:
        length = rng.randint(9, 40) if rng.random() < 1 / 12 else rng.randint(1, 8)
        letters = "".join(rng.choice("bdfgklmnprstvw" if place % 2 else "aeiou") for place in range(length))
        return letters.capitalize() if rng.random() < 0.2 else letters

    return [rng.choice(FORMS).format(word(), word(), word()) for _ in range(count)]


WORDS = _words(4000)


class FixedText:
    """Runs of some words as prose, of CODE as code; both begin again after their end."""

    def __init__(self, words: list[str] = WORDS) -> None:
        self.words = words

    def sentence(self, rng: random.Random, *, max_chars: int) -> str:
        start = rng.randrange(len(self.words))
        chosen = self.words[start][:max_chars]
        for word in (self.words * 2)[start + 1 :]:
            if len(chosen) + 1 + len(word) > max_chars:
                break
            chosen += f" {word}"
        return chosen

    def paragraph(self, rng: random.Random, *, max_chars: int) -> str:
        return self.sentence(rng, max_chars=max_chars)

    def title(self, rng: random.Random) -> str:
        return self.sentence(rng, max_chars=rng.randint(8, 40))

    def code(self, rng: random.Random, *, max_lines: int, max_columns: int) -> list[str]:
        start = rng.randrange(len(CODE))
        return [line[:max_columns].rstrip() for line in (CODE * 5)[start : start + max_lines]]
