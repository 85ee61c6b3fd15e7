"""What the Hugging Face hub, or a server with its layout (HF_ENDPOINT), tells of a data set. Imports nothing heavy."""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from fc_model.errors import UserError
from fc_pipeline.sources.download.backoff import patiently
from fc_pipeline.sources.download.globs import is_plain

if TYPE_CHECKING:
    import requests

_PAGE_SECONDS = 60


@dataclass(frozen=True)
class HubFile:
    path: str
    bytes: int
    sha256: str | None
    """Of files in large file storage; the others have only their git blob."""
    git_blob: str


def endpoint() -> str:
    """Base address of the hub: HF_ENDPOINT, or the one that huggingface_hub knows."""
    from huggingface_hub import constants

    return (os.environ.get("HF_ENDPOINT") or constants.ENDPOINT).rstrip("/")


def session() -> "requests.Session":
    """An HTTP session, with the token of HF_TOKEN for sets that ask for one (not sent on to other hosts)."""
    import requests

    opened = requests.Session()
    token = os.environ.get("HF_TOKEN")
    if token:
        opened.headers["Authorization"] = f"Bearer {token}"
    return opened


def newest_commit(repo: str, branch: str = "main", *, pause_seconds: float = 1.0) -> str:
    """The commit at the head of a branch, for pins and for sensors. Raises UserError when the hub does not tell."""
    url = f"{endpoint()}/api/datasets/{repo}/revision/{quote(branch, safe='')}"
    with session() as opened:
        return str(_get(opened, url, repo, pause_seconds).json()["sha"])


def list_files(repo: str, commit: str, *, pause_seconds: float = 1.0) -> list[HubFile]:
    """All files of the data set at a commit, by path; the hub answers in pages, linked by the Link header.

    Raises:
        UserError: the hub does not tell, or lists a file whose path leads out of the data set.
    """
    url: str | None = f"{endpoint()}/api/datasets/{repo}/tree/{commit}?recursive=true&expand=false"
    found = []
    with session() as opened:
        while url:
            answer = _get(opened, url, repo, pause_seconds)
            for entry in answer.json():
                if entry["type"] != "file":
                    continue
                if not is_plain(entry["path"]):
                    raise UserError(f"data set {repo}: it lists {entry['path']!r}, which leads out of it")
                lfs = entry.get("lfs") or {}
                found.append(HubFile(entry["path"], lfs.get("size", entry["size"]), lfs.get("oid"), entry["oid"]))
            url = answer.links.get("next", {}).get("url")
    return sorted(found, key=lambda file: file.path)


def _get(opened: "requests.Session", url: str, repo: str, pause_seconds: float) -> "requests.Response":
    def ask() -> "requests.Response":
        answer = opened.get(url, timeout=_PAGE_SECONDS)
        answer.raise_for_status()
        return answer

    what = f"data set {repo} at {endpoint()} (HF_ENDPOINT)"
    return patiently(ask, what=what, pause_seconds=pause_seconds)
