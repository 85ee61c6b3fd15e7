"""Documentation text that every installation holds: the docstrings of installed packages, and tokens of it."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import sentencepiece

PACKAGES = ("sympy", "networkx", "torch", "numpy", "transformers")
_SHORTEST_DOCSTRING, _SHORTEST_DOCUMENT = 80, 400
_HOLDOUT_SHARE = 20  # one document in so many


@dataclass(frozen=True)
class Tokens:
    """A corpus as token ids: a document after the other, each with its end token."""

    train: np.ndarray
    holdout: np.ndarray
    holdout_bytes: int
    digest: str
    """Of the documents of both sides; equal digests mean equal bytes."""


def documents(packages: tuple[str, ...] = PACKAGES) -> Iterator[tuple[str, str]]:
    """(path in its package, docstrings of the file), without tests, without repeated text."""
    seen = set()
    for package in packages:
        spec = importlib.util.find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            continue
        root = Path(next(iter(spec.submodule_search_locations)))
        for path in sorted(root.rglob("*.py")):
            name = f"{package}/{path.relative_to(root).as_posix()}"
            if "/tests/" in name or "/testing/" in name:
                continue
            text = docstrings(path.read_bytes())
            key = hashlib.sha256(text.encode()).digest()
            if len(text.encode()) >= _SHORTEST_DOCUMENT and key not in seen:
                seen.add(key)
                yield name, text


def docstrings(source: bytes) -> str:
    """Docstrings of a module, its classes and functions, empty when it is not Python."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of escapes in other people's strings
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError):
            return ""
    owners = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    texts = (ast.get_docstring(node) for node in ast.walk(tree) if isinstance(node, owners))
    return "\n\n".join(text for text in texts if text and len(text) > _SHORTEST_DOCSTRING)


def prepare(folder: Path, *, megabytes: float, vocab_size: int) -> Tokens:
    """Split by a hash of the name, train BPE on the train side, encode both; the tokenizer is kept in `folder`."""
    sides: dict[str, list[tuple[int, str, str]]] = {"train": [], "holdout": []}
    for name, text in documents():
        number = int(hashlib.sha256(name.encode()).hexdigest(), 16)
        sides["holdout" if number % _HOLDOUT_SHARE == 0 else "train"].append((number, name, text))
    texts = {side: [text for _, _, text in sorted(found)] for side, found in sides.items()}
    sizes = np.cumsum([len(text.encode()) for text in texts["train"]])
    texts["train"] = texts["train"][: int(np.searchsorted(sizes, megabytes * 1e6)) + 1]
    digest = hashlib.sha256("\0".join(texts["train"] + texts["holdout"]).encode()).hexdigest()[:16]
    model = folder / f"bpe-{vocab_size}-{digest}.model"
    if not model.exists():
        folder.mkdir(parents=True, exist_ok=True)
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=(line for text in texts["train"] for line in text.split("\n")),
            model_prefix=str(model.with_suffix("")),
            vocab_size=vocab_size,
            model_type="bpe",
            byte_fallback=True,
            normalization_rule_name="identity",
            remove_extra_whitespaces=False,
            user_defined_symbols=["\n"],
            num_threads=1,
            minloglevel=2,
        )
    processor = sentencepiece.SentencePieceProcessor(model_file=str(model))
    ids = {
        side: np.concatenate([np.array([*one, processor.eos_id()], np.uint16) for one in processor.encode(found)])
        for side, found in texts.items()
    }
    return Tokens(
        train=ids["train"],
        holdout=ids["holdout"],
        holdout_bytes=sum(len(text.encode()) for text in texts["holdout"]),
        digest=digest,
    )
