"""Answers in the form in which VQA compares them.

The rules are those of https://visualqa.org/evaluation.html, which EvalAI applies to both sides: lower case; no periods
but decimal ones; number words as digits; no articles; apostrophes put back into contractions; other punctuation, except
apostrophes and colons, becomes a space, but a comma between digits goes without one.
"""

import re
from itertools import product

_DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
_NUMBERS = {"none": "0"} | {word: str(number) for number, word in enumerate(_DIGITS)}
_ARTICLES = {"a", "an", "the"}
_PUNCTUATION = re.compile(r"""[;/\[\]"{}()=+\\_\-><@`,?!]""")
"""What EvalAI takes for punctuation; signs such as % and $ stay."""
_COMMA_IN_NUMBER = re.compile(r"(?<=\d),(?=\d)")
_PERIOD = re.compile(r"\.(?!\d)")

# Contractions that are no other word without their apostrophe: so neither we'll nor it's.
_CONTRACTIONS = """
ain't aren't can't couldn't couldn't've could've didn't doesn't don't hadn't hadn't've hasn't haven't he'd've he's
how'd how'll how's i'd've i'm i've isn't it'd it'd've it'll ma'am mightn't mightn't've might've mustn't must've needn't
o'clock oughtn't shan't she'd've she's shouldn't shouldn't've should've somebody'd somebody'd've somebody'll somebody's
someone'd someone'd've someone'll someone's something'd something'd've something'll that's there'd there'd've there're
there's they'd they'd've they'll they're they've 'twas wasn't we'd've we've weren't what'll what're what's what've
when's where'd where's where've who'd who'd've who'll who's who've why'll why're why's won't wouldn't wouldn't've
would've y'all y'all'd've y'all'll you'd you'd've you'll you're you've
"""


def _partly_written(contraction: str) -> list[str]:
    """The contraction with any of its apostrophes left out."""
    first, *rest = contraction.split("'")
    return [
        first + "".join(map("".join, zip(marks, rest, strict=True))) for marks in product(["", "'"], repeat=len(rest))
    ]


_WITH_APOSTROPHES = {partial: full for full in _CONTRACTIONS.split() for partial in _partly_written(full)}


def normalise_answer(text: str) -> str:
    """The answer as VQA compares it: words with one space between them."""
    text = _COMMA_IN_NUMBER.sub("", text.lower())
    text = _PERIOD.sub("", _PUNCTUATION.sub(" ", text))
    words = [_NUMBERS.get(word, word) for word in text.split()]
    return " ".join(_WITH_APOSTROPHES.get(word, word) for word in words if word not in _ARTICLES)
