"""Any step as a Dagster asset: a shell around `materialize` that holds no logic of its own."""

import hashlib
import time
from typing import Any

import dagster as dg

from fc_model.artifacts.manifest import canonical_json
from fc_model.errors import UserError
from fc_pipeline.components.automation import freshness, when_content_changed
from fc_pipeline.components.checks import check_results, check_specs
from fc_pipeline.components.factory import Factory
from fc_pipeline.components.metadata import artifact_metadata, quarantined
from fc_pipeline.components.progress import Progress, listener
from fc_pipeline.engine.graph import Graph
from fc_pipeline.engine.materialize import materialize
from fc_pipeline.engine.step import StepSpec
from fc_pipeline.executors.child_process import forked_children_die_with_me
from fc_pipeline.tracking.witness import Witness

ACCELERATOR_POOL = "accelerator"
CORES_POOL = "cores"
_RETRY_SECONDS = 5
_PERMANENT = (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError)
"""Errors of files that come again in five seconds; those of the disk are UserErrors of the store."""


def asset_for(steps: list[StepSpec], graph: Graph, *, owners: list[str] | None = None) -> dg.AssetsDefinition:
    """The asset of a step, or of the steps that are its partitions, in order.

    Its checks are the gates on the artifact; its data version is the artifact's digest. An asset of partitions has no
    checks, since Dagster has checks only for whole assets: the verdicts are in each manifest.
    """
    spec = steps[0]
    gates, retries = graph.gates(spec.key) if spec.partition is None else [], _num_retries(spec)
    by_partition = {step.partition: step for step in steps}
    upstream = dict.fromkeys(graph[key].asset for step in steps for key in step.upstream)
    partitions = [step.partition for step in steps if step.partition is not None]
    upstream.pop(spec.asset, None)  # a dump needs earlier dumps, which Dagster cannot express

    @dg.asset(
        key=spec.asset.split("/"),
        deps=[dg.AssetKey(key.split("/")) for key in upstream],
        partitions_def=dg.StaticPartitionsDefinition(partitions) if partitions else None,
        description=spec.description,
        group_name=spec.group,
        kinds=set(spec.kinds),
        owners=owners,
        code_version=_version(spec, graph),
        check_specs=check_specs(spec.asset, gates),
        pool=ACCELERATOR_POOL if spec.accelerator else CORES_POOL,
        automation_condition=when_content_changed() if upstream else None,
        freshness_policy=freshness(spec.fresh_for_days) if spec.fresh_for_days else None,
        metadata={"function": spec.function_path, "config": dg.MetadataValue.json(spec.config)},
    )
    def build(context: dg.AssetExecutionContext, factory: Factory) -> dg.MaterializeResult:
        forked_children_die_with_me()
        spec = by_partition[context.partition_key if context.has_partition_key else None]
        who, started = listener(), time.monotonic()
        witness = Witness(graph, factory.store, spec.key, home=factory.folder, log=who.note)
        runtime = factory.runtime(
            report=Progress(spec, context.log_event),
            track=witness.track,
            tags={
                "dagster.run_id": context.run.run_id,
                "dagster.asset_key": spec.key,
                "dagster.job": context.run.job_name,
            },
        )
        who.started(spec.key)
        try:
            outcome = materialize(graph, factory.store, spec.key, runtime, log=who.note)
        except UserError as error:
            who.failed(spec.key)
            witness.ended("FAILED")
            raise dg.Failure(description=str(error), allow_retries=False) from None
        except Exception as error:
            who.failed(spec.key)
            witness.ended("FAILED")
            if isinstance(error, _PERMANENT):
                raise dg.Failure(
                    description=f"{error}: remove the cause, and run again", allow_retries=False
                ) from error
            if retries:
                raise dg.RetryRequested(max_retries=retries, seconds_to_wait=_RETRY_SECONDS) from error
            raise
        except BaseException:  # Ctrl-C, or Dagster's interrupt
            witness.ended("KILLED")
            raise
        artifact, seconds = outcome.artifact, time.monotonic() - started
        pages = spec.page(artifact) if spec.page is not None else {}
        run_page = witness.record(artifact, reused=outcome.reused, pages=pages)
        why = {} if outcome.reused else quarantined(artifact)
        who.finished(spec.key, reused=outcome.reused, seconds=seconds, quarantined=why)
        return dg.MaterializeResult(
            data_version=dg.DataVersion(artifact.digest),
            metadata=artifact_metadata(spec, artifact, pages=pages, reused=outcome.reused, run_page=run_page),
            check_results=check_results(spec.asset, gates, artifact.manifest.gates) if gates else [],
        )

    return build


def _version(spec: StepSpec, graph: Graph) -> str:
    """Dagster's code version: our code version, and the config of the identity."""
    config = hashlib.sha256(canonical_json(spec.config).encode()).hexdigest()
    return f"{graph.code(spec.key)['version'][:12]}-{config[:8]}"


def _num_retries(spec: StepSpec) -> int:
    """Retries for failures that can pass: network, device. A data step would only fail the same way again.

    Not a RetryPolicy, because Dagster applies that to interrupts too: a terminated step would start again.
    """
    if spec.accelerator:
        return 1
    return 0 if spec.inputs else 2


def assets_of(graph: Graph, keys: list[str], *, owners: list[str] | None = None) -> list[Any]:
    """The assets of these keys, in order; keys that are partitions of one asset make one."""
    steps: dict[str, list[StepSpec]] = {}
    for key in keys:
        steps.setdefault(graph[key].asset, []).append(graph[key])
    return [asset_for(alike, graph, owners=owners) for alike in steps.values()]
