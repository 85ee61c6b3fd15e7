"""`fustercluck push` and `pull`, and what `verify`, `gc` and `takedown` do with a remote. Each prints what it did."""

import time
from collections.abc import Sequence

from fc_model.artifacts import Artifact, ManifestError, Store
from fc_model.artifacts.manifest import Manifest
from fc_model.errors import UserError
from fc_pipeline.engine.graph import Graph
from fc_pipeline.engine.plan import UNFINISHED, make_plan
from fc_pipeline.engine.resolve import Resolver
from fc_pipeline.formatting import print_lines, size
from fc_pipeline.lineage.lineage import Touched
from fc_pipeline.lineage.remote_takedown import take_down_remotely, touched_remotely
from fc_pipeline.remote.pull import pull
from fc_pipeline.remote.push import push
from fc_pipeline.remote.remote import Place, Remote, configured_remote, num_bytes
from fc_pipeline.remote.retry import RemoteDamaged, RemoteUnreachable
from fc_pipeline.store.gc import collect, find_remote_garbage, garbage_lines, remove_dead_uploads
from fc_pipeline.store.verify import below, verify_remote


def require_remote() -> Remote:
    """The remote that FC_REMOTE names; raises UserError when it names none."""
    remote = configured_remote()
    if remote is None:
        raise UserError("FC_REMOTE is not set: give it an address such as s3://bucket/prefix or file:///mnt/nas/fc")
    return remote


def push_artifacts(graph: Graph, store: Store, wanted: Sequence[str], *, again: bool) -> int:
    """Push what the tracks resolve to, all or of these keys and beginnings of keys."""
    remote = require_remote()
    num_pushed, sent_bytes, failed = 0, 0, 0
    artifacts = _present(graph, store, wanted)
    for artifact in artifacts:
        try:
            pushed = push(remote, artifact, again=again)
        except RemoteUnreachable:
            raise  # the next one would only wait for the same answer
        except UserError as error:
            failed += 1
            print(f"not pushed: {error}")
            continue
        if pushed.num_files:
            num_pushed += 1
            sent_bytes += pushed.num_bytes
            print(f"{artifact.key}: {pushed.num_files} files, {size(pushed.num_bytes)}")
    there = len(artifacts) - num_pushed - failed
    failures = f", {failed} failed" if failed else ""
    print(f"{remote.name}: {num_pushed} artifacts pushed, {size(sent_bytes)}; {there} were there{failures}")
    return 1 if failed else 0


def _present(graph: Graph, store: Store, wanted: Sequence[str]) -> list[Artifact]:
    for name in wanted:
        if not any(below(key, name) for key in graph):
            raise UserError(f"there is no step {name!r}; there are: {', '.join(graph)}")
    resolver = Resolver(graph, store)
    keys = [key for key in graph if not wanted or any(below(key, name) for name in wanted)]
    return [artifact for key in keys if (artifact := resolver.artifact(key)) is not None]


def pull_artifacts(graph: Graph, store: Store, wanted: Sequence[str]) -> int:
    """Pull what these tracks or keys resolve to, with what it was made from; returns 1 when some is not there."""
    remote = require_remote()
    keys = graph.closure(key for name in wanted for key in _keys(graph, name))
    refused: dict[str, str] = {}
    there: dict[str, Manifest] = {}

    def find(key: str, identity: str) -> Manifest | None:
        try:
            manifest = remote.find(key, identity)
        except RemoteDamaged as error:
            refused[key] = str(error)
            return None
        if manifest is not None:
            there[key] = manifest
        return manifest

    items = make_plan(graph, store, keys, elsewhere=find)
    pulled = [item.key for item in items if item.key in there and _pulled(remote, store, there[item.key], refused)]
    print(f"{remote.name}: {len(pulled)} artifacts pulled, {size(sum(num_bytes(there[key]) for key in pulled))}")
    for why in refused.values():
        print(f"not pulled: {why}")
    missing = [item.key for item in items if item.state in UNFINISHED and item.key not in (*pulled, *refused)]
    if missing:
        print(f"{len(missing)} artifacts are not in the remote, `fustercluck run` builds them: {', '.join(missing)}")
    return 1 if missing or refused else 0


def _pulled(remote: Remote, store: Store, manifest: Manifest, refused: dict[str, str]) -> bool:
    """True when it worked; otherwise `refused` has the reason."""
    try:
        pull(remote, store, manifest, replace=_is_damaged_here(store, manifest))
    except RemoteUnreachable:
        raise
    except UserError as error:
        refused[manifest.key] = str(error)
        return False
    print(f"{manifest.key}: {size(num_bytes(manifest))}")
    return True


def _is_damaged_here(store: Store, manifest: Manifest) -> bool:
    try:
        present = store.find(manifest.key, manifest.identity)
    except ManifestError:
        return True
    return present is not None and bool(present.problems())


def _keys(graph: Graph, name: str) -> list[str]:
    if name in (*graph.tracks, *graph.experiments):
        return graph.track(name)
    found = [key for key in graph if below(key, name)]
    return found or [graph[name].key]  # says which keys there are


def verify_remotely(wanted: Sequence[str]) -> int:
    """Rehash the remote's artifacts; returns 1 when something is wrong."""
    remote = require_remote()
    checked, problems = verify_remote(remote, wanted)
    for problem in problems:
        print(problem)
    print(f"{remote.name}: {checked} artifacts checked, {len(problems)} problems")
    return 1 if problems else 0


def collect_garbage_remotely(graph: Graph, store: Store, *, keep: int, apply: bool) -> int:
    """List, or delete, what no track of this checkout needs of the remote."""
    remote = require_remote()
    garbage = find_remote_garbage(graph, store, remote, keep=keep, now=time.time())
    print_lines(garbage_lines(garbage))
    if not apply:
        if garbage:
            print(f"nothing was deleted from {remote.name}: add --apply to delete, also what other checkouts may need")
        return 0
    freed, refused = remove_dead_uploads(remote, now=time.time()), []
    for item, why in collect(remote, garbage):
        freed += 0 if why else item.num_bytes
        refused += [f"kept: {why}"] if why else []
    print_lines(("", line) for line in refused)
    print(f"{size(freed)} freed in {remote.name}")
    return 1 if refused else 0


def take_down(
    store: Store, documents: Sequence[str], items: Sequence[Touched], live: set[Place], *, apply: bool
) -> list[str]:
    """What a takedown does in the remote, if there is one; returns what is left there and why, one line each."""
    remote = configured_remote()
    if remote is None:
        return []
    try:
        touched = touched_remotely(remote, store, documents, items, live)
    except UserError as error:
        return [f"{remote.name} was not looked at: {error}; then `fustercluck takedown` with the same ids again"]
    share = f"{len(touched.goes)} of {touched.num_artifacts} artifacts"
    print(f"{remote.name}: {share} {'are deleted' if apply else 'would be deleted'}")
    print_lines(("", f"  {key}/{identity}") for key, identity in touched.goes)
    if touched.stays:
        names = ", ".join(sorted({key for key, _ in touched.stays}))
        print(f"{remote.name}: the sources stay, as those here do: {names}")
    return take_down_remotely(remote, touched, at=time.time()) if apply else []
