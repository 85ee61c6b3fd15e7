"""A build asks the remote first and pushes afterwards; it never fails because of the remote."""

import sys
import time
from collections.abc import Callable
from typing import Literal

from fc_model.artifacts import Artifact, Store
from fc_model.artifacts.manifest import Manifest
from fc_model.errors import UserError
from fc_pipeline.formatting import size
from fc_pipeline.remote.pull import pull
from fc_pipeline.remote.push import push
from fc_pipeline.remote.remote import Remote, configured_remote, num_bytes
from fc_pipeline.remote.retry import RemoteDamaged, RemoteError, RemoteUnreachable

PullResult = Literal["pulled", "absent", "damaged"]
Log = Callable[[str], None]
"""Shows a line to whoever runs the build."""

_SILENT_SECONDS = 300.0
"""How long a build leaves out a remote that did not answer: waiting at each of thirty steps would take minutes."""


def pull_if_present(store: Store, key: str, identity: str, *, replace: bool, log: Log) -> PullResult:
    """Pull the artifact, if FC_REMOTE names a remote that has it whole.

    A fault of the remote is logged, and the caller builds the artifact.
    Raises UserError for a local fault: a lock, a full disk.
    """
    remote = configured_remote()
    if remote is None or _is_silent(remote):
        return "absent"
    try:
        manifest = remote.find(key, identity)
        if manifest is None:
            return "absent"
        pull(remote, store, manifest, replace=replace)
    except RemoteError as error:
        _note(remote, error)
        log(f"{error}; {key} is built here")
        return "damaged" if isinstance(error, RemoteDamaged) else "absent"
    log(f"{key}: pulled from {remote.name}, {size(num_bytes(manifest))}")
    return "pulled"


def push_after_build(artifact: Artifact, *, again: bool, log: Log) -> None:
    """Push what was built, if there is a remote. A failure is logged, and the build stands."""
    remote = configured_remote()
    if remote is None:
        return
    remedy = f"{artifact.key} is built but not in the remote: run `fustercluck push {artifact.key}`"
    if _is_silent(remote):
        log(remedy)
        return
    try:
        push(remote, artifact, again=again)
    except UserError as error:
        _note(remote, error)
        log(f"{error}; {remedy}")


def find_in_remote(key: str, identity: str) -> Manifest | None:
    """The remote's manifest of an artifact; None when there is no remote, no artifact or no answer.

    A fault goes to standard error. The remote is asked once, since the plan on the terminal waits for it.
    """
    remote = configured_remote(attempts=1)
    if remote is None or _is_silent(remote):
        return None
    try:
        return remote.find(key, identity)
    except RemoteError as error:
        _note(remote, error)
        to_stderr(str(error))
        return None


def _is_silent(remote: Remote) -> bool:
    return time.monotonic() < remote.silent_until


def _note(remote: Remote, error: UserError) -> None:
    if isinstance(error, RemoteUnreachable):
        remote.silent_until = time.monotonic() + _SILENT_SECONDS


def to_stderr(text: str) -> None:
    """The log of a build that has no other."""
    print(text, file=sys.stderr)
