"""New commits of hub data sets: reported, or followed by a rebuild of the shards that read them."""

import json
from collections.abc import Iterator

import dagster as dg

from fc_model.errors import UserError
from fc_pipeline.components.shared import all_tracks, asset_keys
from fc_pipeline.engine.graph import Graph
from fc_pipeline.paths import fc_home


@dg.definitions
def hub_revisions() -> dg.Definitions:
    return dg.Definitions(sensors=[hub_revision_sensor(all_tracks())])


def hub_revision_sensor(graph: Graph, *, seconds: int = 3600) -> dg.SensorDefinition:
    """Asks the hub for the newest commit of every hub source. The cursor is JSON: {source: the last commit seen}.

    A source with `follow` moves to the new commit, and the shards that read it are requested. Of other sources the UI
    shows an observation with the commit. A hub that cannot be reached is a skipped tick, not an error.
    """
    repositories = {
        key: (spec.config["repo"], spec.config.get("follow") or "main", spec.config.get("follow") is not None)
        for key, spec in graph.items()
        if spec.config.get("kind") == "hub"
    }
    readers = {key: list(_readers(graph, key)) for key in repositories}

    def find_new_revisions(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        from fc_pipeline.catalogue.kinds.hub import newest_commit, record_revision

        if not repositories:
            return dg.SensorResult(skip_reason="no track reads a data set of the hub")
        seen: dict[str, str] = json.loads(context.cursor or "{}")
        requests, told = [], []
        for key, (repository, branch, follows) in repositories.items():
            try:
                head = newest_commit(repository, branch)
            except UserError as error:
                return dg.SensorResult(skip_reason=str(error))
            if seen.get(key) == head:
                continue
            seen[key] = head
            if follows:
                record_revision(fc_home(), key.removeprefix("sources/"), head)
                tags = {"fustercluck/hub_revision": f"{repository}@{head}"}
                keys = asset_keys(graph, readers[key])
                requests.append(dg.RunRequest(run_key=f"{key}@{head}", asset_selection=keys, tags=tags))
            elif head != graph[key].config["revision"]:
                metadata = {"head": head, "pinned": graph[key].config["revision"], "branch": branch}
                told.append(dg.AssetObservation(asset_key=key.split("/"), metadata=metadata))
        nothing_new = "no new commit" if not requests and not told else None
        return dg.SensorResult(
            run_requests=requests, asset_events=told, cursor=json.dumps(seen, sort_keys=True), skip_reason=nothing_new
        )

    every = [key for keys in readers.values() for key in keys]
    return dg.SensorDefinition(
        name="hub_revisions",
        evaluation_fn=find_new_revisions,
        asset_selection=dg.AssetSelection.assets(*asset_keys(graph, every)) if every else None,
        minimum_interval_seconds=seconds,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description="Tells of new commits of hub data sets; rebuilds the shards that read a source with `follow`.",
    )


def _readers(graph: Graph, source: str) -> Iterator[str]:
    """The keys up to the shards of every track that reads the source, in order."""
    wanted = {f"{track}/shards" for track in graph.tracks if source in graph.closure([f"{track}/shards"])}
    yield from graph.closure(wanted)
