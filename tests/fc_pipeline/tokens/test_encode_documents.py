"""A packing step that is killed loses nothing that it has encoded, and ends with the same bytes."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from factories.build import build
from factories.stdlib_corpus import Packed, mixture_config
from hypothesis import given
from hypothesis import strategies as st

from fc_model.artifacts import Store
from fc_model.tokenizer import Tokenizer
from fc_pipeline.engine.step import Step
from fc_pipeline.tokens import encode_documents
from fc_pipeline.tokens.encode_documents import Batch, Journal, checksum_of
from fc_pipeline.tokens.pack import pack_shards

_BATCH_CHARS = 20_000

CHILD = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
import test_encode_documents
test_encode_documents.pack_and_die(*map(Path, sys.argv[1:3]))
"""


def pack_and_die(root: Path, packed: Path) -> None:
    """Packs what lies in the store `packed`, and is killed once a third of the documents is encoded."""

    def pack(step: Step) -> None:
        step.runtime.report = kill
        pack_shards(step)

    def kill(progress: dict[str, Any]) -> None:
        if progress["documents"] > 30:
            os.kill(os.getpid(), signal.SIGKILL)

    encode_documents._BATCH_CHARS = _BATCH_CHARS
    inputs = {"documents": "corpus/test/split", "tokenizer": "test/tokenizer"}
    built = {role: Store(packed).versions(key)[0] for role, key in inputs.items()}
    build(Store(root), "test/shards", pack, mixture_config(), built)


def test_resume_after_kill(tmp_path: Path, packed: Packed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encode_documents, "_BATCH_CHARS", _BATCH_CHARS)
    store, inputs = Store(tmp_path), packed.inputs
    child = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path), str(packed.store.root), str(Path(__file__).parent)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        check=False,
    )
    assert child.returncode == -signal.SIGKILL
    (lines,) = tmp_path.rglob("batches.jsonl")
    done = len(lines.read_bytes().splitlines())
    assert done > 3

    encoded: list[int] = []
    encode = Tokenizer.encode_batch

    def count(tokenizer: Tokenizer, texts: list[str]) -> Any:
        encoded.append(len(texts))
        return encode(tokenizer, texts)

    monkeypatch.setattr(Tokenizer, "encode_batch", count)
    resumed = build(store, "test/shards", pack_shards, mixture_config(), inputs)
    assert resumed.digest == packed.shards.digest
    num_batches = done + len(encoded)
    encoded.clear()
    build(store, "test/shards", pack_shards, mixture_config(), inputs, code="again")
    assert num_batches == len(encoded)


def written(batch: list[list[int]]) -> Batch:
    tokens = np.array([token for ids in batch for token in ids], dtype="<u4").tobytes()
    return Batch(tokens, [len(ids) for ids in batch], checksum_of(tokens))


@given(
    batches=st.lists(st.lists(st.lists(st.integers(0, 2**32 - 1), max_size=5), min_size=1, max_size=4), max_size=5),
    data=st.data(),
)
def test_journal_damaged(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[list[int]]], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    with Journal(folder, token_bytes=4) as journal:
        assert journal.next_lengths() is None
        for batch in batches:
            journal.add(written(batch))
    all_tokens = [token for batch in batches for ids in batch for token in ids]
    file = folder / data.draw(st.sampled_from(["tokens.bin", "batches.jsonl"]))
    content = file.read_bytes()
    damage = data.draw(st.sampled_from(["cut", "flip", "none"])) if content else "none"
    place = data.draw(st.integers(0, len(content) - 1)) if content else 0
    if damage == "cut":
        file.write_bytes(content[:place])
    elif damage == "flip" and file.name == "tokens.bin":
        file.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])

    with Journal(folder, token_bytes=4) as journal:
        taken = []
        while (lengths := journal.next_lengths()) is not None:
            taken.append(lengths)
        assert taken == [[len(ids) for ids in batch] for batch in batches[: len(taken)]]
        if damage == "none":
            assert len(taken) == len(batches)
        for batch in batches[len(taken) :]:
            journal.add(written(batch))
    assert np.fromfile(folder / "tokens.bin", dtype="<u4").tolist() == all_tokens
