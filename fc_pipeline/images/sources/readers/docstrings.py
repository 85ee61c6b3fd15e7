"""Pictures that functions of a Python file load, described by the functions' docstrings (scikit-image's data).

The file is parsed, never run.
"""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import NamedTuple

from fc_model.data.images.decode import decode
from fc_model.errors import UserError
from fc_pipeline.images.sources.entry import Dropped, Entry, Result, fitted, made
from fc_pipeline.images.sources.files import OpenFiles, whole
from fc_pipeline.images.sources.schema import DocstringReader, ImageSource

_SECTION = re.compile(r"\n[A-Z]\w+\n-{3,}\n")
"""Head of a section in numpydoc's form: everything before the first one describes the picture."""
_PICTURE = re.compile(r"[\w/.-]+\.(?:png|jpe?g)")
_LICENCES = (
    (re.compile(r"CC-?0\b"), "CC0-1.0"),
    (re.compile(r"public domain", re.IGNORECASE), "LicenseRef-public-domain"),
    (re.compile(r"no (?:known )?copyright restrictions", re.IGNORECASE), "LicenseRef-no-known-restrictions"),
)
"""What a docstring states, the most exact first."""


class Description(NamedTuple):
    function: str
    caption: str
    """The first paragraph, in one line, without the full stop."""
    text: str
    """Everything before the sections."""
    licence: str | None


def entries(source: ImageSource, files: OpenFiles) -> Iterator[Entry | Dropped]:
    """An entry for each picture that a function loads.

    Raises:
        UserError: the code is no Python.
    """
    described: dict[str, Description] = {}
    for file in files("code"):
        try:
            tree = ast.parse(whole(file, source))
        except (SyntaxError, ValueError, RecursionError) as error:
            raise UserError(
                f"images {source.name}: {file.path} is no Python ({error}); correct `files.code`"
            ) from error
        for picture, description in _described(tree):
            described.setdefault(picture, description)
    for file in files("pictures"):
        found = described.get(PurePosixPath(file.path).name)
        if found is None:
            yield Dropped(file.path, "not_described")
            continue
        meta = {"function": found.function, "description": found.text}
        yield Entry(file.path, file.content, found.licence or file.licence, caption=found.caption, meta=meta)


def finish(entry: Entry, source: ImageSource, shared: dict[str, bytes]) -> list[Result]:
    """The picture. Raises BadImage when it is refused."""
    assert isinstance(entry.content, bytes) and isinstance(source.reader, DocstringReader)
    image = fitted(decode(entry.content, limits=source.caps.image), source.reader.max_side)
    is_text = PurePosixPath(entry.path).name in source.reader.text_files
    kind, family = ("document/scan", "text") if is_text else ("photo", "natural")
    return [made(entry, image, source=source.name, kind=kind, family=family)]


def _described(tree: ast.Module) -> Iterator[tuple[str, Description]]:
    """(file name of the picture, description) for each function that names exactly one picture in its code."""
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef):
            continue
        text = ast.get_docstring(node)
        statements = [each for each in node.body if not isinstance(getattr(each, "value", None), ast.Constant)]
        pictures = {
            constant.value
            for statement in statements
            for constant in ast.walk(statement)
            if isinstance(constant, ast.Constant)
            and isinstance(constant.value, str)
            and _PICTURE.fullmatch(constant.value)
        }
        if text and len(pictures) == 1:
            yield PurePosixPath(pictures.pop()).name, _description(node.name, inspect.cleandoc(text))


def _description(function: str, text: str) -> Description:
    head = _SECTION.split(f"{text}\n", maxsplit=1)[0].strip()
    first = " ".join(head.split("\n\n")[0].split()).removesuffix(".")
    licence = next((name for pattern, name in _LICENCES if pattern.search(text)), None)
    return Description(function, first, head, licence)
