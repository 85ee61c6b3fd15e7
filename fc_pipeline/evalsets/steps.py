"""The step of an eval set, which corpora and benchmarks share."""

from fc_pipeline.engine.deferred import deferred_imports
from fc_pipeline.engine.step import StepSpec
from fc_pipeline.evalsets.catalogue import resolve_evalset

with deferred_imports():
    from fc_pipeline.evalsets.fetch import fetch_evalset


def evalset_step(name: str) -> StepSpec:
    """`evalsets/<name>`. Raises UserError when the catalogue has none of that name."""
    evalset = resolve_evalset(name)
    return StepSpec(
        key=f"evalsets/{evalset.name}",
        function=fetch_evalset,
        description=f"Items that may not be trained on. {evalset.measures}",
        group="evalsets",
        config=evalset.model_dump(mode="json"),
    )
