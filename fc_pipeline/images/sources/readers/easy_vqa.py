"""easy-VQA: pictures of one shape, and questions about it. https://github.com/vzhou842/easy-VQA

`train/questions.json` and `test/questions.json` are lists of [question, answer, number of the picture]; pictures are
`train/images/<number>.png`. The test part is the holdout.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import PurePosixPath

from fc_model.errors import UserError
from fc_pipeline.images.sources.entry import Dropped, Entry
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
        part = _part(path)
        questions = asked.get((part, path.stem)) if part else None
        if part is None or questions is None:
            yield Dropped(file.path, "no_questions")
        else:
            entry = Entry(file.path, file.content, file.licence, kind="shape", caption=_caption(questions))
            yield entry._replace(questions=questions, split=_SPLITS[part])


def _caption(questions: list[tuple[str, list[str], str]]) -> str | None:
    """`a blue rectangle`, from answers and from what a question takes for granted; None when either is not said."""
    known = {answers[0] for _, answers, kind in questions if kind != "yes_no"}
    for question, _, kind in questions:
        if kind != "yes_no":  # "what color is the triangle?", "what is the blue shape?"
            known |= {word for word in question.rstrip("?").split() if word in _SHAPES | _COLOURS}
    shapes, colours = sorted(known & _SHAPES), sorted(known & _COLOURS)
    return f"a {colours[0]} {shapes[0]}" if len(shapes) == len(colours) == 1 else None


def _questions(source: ImageSource, files: OpenFiles) -> Questions:
    """{(train or test, number of the picture): questions}."""
    asked: Questions = defaultdict(list)
    for file in files("questions"):
        part = _part(PurePosixPath(file.path))
        try:
            for question, answer, number in json.loads(whole(file, source)):
                asked[part or "", str(int(number))].append((str(question), [str(answer)], _kind(str(answer))))
        except (ValueError, TypeError) as error:
            raise UserError(
                f"images {source.name}: {file.path} is no list of [question, answer, picture] ({error}); "
                "take the file of the package easy-vqa"
            ) from error
    return asked


def _part(path: PurePosixPath) -> str | None:
    return next((part for part in path.parts if part in _SPLITS), None)


def _kind(answer: str) -> str:
    if answer in {"yes", "no"}:
        return "yes_no"
    return "shape" if answer in _SHAPES else "colour"
