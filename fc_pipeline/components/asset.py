"""Any step as a Dagster asset: a shell around `materialize` that holds no logic of its own."""

import hashlib
import time
from typing import Any

import dagster as dg

from fc_model.artifacts.manifest import canonical_json
from fc_model.errors import UserError
from fc_pipeline.components.checks import check_results, check_specs
from fc_pipeline.components.factory import Factory
from fc_pipeline.components.metadata import artifact_metadata
from fc_pipeline.components.progress import Progress, listener
from fc_pipeline.graph import Graph
from fc_pipeline.materialize import materialize
from fc_pipeline.processes import forked_children_die_with_me
from fc_pipeline.step import StepSpec

ACCELERATOR_POOL = "accelerator"
CORES_POOL = "cores"
_RETRY_SECONDS = 5


def asset_for(spec: StepSpec, graph: Graph, *, owners: list[str] | None = None) -> dg.AssetsDefinition:
    """The asset of a step. Its checks are the gates on the artifact; its data version is the artifact's digest."""
    gates, retries = graph.gates(spec.key), _num_retries(spec)

    @dg.asset(
        key=spec.key.split("/"),
        deps=[dg.AssetKey(key.split("/")) for key in spec.upstream],
        description=spec.description,
        group_name=spec.group,
        kinds=set(spec.kinds),
        owners=owners,
        code_version=_version(spec, graph),
        check_specs=check_specs(spec.key, gates),
        pool=ACCELERATOR_POOL if spec.accelerator else CORES_POOL,
        metadata={"function": spec.function, "config": dg.MetadataValue.json(spec.config)},
    )
    def build(context: dg.AssetExecutionContext, factory: Factory) -> dg.MaterializeResult:
        forked_children_die_with_me()
        runtime = factory.runtime(
            report=Progress(spec.key, context.log_event),
            tags={
                "dagster.run_id": context.run.run_id,
                "dagster.asset_key": spec.key,
                "dagster.job": context.run.job_name,
            },
        )
        who, started = listener(), time.monotonic()
        who.started(spec.key)
        try:
            outcome = materialize(graph, factory.store, spec.key, runtime)
        except UserError as error:
            who.failed(spec.key)
            raise dg.Failure(description=str(error), allow_retries=False) from None
        except Exception as error:
            who.failed(spec.key)
            if retries:
                raise dg.RetryRequested(max_retries=retries, seconds_to_wait=_RETRY_SECONDS) from error
            raise
        who.finished(spec.key, reused=outcome.reused, seconds=time.monotonic() - started)
        artifact = outcome.artifact
        return dg.MaterializeResult(
            data_version=dg.DataVersion(artifact.digest),
            metadata=artifact_metadata(artifact, reused=outcome.reused),
            check_results=check_results(spec.key, gates, artifact.manifest.gates),
        )

    return build


def _version(spec: StepSpec, graph: Graph) -> str:
    """Code by its meaning, then the config that matters: what Dagster calls the code version covers both."""
    config = hashlib.sha256(canonical_json(spec.config).encode()).hexdigest()
    return f"{graph.code(spec.key)['version'][:12]}-{config[:8]}"


def _num_retries(spec: StepSpec) -> int:
    """Again for what can pass by itself: the network, a device. A data step would only fail the same way.

    Not a RetryPolicy, because Dagster applies that to interrupts too: a terminated step would start again.
    """
    if spec.accelerator:
        return 1
    return 0 if spec.inputs else 2


def assets_of(graph: Graph, keys: list[str], *, owners: list[str] | None = None) -> list[Any]:
    """The assets of these keys, in order."""
    return [asset_for(graph[key], graph, owners=owners) for key in keys]
