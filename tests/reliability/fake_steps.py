"""Steps that do almost nothing, for tests of what runs them."""

import os
import time
from pathlib import Path

from fc_model.artifacts.files import write_bytes
from fc_model.errors import UserError
from fc_pipeline.engine.step import Step


def write_documents(step: Step) -> None:
    with step.out.records("documents.jsonl.zst") as write:
        for number in range(3):
            step.out.counters.read += 1
            if number == 2:
                step.out.counters.drop("too_short")
            else:
                write({"id": f"a/{number}", "text": "words | and ` more", "source": "a", "domain": "code"})
                step.out.counters.kept += 1
    step.out.licences = [{"licence": "MIT", "source": "a", "documents": 2}]


def train(step: Step) -> None:
    """Counts to `steps`, keeping its place in the workspace; starts a child that would outlive a careless parent."""
    folder = step.out.workspace("training")
    place = folder / "step.txt"
    first = int(place.read_text()) if place.exists() else 0
    marker = os.environ.get("FC_TEST_PIDS")
    child = os.fork() if marker else None
    if child == 0:
        Path(marker or "", f"child-{os.getpid()}").touch()
        time.sleep(600)
        os._exit(0)
    lines = []
    for number in range(first, step.config["steps"]):
        time.sleep(float(os.environ["FC_TEST_SECONDS"]))
        write_bytes(place, str(number + 1).encode())  # whole, or a kill between truncation and write leaves nothing
        lines.append(f'{{"step": {number + 1}, "loss": {5 / (number + 1)}}}')
        step.runtime.report({"step": number + 1, "steps": step.config["steps"], "loss": 5 / (number + 1)})
    if child:
        os.kill(child, 9)
        os.waitpid(child, 0)
    step.out.write_text("model.txt", "trained\n")
    step.out.write_text("metrics.jsonl", "\n".join(lines) + "\n", content=False)
    step.out.metrics |= {"loss": 0.5, "resumed_from": first}


def measure(step: Step) -> None:
    step.out.write_text("result.txt", "1\n")
    step.out.metrics["bits_per_byte"] = step.config["value"]


def refuse(step: Step) -> None:
    raise UserError("shelf 3 is empty: fill it")


def write_nowhere(step: Step) -> None:
    Path("/proc/none/below").mkdir()


def crash(step: Step) -> None:
    raise RuntimeError("the wheel came off")
