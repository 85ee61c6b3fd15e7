"""What a build does with the remote: looks there first, pushes afterwards, and never fails because of it."""

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

Taken = Literal["pulled", "absent", "damaged"]
Say = Callable[[str], None]
"""Takes a line for the person who builds."""

_SILENT_SECONDS = 300.0
"""How long a build goes on without a remote that did not answer: to wait at each of thirty steps takes minutes."""


def take(store: Store, key: str, identity: str, *, replace: bool, say: Say) -> Taken:
    """Pull the artifact, if FC_REMOTE names a remote that has it whole.

    What is wrong with the remote is said, and the artifact is to be built.
    Raises UserError for what is wrong on this side: a lock, a full disk.
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
        say(f"{error}; {key} is built here")
        return "damaged" if isinstance(error, RemoteDamaged) else "absent"
    say(f"{key}: pulled from {remote.name}, {size(num_bytes(manifest))}")
    return "pulled"


def give(artifact: Artifact, *, again: bool, say: Say) -> None:
    """Push what was built, if there is a remote. A failure is said, and the build stands."""
    remote = configured_remote()
    if remote is None:
        return
    mend = f"{artifact.key} is built but not in the remote: `fustercluck push {artifact.key}` mends it"
    if _is_silent(remote):
        say(mend)
        return
    try:
        push(remote, artifact, again=again)
    except UserError as error:
        _note(remote, error)
        say(f"{error}; {mend}")


def look(key: str, identity: str) -> Manifest | None:
    """What the remote, if there is one, has of this artifact; what is wrong with it is said on standard error.

    For a look: it asks once, since a person waits.
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
    """Where a line goes when nobody listens."""
    print(text, file=sys.stderr)
