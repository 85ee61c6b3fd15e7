import gc
import weakref
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from factories import batch_functions

from fc_model.errors import UserError
from fc_pipeline.executors.task import run_task
from fc_pipeline.executors.task_files import write_spool

FUNCTION = partial(batch_functions.count, 1)
TEXTS = [[f"text {number}"] for number in range(5)]


def compute(spool) -> None:
    for rank in range(spool.num_tasks):
        run_task(str(spool.folder), 1, None, rank, spool.num_tasks)


def test_a_spool_is_named_by_all_that_the_results_depend_on(tmp_path: Path) -> None:
    spool = write_spool(tmp_path, FUNCTION, TEXTS, batches_per_task=2)
    assert spool.num_tasks == 3 and spool.missing() == [0, 1, 2]
    assert write_spool(tmp_path, FUNCTION, TEXTS, batches_per_task=2) == spool
    others = [
        write_spool(tmp_path, partial(batch_functions.count, 2), TEXTS, batches_per_task=2),
        write_spool(tmp_path, FUNCTION, [*TEXTS[:4], ["text 5"]], batches_per_task=2),
        write_spool(tmp_path, FUNCTION, TEXTS[::-1], batches_per_task=2),
        write_spool(tmp_path, FUNCTION, TEXTS, batches_per_task=3),
    ]
    assert len({spool.folder, *(other.folder for other in others)}) == 5


def test_inputs_that_a_power_cut_spoiled_are_mended(tmp_path: Path) -> None:
    spool = write_spool(tmp_path, FUNCTION, TEXTS, batches_per_task=2)
    (spool.folder / "inputs" / "00001.jsonl.zst").write_bytes(b"")
    with pytest.raises(UserError, match="cut short"):
        compute(spool)
    assert spool.missing() == [1, 2]
    assert "cut short" in (spool.failure(1) or "") and spool.failure(0) is None
    assert write_spool(tmp_path, FUNCTION, TEXTS, batches_per_task=2) == spool
    compute(spool)
    assert [counted.raw for counted in spool.results()] == [texts[0].encode() for texts in TEXTS]


def test_a_few_items_are_in_memory_at_a_time(tmp_path: Path) -> None:
    alive: list[weakref.ref[np.ndarray]] = []

    def items():
        for number in range(20):
            gc.collect()
            assert sum(each() is not None for each in alive) <= 3
            array = np.full(1000, number)
            alive.append(weakref.ref(array))
            yield array
            del array

    gc.freeze()  # or each collection would look through all that the tests before have left
    try:
        assert write_spool(tmp_path, FUNCTION, items(), batches_per_task=4).num_tasks == 5
    finally:
        gc.unfreeze()
