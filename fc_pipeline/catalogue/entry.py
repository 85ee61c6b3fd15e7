"""What an entry of a catalogue states: its name and licence, and a pin of the files that it stands for.

Sources, eval sets, image sources and fonts add fields of their own to these classes.
"""

import re
from typing import Any, Literal, TypeVar
from urllib.parse import unquote, urlsplit

from pydantic import (
    Field,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from fc_model.config.problems import problems
from fc_model.config.strict import Strict
from fc_model.errors import UserError
from fc_pipeline.catalogue.download.globs import stays_inside

M = TypeVar("M")

_SHA256 = r"^[0-9a-f]{64}$"


class Entry(Strict):
    """An entry of a catalogue."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_]*$", description="its file's name in the catalogue; part of its key")
    licence: str = Field(description="SPDX identifier of the licence, as the publisher states it")


class PypiPin(Strict):
    """A wheel or sdist of the configured package index. Its code is never run."""

    kind: Literal["pypi"]
    project: str
    version: str
    file: str = Field(pattern=r"^[^/\\\x00]+\.(whl|tar\.gz|zip)$", description="file name of the wheel or sdist")
    sha256: str = Field(pattern=_SHA256)


class InstalledPin(Strict):
    """Files of a distribution that this environment has installed."""

    kind: Literal["installed"]
    distribution: str
    version: str | None = Field(default=None, description="filled in when the graph is built: part of the identity")


def _plain(path: str) -> str:
    if not stays_inside(path):
        raise ValueError(f"{path!r} leads out of the source")
    return path


class LocalFile(Strict):
    sha256: str | None = Field(
        description="of the content; for a folder elsewhere, of what its store says of the file; null: it could not be "
        "read, or its name leads out of the folder, and it is quarantined"
    )

    path: str
    bytes: int

    @field_validator("path")
    @classmethod
    def _inside(cls, path: str, info: ValidationInfo) -> str:
        return path if info.data.get("sha256") is None else _plain(path)


class LocalPin(Strict):
    """Files of a folder on this machine, such as an inbox, or of one that fsspec reaches."""

    kind: Literal["local"]
    folder: str = Field(description="absolute, or relative to the working directory (as FC_HOME is); or an fsspec URL")
    content: list[LocalFile] | None = Field(default=None, description="filled in by the graph: part of the identity")


class HttpFile(Strict):
    url: str = Field(description="http or https, without credentials")
    sha256: str = Field(pattern=_SHA256)
    path: str | None = Field(default=None, description="what the globs see; by default the last part of the address")

    @property
    def name(self) -> str:
        return self.path or unquote(urlsplit(self.url).path).rsplit("/", 1)[-1]

    @field_validator("url")
    @classmethod
    def _without_credentials(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or re.search(r"\s", url):
            raise ValueError(f"{url!r} is no address of the web: write https://host/path")
        if "@" in parts.netloc:
            raise ValueError(f"the address of {parts.hostname} has credentials: take out what stands before the @")
        return url

    @model_validator(mode="after")
    def _named(self) -> "HttpFile":
        if not self.name:
            raise ValueError(f"{self.url} names no file; give it a `path`")
        _plain(self.name)
        return self


class HttpPin(Strict):
    """Files at addresses of the web."""

    kind: Literal["http"]
    urls: list[HttpFile] = Field(min_length=1)

    @field_validator("urls")
    @classmethod
    def _distinct(cls, urls: list[HttpFile]) -> list[HttpFile]:
        names = [file.name for file in urls]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two files are called {', '.join(twice)}; give each a `path`")
        return urls


class HubPin(Strict):
    """Shards of a data set of the Hugging Face hub, or of a server with its layout (HF_ENDPOINT)."""

    kind: Literal["hub"]
    repo: str = Field(pattern=r"^[\w-][\w.-]*/[\w-][\w.-]*$")
    revision: str = Field(description="commit (40 hex); a branch is refused when the source is read")
    follow: str | None = Field(
        default=None, description="branch whose new commits the sensor hub_revisions builds; null: they are only told"
    )
    keep_shards: bool = Field(default=True, description="false: a shard leaves the cache when it has been read")

    @property
    def is_pinned(self) -> bool:
        """Whether the revision is a commit; branches and tags move."""
        return re.fullmatch(r"[0-9a-f]{40}", self.revision) is not None


Pin = PypiPin | InstalledPin | LocalPin | HttpPin | HubPin


def parse_entry(model: TypeAdapter[M], raw: Any, where: str) -> M:
    """Raises UserError that names `where`, the field and what is wrong with it."""
    try:
        return model.validate_python(raw)
    except ValidationError as error:
        raise UserError(f"{where}: {problems(error)}") from error
