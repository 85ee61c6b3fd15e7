"""Pictures that functions of a Python file load, described by the functions' docstrings (scikit-image's data).

The file is parsed, never run.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import NamedTuple

from fc_model.errors import UserError
from fc_pipeline.images.sources.entry import Dropped, Entry
from fc_pipeline.images.sources.files import OpenFiles, whole
from fc_pipeline.images.sources.references import Pictures
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
    assert isinstance(source.reader, DocstringReader)
    paths: dict[int, list[str]] = defaultdict(list)
    for file in files("pictures"):
        paths[file.origin].append(file.path)
    described: dict[tuple[int, str], Description] = {}
    for file in files("code"):
        try:
            tree = ast.parse(whole(file, source))
        except (SyntaxError, ValueError, RecursionError) as error:
            raise UserError(
                f"images {source.name}: {file.path} is no Python ({error}); correct `files.code`"
            ) from error
        for address, description in _described(tree):
            for origin, those in paths.items():
                path = Pictures(those).find(address, folder=str(PurePosixPath(file.path).parent))
                if path is not None:
                    described.setdefault((origin, path), description)
    for file in files("pictures"):
        name = PurePosixPath(file.path).name
        known = described.get((file.origin, file.path))
        if known is None:
            yield Dropped(file.path, "not_described")
            continue
        meta = {"function": known.function, "description": known.text}
        entry = Entry(file.path, file.content, known.licence or file.licence, "photo", caption=known.caption, meta=meta)
        yield entry._replace(kind="document/scan", family="text") if name in source.reader.text_files else entry


def _described(tree: ast.Module) -> Iterator[tuple[str, Description]]:
    """(address of the picture, description) for each function that names exactly one picture in its code."""
    for node in (each for each in tree.body if isinstance(each, ast.FunctionDef)):
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
            yield pictures.pop(), _description(node.name, text)


def _description(function: str, text: str) -> Description:
    head = _SECTION.split(f"{text}\n", maxsplit=1)[0].strip()
    first = " ".join(head.split("\n\n")[0].split()).removesuffix(".")
    licence = next((name for pattern, name in _LICENCES if pattern.search(text)), None)
    return Description(function, first, head, licence)
