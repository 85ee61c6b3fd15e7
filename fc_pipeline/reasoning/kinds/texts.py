"""Letters and words of the corpus's sentences, counted one by one; `Counter`, `split` and `min` check them."""

import re
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from fc_model.evals.chat.answers import Answer
from fc_pipeline.reasoning.outside.programs import Programs
from fc_pipeline.reasoning.problem import Desk, Kind, Problem

_VOWELS = "aeiou"


class Drawn(NamedTuple):
    """A question, the chain, and the answer as text."""

    question: str
    steps: list[str]
    answer: str


def _letters(desk: Desk) -> Drawn:
    word = desk.random.choice(desk.material.values.words)
    letter = desk.random.choice(word) if desk.random.random() < 0.85 else desk.random.choice("abcdefghijklmnoprstuvwy")
    question = desk.one_of(
        (
            *('How many times does the letter {letter} occur in "{text}"?', 'Count the letter {letter} in "{text}".'),
            *('How often is {letter} in the word "{text}"?', 'How many {letter} has "{text}"?'),
        )
    )
    places = [str(place) for place, other in enumerate(word, start=1) if other == letter]
    steps = [f'The letters of "{word}" are {", ".join(word)}.']
    if places:
        steps.append(f"{letter} stands at {', '.join(places)}. Number of places: {len(places)}")
    else:
        steps.append(f"{letter} is none of them: 0")
    return Drawn(question.format(letter=letter, text=word), steps, str(len(places)))


def _vowels(desk: Desk) -> Drawn:
    word = desk.random.choice(desk.material.values.words)
    question = desk.one_of(
        (
            *('How many vowels (a, e, i, o, u) are in "{text}"?', 'Count the vowels a, e, i, o, u of "{text}".'),
            *(
                '"{text}": how many of its letters are a, e, i, o or u?',
                'Number of vowels (a, e, i, o, u) in "{text}"?',
            ),
        )
    )
    vowels = [letter for letter in word if letter in _VOWELS]
    steps = [f'The letters of "{word}" are {", ".join(word)}.']
    steps.append(f"Vowels among them: {', '.join(vowels) or 'none'}. Their number is {len(vowels)}")
    return Drawn(question.format(text=word), steps, str(len(vowels)))


def _words(desk: Desk) -> Drawn:
    sentence = desk.random.choice(desk.material.values.sentences)
    question = desk.one_of(
        (
            *('How many words has "{text}"?', 'Count the words: "{text}"', 'How many words are in this: "{text}"'),
            'Of how many words is "{text}" made?',
        )
    )
    words = sentence.rstrip(".").replace(",", "").split()
    counted = ", ".join(f"{word} {number}" for number, word in enumerate(words, start=1))
    return Drawn(question.format(text=sentence), [f"I count: {counted}."], str(len(words)))


def _alphabet(desk: Desk) -> Drawn:
    words = desk.random.sample(desk.material.values.words, desk.random.randint(3, 5))
    question = desk.one_of(
        (
            *("Which of these words comes first in the alphabet: {text}?", "First in alphabetical order: {text}?"),
            *("Which word would a dictionary have first: {text}?", "Which one of {text} is first by alphabet?"),
        )
    )
    best, steps = words[0], [f"I begin with {words[0]}."]
    for word in words[1:]:
        first, second = sorted((best, word))
        place = next(
            (number for number, (one, two) in enumerate(zip(first, second, strict=False)) if one != two), len(first)
        )
        why = f"{first[place]} is before {second[place]}" if place < len(first) else f"{first} ends sooner"
        steps.append(f"{best} or {word}: after {place} equal letters {why}, so {first}.")
        best = first
    return Drawn(question.format(text=", ".join(words)), [*steps, f"The first one is {best}"], best)


_DRAWS: dict[str, Callable[[Desk], Drawn]] = {
    "letters": _letters,
    "vowels": _vowels,
    "words": _words,
    "alphabet": _alphabet,
}


def _draw(desk: Desk) -> Problem:
    name = desk.random.choice(list(_DRAWS))
    question, steps, text = _DRAWS[name](desk)
    answer = Answer(kind="word", value=text, chance=1 / len(_listed(question))) if name == "alphabet" else None
    return Problem(
        kind=f"text/{name}",
        question=question,
        steps=tuple(steps),
        reply=desk.closing(text),
        answer=answer or Answer(kind="number", value=text),
        facts={},
        key=(name, *re.findall(r"\w+", question)) if name == "alphabet" else (name, question.casefold()),
    )


def _listed(question: str) -> list[str]:
    """The words of a list with commas."""
    listing = re.search(r"\w+(?:, \w+)+", question)
    assert listing is not None
    return listing[0].split(", ")


def _confirms(problem: Problem, programs: Programs) -> bool:
    """Reads the text out of the question."""
    name = problem.kind.partition("/")[2]
    if name == "alphabet":
        return min(_listed(problem.question)) == problem.answer.value
    match = re.search(r'"(.*)"', problem.question, re.DOTALL)
    assert match is not None
    text = match[1]
    if name == "words":
        return len(re.findall(r"[^\W_]+", text)) == int(problem.answer.value)
    counts = Counter(text)
    if name == "vowels":
        return sum(counts[letter] for letter in _VOWELS) == int(problem.answer.value)
    outside = problem.question.replace(match[0], "")
    letter = re.search(r"(?:letter|is|many) ([a-z])\b", outside)
    assert letter is not None
    return counts[letter[1]] == int(problem.answer.value)


TEXT = Kind(_draw, _confirms)
