"""One step, run in a store: what every test builds its artifacts with."""

from collections.abc import Callable
from typing import Any

from fc_model.artifacts import Artifact, Recipe, Store
from fc_model.artifacts.manifest import InputEntry
from fc_pipeline.engine.step import Runtime, Step


def build(
    store: Store,
    key: str,
    function: Callable[[Step], None],
    config: dict[str, Any] | None = None,
    inputs: dict[str, Artifact] | None = None,
    *,
    code: str = "1",
    replace: bool = False,
    helpers: dict[str, Callable[..., Any]] | None = None,
    **runtime: Any,
) -> Artifact:
    """Run one step; returns its artifact, verified.

    Args:
        code: the version of the code; another one makes room for a second build of the same.
        replace: build again in place of an equal artifact.
        runtime: fields of `Runtime`.
    """
    config, inputs = config or {}, inputs or {}
    entries = {role: InputEntry(artifact.key, artifact.identity, artifact.digest) for role, artifact in inputs.items()}
    recipe = Recipe(config=config, code={"version": code, "parts": {}}, inputs=entries)
    with store.write(key, recipe, replace=replace) as out:
        settings = Runtime(home=store.root, **runtime)
        function(Step(key=key, config=config, inputs=inputs, out=out, runtime=settings, helpers=helpers or {}))
    artifact = store.find(key, recipe.identity(key))
    assert artifact is not None
    return artifact.verify()


def write_text(step: Step) -> None:
    """Stands where a step does of which only key, config and inputs matter: no two have equal bytes."""
    inputs = {role: artifact.identity for role, artifact in step.inputs.items()}
    step.out.write_text("text.txt", f"{step.key} {step.config} {inputs}")
