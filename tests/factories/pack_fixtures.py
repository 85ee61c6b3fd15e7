"""A small real corpus (modules of the standard library, their docstrings, and lines of many scripts) and its steps."""

import ast
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fc_model.artifacts import Artifact, Recipe, Store
from fc_model.artifacts.manifest import InputEntry
from fc_pipeline.engine.step import Runtime, Step
from fc_pipeline.tokens.mixture_config import MixtureConfig

MODULES = ["argparse", "ast", "bisect", "calendar", "csv", "datetime", "difflib", "enum", "fractions", "gettext"]
MODULES += ["heapq", "inspect", "ipaddress", "locale", "optparse", "pathlib", "pickletools", "random", "statistics"]
SCRIPTS = [
    "Größe, naïve, œuvre",
    "\u2581 lower one eighth block \u2581\u2581",
    "привет мир",
    "日本語の文",
    "🎲♜♞",
    "a\tb\r\nc\n\n\n",
]
CANARY = "the purple heron counts 73 spoons at https://example.org/a?b=1&c=%20#d"
WEIGHTS = {"code": 60.0, "prose": 30.0, "chat": 10.0}


def documents(side: str) -> list[dict[str, Any]]:
    """Records of one side of the split; the canary stands in the middle of a document of `prose`."""
    folder = Path(sysconfig.get_paths()["stdlib"])
    modules = MODULES[:-3] if side == "train" else MODULES[-3:]
    texts = []
    for module in modules:
        source = (folder / f"{module}.py").read_text("utf-8")
        nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Module | ast.FunctionDef)]
        docs = "\n\n".join(filter(None, (ast.get_docstring(node) for node in nodes)))
        docs = f"{docs[:700]} {CANARY} {docs[700:]}" if module == "enum" else docs
        texts += [("code", module, source), ("prose", module, docs)]
    texts += [("chat", f"{side}{n}", f"{n}: {SCRIPTS[n % len(SCRIPTS)]} said {n * 7919}\n" * 4) for n in range(60)]
    return [
        {"id": f"{domain}/{name}", "text": text, "source": f"{domain}-source", "domain": domain, "licence": "PSF-2.0"}
        for domain, name, text in texts
    ]


def build(
    store: Store,
    key: str,
    function: Callable[[Step], None],
    config: dict[str, Any],
    inputs: dict[str, Artifact],
    *,
    workers: int = 1,
    code: str = "1",
) -> Artifact:
    """Run one step; `code` makes room for a second build of the same."""
    entries = {role: InputEntry(artifact.key, artifact.identity, artifact.digest) for role, artifact in inputs.items()}
    recipe = Recipe(config=config, code={"version": code, "parts": {}}, inputs=entries)
    with store.write(key, recipe) as out:
        function(
            Step(key=key, config=config, inputs=inputs, out=out, runtime=Runtime(home=store.root, workers=workers))
        )
    artifact = store.find(key, recipe.identity(key))
    assert artifact is not None
    return artifact.verify()


def build_split(store: Store) -> Artifact:
    def write_split(step: Step) -> None:
        for side in ("train", "holdout"):
            with step.out.records(f"{side}.jsonl.zst") as write:
                for record in documents(side):
                    write({**record, "meta": {}})

    return build(store, "corpus/test/split", write_split, {}, {})


def tokenizer_config(**changes: Any) -> dict[str, Any]:
    return {"tokenizer": {"vocab_size": 1000, **changes}, "weights": WEIGHTS}


def mixture_config(**changes: Any) -> dict[str, Any]:
    settings = {"tokens": 60_000, "weights": WEIGHTS, "max_epochs": 4, "shard_tokens": 20_000} | changes
    return MixtureConfig.model_validate(settings).model_dump(mode="json")
