"""Runs the real lm-evaluation-harness on an exported model, in a process of its own: `-m THIS MODEL TASKS OUT`.

TASKS is a folder of YAML files, which may include the harness's own definitions and read local files. OUT gets for each
of them {"<metric>,<filter>": mean, "items": [{"prompt", "responses", "filter", and the metrics}]}.
"""

import json
import sys
from pathlib import Path
from typing import Any

import lm_eval
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager


def main(model: str, tasks: str, out: str) -> None:
    names = sorted(path.stem for path in Path(tasks).glob("*.yaml"))
    results: Any = lm_eval.simple_evaluate(
        model=HFLM(pretrained=model, device="cpu", dtype="float32", batch_size=3), tasks=names,
        task_manager=TaskManager(include_path=tasks), log_samples=True, bootstrap_iters=0,
    )  # fmt: skip
    scored = {
        name: {
            **{metric: value for metric, value in results["results"][name].items() if isinstance(value, float)},
            "items": [
                {
                    "prompt": sample["arguments"][0][0],
                    "responses": [response[0] for response in sample["resps"]],
                    "filter": sample["filter"],
                    **{metric: sample[metric] for metric in sample["metrics"]},
                }
                for sample in sorted(results["samples"][name], key=lambda each: (each["filter"], each["doc_id"]))
            ],
        }
        for name in names
    }
    Path(out).write_text(json.dumps(scored))


if __name__ == "__main__":
    main(*sys.argv[1:])
