"""The track of the chaos run: pico with fewer steps and records, so that a build takes seconds. Its assets are pico's.

`execute` builds it in a process that was forked from one that has everything imported: a restart costs what the
product does at a start, and not the 15 seconds of CPU that imports take.
"""

import importlib
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from functools import cache
from mmap import mmap
from pathlib import Path
from struct import unpack_from
from typing import Any, NoReturn

import dagster as dg

from fc_model.artifacts import Store, files
from fc_model.errors import UserError
from fc_pipeline.cli.run import build
from fc_pipeline.components.asset import assets_of
from fc_pipeline.components.factory import Factory
from fc_pipeline.components.shared import asset_keys
from fc_pipeline.definitions import policy
from fc_pipeline.engine.graph import Graph
from fc_pipeline.engine.materialize import materialize
from fc_pipeline.engine.step import Runtime
from fc_pipeline.track.config import parse_track, resolve_extends
from fc_pipeline.track.graph import build_graph

_TEXT = {"seq_len": 128, "batch_tokens": 1024, "eval_tokens": 2048, "checkpoint_every": 4}
_IMAGES = {"steps": 10, "eval_every": 5, "eval_tokens": 1024, "checkpoint_every": 4}
_WARM = {"warmup_steps": 2}
_ANY = 1e9
SETTINGS: dict[str, Any] = {
    "extends": "pico",
    "mixture": {"tokens": 60_000},
    "tokenizer": {"vocab_size": 1024, "input_bytes": 400_000},
    "images": {
        "synthetic": {
            "kinds": {
                "line": {"train": 64, "holdout": 24},
                "document/table": {"train": 12, "holdout": 12},
                "screenshot/dialog": {"train": 12, "holdout": 8},
            },
            "text": {"train_chars": 60_000, "holdout_chars": 20_000},
        }
    },
    "stages": {
        "overfit": {**_TEXT, "tokens": 16_384, "overfit_tokens": 1024},
        "pretrain_a": {**_TEXT, "tokens": 20_480, "eval_every": 10, "schedule": _WARM},
        "pretrain_b": {**_TEXT, "tokens": 16_384, "eval_every": 8, "schedule": _WARM},
        "multimodal_intro": _IMAGES,
        "multimodal_full": _IMAGES,
    },
    "evals": {"max_tokens_per_domain": 1000},
    "image_evals": {"max_samples": 6, "retrieval_samples": 6, "control_samples": 4, "sample_pictures": 2},
    "parity": {"num_prompts": 2, "num_lines": 60},
    "gates": [  # that there are any; nothing is learnt in twenty steps
        {"artifact": "stages/overfit", "metric": "loss_final", "max": _ANY, "why": "a gate like any other"},
        {"artifact": "evals/pretrain_a", "metric": "unigram_gain", "min": -_ANY, "why": "a gate like any other"},
        {"artifact": "shards", "metric": "mix_error_points", "max": _ANY, "why": "a gate like any other"},
        {"artifact": "parity", "metric": "huggingface_max_logit_diff", "max": 1.0e-3, "why": "float32"},
    ],
}


@cache
def chaos_graph() -> Graph:
    return build_graph([parse_track("chaos", resolve_extends(SETTINGS))])


def definitions() -> dg.Definitions:
    """The track's assets and its job under the project's own policy, with two workers and one thread anywhere."""
    graph = chaos_graph()
    whole = policy()
    job = dg.define_asset_job("chaos", selection=dg.AssetSelection.assets(*asset_keys(graph, graph)))
    return dg.Definitions(
        assets=assets_of(graph, list(graph)),
        jobs=[job],
        executor=whole.executor,
        loggers=whole.loggers,
        resources={"factory": Factory(workers=2, threads=1)},
    )


def import_everything() -> None:
    """What any step of the track imports."""
    graph = chaos_graph()
    for module in sorted({part.partition(":")[0] for key in graph for part in graph.code(key)["parts"]}):
        importlib.import_module(module)
    for module in ("fc_model.train.lightning", "mlflow.tracking", "mlflow.store.tracking.sqlalchemy_store"):
        importlib.import_module(module)
    definitions()


def execute(home: Path, log: Path, clock: mmap) -> NoReturn:
    """Build the track as `fustercluck run` does and end this process with its exit status.

    Args:
        home: holds `data` and `dagster_home`.
        log: gets what it prints.
        clock: seconds, a double, by which this process's clock is wrong; may change at any time.
    """

    def run() -> int:
        _shift_clock(clock)
        graph = chaos_graph()
        return build("chaos", graph, list(graph), definitions)

    _as_command(run, home, log)


def execute_step(home: Path, log: Path, key: str) -> NoReturn:
    """Build one artifact in this process alone, print the number of durable operations, and end."""

    def run() -> int:
        materialize(chaos_graph(), Store(home / "data"), key, Runtime(home=home / "data"))
        print(f"{key}: {files._operations} durable operations")
        return 0

    _as_command(run, home, log)


def _as_command(run: Callable[[], int], home: Path, log: Path) -> NoReturn:
    """End this process as the command line does, in a session of its own."""
    status = 1
    try:
        os.setsid()
        files._operations = 0  # those of the process that this one was forked from are not its own
        output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.dup2(output, 1)
        os.dup2(output, 2)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.environ |= {"FC_HOME": str(home / "data"), "DAGSTER_HOME": str(home / "dagster_home")}
        status = run()
    except UserError as error:
        print(f"fustercluck: error: {' '.join(str(error).split())}", file=sys.stderr)
        status = 2
    except KeyboardInterrupt:
        status = 130
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _shift_clock(clock: mmap) -> None:
    seconds, nanoseconds = time.time, time.time_ns
    time.time = lambda: seconds() + unpack_from("d", clock)[0]
    time.time_ns = lambda: nanoseconds() + int(unpack_from("d", clock)[0] * 1e9)
