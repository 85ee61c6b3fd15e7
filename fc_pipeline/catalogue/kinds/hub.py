"""Shards of a data set of the Hugging Face hub, or of any server with its layout (HF_ENDPOINT), pinned to a commit.

huggingface_hub asks the hub and knows its addresses and tokens; the bytes come by our own download, which checks each
file against what the commit lists of it, and which goes on where a killed process stopped.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from fc_model.artifacts.files import sha256_file, write_json
from fc_model.errors import UserError
from fc_pipeline.catalogue.download.download_file import download_file, git_blob_of
from fc_pipeline.catalogue.download.globs import G, stays_inside
from fc_pipeline.catalogue.download.http import TIMEOUT_SECONDS, http_session, refusal
from fc_pipeline.catalogue.download.retry import MAX_WAIT_SECONDS
from fc_pipeline.catalogue.entry import HubPin
from fc_pipeline.catalogue.files import File, Stream, Wanted

if TYPE_CHECKING:
    import httpx2
    from huggingface_hub import HfApi, RepoFile

T = TypeVar("T")

_REVISIONS = "revisions.json"


def read_hub(pin: HubPin, wanted: Wanted[G]) -> Iterator[File[G]]:
    """Yields the files shard by shard in the order of paths; a shard is fetched when it is due.

    Raises:
        UserError: the revision is a branch, a shard is not to be had, is not what the hub listed, or has a path that
            leads out of the data set.
    """
    if not pin.is_pinned:
        commit = newest_commit(pin.repo, pin.revision)
        raise UserError(
            f"{wanted.where}: revision {pin.revision!r} moves; pin it with `revision: {commit}` (its head now)"
        )
    files = {file.path: file for file in list_files(pin.repo, pin.revision)}
    chosen = wanted.choose([(file.path, file.size) for file in files.values()], inside=pin.repo)
    folder = wanted.home / "cache" / "hub" / pin.repo / pin.revision
    for path in chosen:
        if not stays_inside(path):
            raise UserError(f"data set {pin.repo}: it lists {path!r}, which leads out of it; leave it out by `exclude`")
    for path, spec in sorted(chosen.items()):
        stream = Stream(partial(_open, pin, files[path], folder / path), folder / path)
        yield wanted.file(path, spec, files[path].size, stream)


@contextmanager
def _open(pin: HubPin, file: "RepoFile", target: Path) -> Iterator[BinaryIO]:
    from huggingface_hub import hf_hub_url

    def url() -> str:
        return hf_hub_url(pin.repo, file.path, repo_type="dataset", revision=pin.revision, endpoint=_endpoint())

    # Only files in large file storage have a sha256; of the others the commit lists the git blob.
    expected, checksum = (file.lfs.sha256, sha256_file) if file.lfs else (file.blob_id, git_blob_of)
    session = partial(http_session, token=_token())
    download_file(target, find_url=url, expected=expected, checksum=checksum, session=session)
    with target.open("rb") as shard:
        yield shard
    if not pin.keep_shards:
        target.unlink()


def newest_commit(repo: str, branch: str = "main") -> str:
    """The commit at the head of a branch, for pins and for sensors. Raises UserError when the hub does not tell."""
    return _ask(repo, lambda api: str(api.dataset_info(repo, revision=branch, timeout=TIMEOUT_SECONDS).sha))


def list_files(repo: str, commit: str) -> "list[RepoFile]":
    """All files of the data set at a commit, by path, whatever their names. Raises UserError when the hub is silent."""
    from huggingface_hub import RepoFile

    def tree(api: "HfApi") -> list[Any]:
        return list(api.list_repo_tree(repo, recursive=True, revision=commit, repo_type="dataset"))

    files = [entry for entry in _ask(repo, tree) if isinstance(entry, RepoFile)]
    return sorted(files, key=lambda file: file.path)


def read_revisions(home: Path) -> dict[str, str]:
    """{source: commit} that sources with `follow` have moved on to. Raises UserError for a damaged file."""
    path = home / _REVISIONS
    try:
        revisions: dict[str, str] = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise UserError(f"{path}: not JSON ({error}); delete it: sources are as pinned then") from error
    return revisions


def record_revision(home: Path, source: str, commit: str) -> None:
    """From now on the source is read at this commit."""
    home.mkdir(parents=True, exist_ok=True)
    write_json(home / _REVISIONS, {**read_revisions(home), source: commit}, sort_keys=True)


def _endpoint() -> str:
    from huggingface_hub import constants

    return (os.environ.get("HF_ENDPOINT") or constants.ENDPOINT).rstrip("/")


def _token() -> str | None:
    """Of the environment only: a login that is stored on this machine is not for any server that HF_ENDPOINT names."""
    return os.environ.get("HF_TOKEN")


def _ask(repo: str, question: "Callable[[HfApi], T]") -> T:
    import httpx2
    from huggingface_hub import HfApi

    _bound_the_client()
    what = f"data set {repo} at {_endpoint()} (HF_ENDPOINT)"
    try:
        return question(HfApi(endpoint=_endpoint(), token=_token() or False))
    except (httpx2.HTTPError, OSError, ValueError, KeyError) as error:  # the last two: a name or answer that is none
        answer = getattr(error, "response", None)
        if answer is not None:
            raise UserError(f"{what}: {refusal(answer.status_code)}") from error
        first_line = str(error).split("\n")[0]
        raise UserError(f"{what}: no answer ({type(error).__name__}: {first_line}); check the network") from error


@cache
def _bound_the_client() -> None:
    """huggingface_hub tries again by itself; but it waits without end, for an answer and when it is told to wait."""
    import httpx2
    from huggingface_hub import constants, get_session, set_client_factory

    def in_time(request: "httpx2.Request") -> None:
        request.extensions["timeout"] = httpx2.Timeout(TIMEOUT_SECONDS).as_dict()

    def soon(answer: "httpx2.Response") -> None:
        wait = answer.headers.get("Retry-After", "")
        if wait.isdecimal() and int(wait) > MAX_WAIT_SECONDS:
            raise UserError(f"{answer.url.host}: the server asks to wait {wait} seconds; run again then")

    constants.HF_HUB_DISABLE_TELEMETRY = True
    known = get_session().event_hooks
    hooks: dict[str, list[Any]] = {"request": [*known["request"], in_time], "response": [*known["response"], soon]}
    set_client_factory(lambda: httpx2.Client(event_hooks=hooks, follow_redirects=True))
