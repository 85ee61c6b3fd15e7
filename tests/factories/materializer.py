"""Materializing a small graph through Dagster, in this process and on an instance in memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg

from fc_pipeline.engine.graph import Graph
from tests.reliability.fake_graph import definitions_of


class Materializer:
    """Runs a graph's job again and again on one instance and one store."""

    def __init__(self, instance: dg.DagsterInstance, home: Path) -> None:
        self.instance = instance
        self.home = home

    def __call__(self, graph: Graph, *keys: str, partition: str | None = None) -> dg.ExecuteInProcessResult:
        job = definitions_of(graph).resolve_job_def("toy")
        return job.execute_in_process(
            instance=self.instance,
            asset_selection=[dg.AssetKey(key.split("/")) for key in keys or graph],
            run_config={
                "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
                "resources": {"factory": {"config": {"home": str(self.home), "workers": 1, "threads": 1}}},
            },
            partition_key=partition,
            raise_on_error=False,
        )


@contextmanager
def materializer(home: Path) -> Iterator[Materializer]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield Materializer(instance, home)


def metadata_of(result: dg.ExecuteInProcessResult, key: str) -> dict[str, Any]:
    """Plain values of the metadata of the key's materialization."""
    for event in result.get_asset_materialization_events():
        if event.asset_key == dg.AssetKey(key.split("/")):
            return {name: value.value for name, value in event.materialization.metadata.items()}
    raise AssertionError(f"{key} was not materialized")


def built(result: dg.ExecuteInProcessResult) -> list[str]:
    """The keys that were materialized, in order."""
    return ["/".join(event.asset_key.path) for event in result.get_asset_materialization_events()]
