"""easy-VQA: pictures of one shape, and questions about it. https://github.com/vzhou842/easy-VQA

`train/questions.json` and `test/questions.json` are lists of [question, answer, number of the picture]; pictures are
`train/images/<number>.png`. The test part is the holdout.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import PurePosixPath

from fc_model.data.images.decode import decode
from fc_model.errors import UserError
from fc_pipeline.images.sources.entry import Dropped, Entry, Result, made
from fc_pipeline.images.sources.files import OpenFiles, whole
from fc_pipeline.images.sources.schema import ImageSource

_SPLITS = {"train": "train", "test": "holdout"}
_SHAPES = {"circle", "rectangle", "triangle"}
_COLOURS = {"black", "blue", "brown", "gray", "green", "red", "teal", "yellow"}

Questions = dict[tuple[str, str], list[tuple[str, list[str], str]]]


def entries(source: ImageSource, files: OpenFiles) -> Iterator[Entry | Dropped]:
    """An entry for each picture that is asked about.

    Raises:
        UserError: a file of questions is not as described above.
    """
    asked = _questions(source, files)
    for file in files("pictures"):
        path = PurePosixPath(file.path)
        part = next((part for part in path.parts if part in _SPLITS), None)
        questions = asked.get((part, path.stem)) if part else None
        if part is None or questions is None:
            yield Dropped(file.path, "no_questions")
        else:
            yield Entry(file.path, file.content, file.licence, questions=questions, split=_SPLITS[part])


def finish(entry: Entry, source: ImageSource, shared: dict[str, bytes]) -> list[Result]:
    """The picture. Raises BadImage when it is refused."""
    assert isinstance(entry.content, bytes)
    image = decode(entry.content, limits=source.caps.image)
    caption = caption_of(entry.questions)
    return [made(entry, image, source=source.name, kind="shape", family="natural", caption=caption)]


def caption_of(questions: list[tuple[str, list[str], str]]) -> str | None:
    """`a blue rectangle`, from answers and from what a question takes for granted; None when either is not said."""
    known = {answers[0] for _, answers, kind in questions if kind != "yes_no"}
    for question, _, kind in questions:
        if kind != "yes_no":  # "what color is the triangle?", "what is the blue shape?"
            known |= {word for word in question.rstrip("?").split() if word in _SHAPES | _COLOURS}
    shapes, colours = sorted(known & _SHAPES), sorted(known & _COLOURS)
    return f"a {colours[0]} {shapes[0]}" if len(shapes) == len(colours) == 1 else None


def _questions(source: ImageSource, files: OpenFiles) -> Questions:
    """{(train or test, number of the picture): questions}."""
    found: Questions = defaultdict(list)
    for file in files("questions"):
        part = next((part for part in PurePosixPath(file.path).parts if part in _SPLITS), None)
        try:
            for question, answer, number in json.loads(whole(file, source)):
                found[part or "", str(int(number))].append((str(question), [str(answer)], _kind(str(answer))))
        except (ValueError, TypeError) as error:
            raise UserError(
                f"images {source.name}: {file.path} is no list of [question, answer, picture] ({error}); "
                "take the file of the package easy-vqa"
            ) from error
    return found


def _kind(answer: str) -> str:
    if answer in {"yes", "no"}:
        return "yes_no"
    return "shape" if answer in _SHAPES else "colour"
