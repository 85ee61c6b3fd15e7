"""A small real corpus: modules of the standard library, their docstrings, and lines of many scripts; and its shards."""

import ast
import sysconfig
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from factories.build import build
from fc_model.artifacts import Artifact, Store
from fc_pipeline.engine.step import Step
from fc_pipeline.tokens.mixture_config import MixtureConfig
from fc_pipeline.tokens.pack import pack_shards
from fc_pipeline.tokens.train_tokenizer import train_tokenizer

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


@cache
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


def build_split(store: Store) -> Artifact:
    def write_split(step: Step) -> None:
        for side in ("train", "holdout"):
            with step.out.records(f"{side}.jsonl.zst") as write:
                for record in documents(side):
                    write({**record, "meta": {}})

    return build(store, "corpus/test/split", write_split)


def tokenizer_config(**changes: Any) -> dict[str, Any]:
    return {"tokenizer": {"vocab_size": 1000, **changes}, "weights": WEIGHTS}


def mixture_config(**changes: Any) -> dict[str, Any]:
    settings = {"tokens": 60_000, "weights": WEIGHTS, "max_epochs": 4, "shard_tokens": 20_000} | changes
    return MixtureConfig.model_validate(settings).model_dump(mode="json")


@dataclass(frozen=True, kw_only=True)
class Packed:
    """The corpus, its tokenizer and its shards, in a store."""

    store: Store
    split: Artifact
    tokenizer: Artifact
    shards: Artifact

    @property
    def inputs(self) -> dict[str, Artifact]:
        """Of the step that packs."""
        return {"documents": self.split, "tokenizer": self.tokenizer}


def pack(root: Path) -> Packed:
    store = Store(root)
    split = build_split(store)
    tokenizer = build(store, "test/tokenizer", train_tokenizer, tokenizer_config(), {"documents": split})
    inputs = {"documents": split, "tokenizer": tokenizer}
    shards = build(store, "test/shards", pack_shards, mixture_config(), inputs)
    return Packed(store=store, split=split, tokenizer=tokenizer, shards=shards)
