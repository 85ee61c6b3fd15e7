"""`fustercluck push` and `pull`, and what a takedown does with a remote. Each prints what it did."""

import argparse
import time
from collections.abc import Sequence

from fc_model.artifacts import ManifestError, Store
from fc_model.artifacts.manifest import Manifest
from fc_model.errors import UserError
from fc_pipeline.engine.deferred import deferred_imports
from fc_pipeline.engine.graph import Graph
from fc_pipeline.engine.plan import UNFINISHED, make_plan
from fc_pipeline.engine.resolve import Resolver
from fc_pipeline.formatting import print_lines, size
from fc_pipeline.lineage.lineage import Touched
from fc_pipeline.lineage.remote_takedown import take_down_remotely, touched_remotely
from fc_pipeline.paths import built_home, fc_home
from fc_pipeline.remote.pull import pull as pull_artifact
from fc_pipeline.remote.push import push as push_artifact
from fc_pipeline.remote.remote import Place, Remote, configured_remote, num_bytes
from fc_pipeline.remote.retry import RemoteDamaged, RemoteUnreachable
from fc_pipeline.store.verify import below

with deferred_imports():
    from fc_pipeline.experiments.graph import project_graph


def require_remote() -> Remote:
    """The remote that FC_REMOTE names; raises UserError when it names none."""
    remote = configured_remote()
    if remote is None:
        raise UserError("FC_REMOTE is not set: give it an address such as s3://bucket/prefix or file:///mnt/nas/fc")
    return remote


def push(options: argparse.Namespace) -> int:
    """Push what the tracks resolve to, all or of these keys and beginnings of keys."""
    remote, graph = require_remote(), project_graph()
    keys = dict.fromkeys(key for name in options.keys for key in _below(graph, name)) if options.keys else graph
    resolver = Resolver(graph, Store(built_home()))
    num_pushed, num_present, sent_bytes, failed = 0, 0, 0, 0
    for artifact in filter(None, map(resolver.artifact, (key for key in graph if key in keys))):
        try:
            pushed = push_artifact(remote, artifact, again=options.again)
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
        else:
            num_present += 1
    failures = f", {failed} failed" if failed else ""
    print(f"{remote.name}: {num_pushed} artifacts pushed, {size(sent_bytes)}; {num_present} were there{failures}")
    return 1 if failed else 0


def _below(graph: Graph, name: str) -> list[str]:
    """The keys that are or begin with `name`. Raises UserError, which says which keys there are, for none."""
    return [key for key in graph if below(key, name)] or [graph[name].key]


def pull(options: argparse.Namespace) -> int:
    """Pull what these tracks or keys resolve to, with what it was made from; returns 1 when some is not there."""
    remote, graph, store = require_remote(), project_graph(), Store(fc_home())
    tracks = (*graph.tracks, *graph.experiments)
    wanted = (graph.track(name) if name in tracks else _below(graph, name) for name in options.wanted)
    refused: dict[str, str] = {}
    manifests: dict[str, Manifest] = {}

    def find(key: str, identity: str) -> Manifest | None:
        try:
            manifest = remote.find(key, identity)
        except RemoteDamaged as error:
            refused[key] = str(error)
            return None
        if manifest is not None:
            manifests[key] = manifest
        return manifest

    items = make_plan(graph, store, graph.closure(key for keys in wanted for key in keys), elsewhere=find)
    pulled_bytes = {}
    for manifest in (manifests[item.key] for item in items if item.key in manifests):
        try:
            pull_artifact(remote, store, manifest, replace=_is_damaged_here(store, manifest))
        except RemoteUnreachable:
            raise
        except UserError as error:
            refused[manifest.key] = str(error)
            continue
        pulled_bytes[manifest.key] = num_bytes(manifest)
        print(f"{manifest.key}: {size(num_bytes(manifest))}")
    print(f"{remote.name}: {len(pulled_bytes)} artifacts pulled, {size(sum(pulled_bytes.values()))}")
    for why in refused.values():
        print(f"not pulled: {why}")
    missing = [item.key for item in items if item.state in UNFINISHED and item.key not in (*pulled_bytes, *refused)]
    if missing:
        print(f"{len(missing)} artifacts are not in the remote, `fustercluck run` builds them: {', '.join(missing)}")
    return 1 if missing or refused else 0


def _is_damaged_here(store: Store, manifest: Manifest) -> bool:
    try:
        present = store.find(manifest.key, manifest.identity)
    except ManifestError:
        return True
    return present is not None and bool(present.problems())


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
