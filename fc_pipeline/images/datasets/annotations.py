"""Files of annotations: by glob, capped, parsed strictly; and their questions with the answers of several people."""

import os.path
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

from fc_model.data.images.record import Question
from fc_model.errors import UserError
from fc_pipeline.images.datasets.base import BadInput, BadRecord, DatasetLimits, Result, Sample, samples
from fc_pipeline.sources.readers.item import decode
from fc_pipeline.sources.readers.strict_json import parse_json

Split = Literal["train", "holdout"]


def annotation_files(folder: Path, *patterns: str, source: str) -> list[Path]:
    """Files below the folder that match one of the globs, sorted. Raises UserError when there is none."""
    found = sorted({path for pattern in patterns for path in folder.glob(pattern) if path.is_file()})
    if not found:
        raise UserError(f"{source}: no {' or '.join(patterns)} in {folder}; unpack the set there as it is published")
    return found


def read_text(path: Path, limits: DatasetLimits) -> str:
    """The text of a file. Raises BadInput when it is too large or no UTF-8."""
    size = path.stat().st_size
    if size > limits.annotation_bytes:
        raise BadInput("too_large", f"{size} bytes exceed annotation_bytes ({limits.annotation_bytes})")
    return decode(path.read_bytes())


def json_lists(
    paths: Iterable[Path], *, source: str, limits: DatasetLimits, at: str | None = "data"
) -> Iterator[tuple[Path, list[Any]] | BadRecord]:
    """Yields each file with the list that is its member `at` (or is itself the list, when `at` is None)."""
    for path in paths:
        try:
            content = parse_json(read_text(path, limits))
            entries = content if at is None else content.get(at) if isinstance(content, dict) else None
            if not isinstance(entries, list):
                raise BadInput("invalid_annotations", f"no list {'of records' if at is None else repr(at)} in it")
        except BadInput as bad:
            yield BadRecord(id=f"{source}/{path.name}", reason=bad.reason, detail=bad.detail)
        else:
            yield path, entries


def json_samples(
    paths: Iterable[Path], build: Callable[..., Sample], *, source: str, by: str, limits: DatasetLimits
) -> Iterator[Result]:
    """Yields `build(key, entries, file=path)` for the entries of each file's `data` that agree in the field `by`."""
    for content in json_lists(paths, source=source, limits=limits):
        if isinstance(content, BadRecord):
            yield content
        else:
            path, entries = content
            groups = grouped(entries, by=by, source=source)
            yield from samples(source, groups, partial(build, file=path), limits=limits)


def json_beside(path: Path, limits: DatasetLimits) -> Any:
    """The content of an optional file; None when it is not there. Raises BadInput when it is there and no JSON."""
    return parse_json(read_text(path, limits)) if is_there(path) else None


def is_there(path: Path) -> bool:
    """True for a file; False, not OSError as from Path.is_file, for a name that no file can have, like a long one."""
    return os.path.isfile(path)  # noqa: PTH113


def grouped(entries: Iterable[Any], *, by: str, source: str) -> Iterator[tuple[str, list[dict[str, Any]]] | BadRecord]:
    """The entries of each value of the field `by`, in the order of their first; an entry without it is a bad record."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for number, entry in enumerate(entries):
        key = entry.get(by) if isinstance(entry, dict) else None
        if not isinstance(key, str | int) or key == "":
            yield BadRecord(id=f"{source}/entry {number}", reason="invalid_record", detail=f"no field {by!r}")
        else:
            groups.setdefault(str(key), []).append(entry)
    yield from groups.items()


def split_of(name: str) -> Split:
    """train for a set's training part; its validation and test parts are held out."""
    return "train" if "train" in name.lower() else "holdout"


class Asked(NamedTuple):
    questions: list[Question]
    unanswered: int
    """Questions that were left out, since no answer to them has any text (the test parts of most sets)."""


def by_votes(answers: Iterable[str]) -> list[str]:
    """Each answer once, without surrounding white space, the most frequent first (then by its first place)."""
    votes = Counter(answer.strip() for answer in answers)
    del votes[""]
    return [answer for answer, _ in votes.most_common()]


def asked(entries: Iterable[tuple[str, list[str]]], *, kind: str) -> Asked:
    """Questions from (question, answers). Raises TypeError for answers that are no list."""
    questions: list[Question] = []
    unanswered = 0
    for question, answers in entries:
        if not isinstance(answers, list):
            raise TypeError(f"answers are a {type(answers).__name__}, not a list")
        known = by_votes(answers)
        if known and question.strip():
            questions.append(Question(question=question.strip(), answers=known, kind=kind))
        else:
            unanswered += 1
    return Asked(questions, unanswered)
