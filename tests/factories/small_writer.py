"""A small writer of every kind of file, as a process of its own, so that it can be killed, stopped and starved.

python small_writer.py write ROOT N      make artifact N, going on from a killed attempt
python small_writer.py hold ROOT N WHERE the same, waiting for a line on standard input `between` or `inside` files
python small_writer.py rounds ROOT N     artifacts 1 to N beside a twin that does the same
python small_writer.py sweep ROOT WHAT   die at every durable operation in turn; prints what was found as JSON
"""

import hashlib
import json
import os
import sys
import time
from pathlib import Path

from fc_model.artifacts import Artifact, Recipe, Store, files
from fc_model.artifacts.lock import Locked
from fc_model.errors import UserError

KEY = "toy/artifact"


def recipe(number: int) -> Recipe:
    return Recipe(config={"number": number}, code={"version": "0" * 16, "parts": {}}, inputs={})


def find(root: Path, number: int) -> Artifact | None:
    return Store(root).find(KEY, recipe(number).identity(KEY))


def is_whole(root: Path, number: int) -> bool:
    """Whether the artifact was committed and nothing is wrong with it or beside it."""
    artifact = find(root, number)
    return artifact is not None and artifact.problems(strict=True) == []


def write(root: Path, number: int, *, hold: str = "") -> None:
    """Make the artifact, or tidy up behind the attempt that did."""
    store = Store(root)
    present = find(root, number)
    if present is not None and not present.problems():
        store.tidy(present)
        return
    with store.write(KEY, recipe(number), replace=present is not None) as out:
        checkpoint = out.workspace("training") / "checkpoint.json"
        steps = json.loads(checkpoint.read_bytes()) if checkpoint.exists() else []
        for step in range(len(steps), 3):
            steps.append(number * step)
            files.write_bytes(checkpoint, json.dumps(steps).encode())
        with out.records("documents.jsonl.zst") as record:
            for index in range(50):
                record({"id": str(index), "text": f"{number} " * index})
        if hold == "between":
            _wait()
        with out.open("deep/folder/tokens.bin") as file:
            file.write(bytes(range(256)) * 16 * number)
            if hold == "inside":
                _wait()
        out.write_text("notes.txt", "a log", content=False)
        finished = out.workspace("training") / "model.bin"
        finished.write_bytes(json.dumps(steps).encode())
        out.adopt("model.bin", finished)
        out.counters.read, out.counters.kept = 60, 50
        out.counters.drop("too_short", 10)
        out.metrics["loss"] = 1.5


def _wait() -> None:
    print("holding", flush=True)
    sys.stdin.readline()


def tree(folder: Path) -> dict[str, str]:
    """sha256 of every file below a folder, by relative path."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def rounds(root: Path, number: int) -> None:
    """Make artifacts 1 to `number`, waiting whenever the twin holds the lock."""
    for each in range(1, number + 1):
        while True:
            try:
                write(root, each)
                break
            except Locked:
                time.sleep(0.002)
            except UserError as error:
                if "is built already" not in str(error):
                    raise
                break


def killed_at(crash_at: int, work, *arguments) -> bool:
    """Run in a forked child that dies at the given operation, 0 for never; True when it was killed."""
    child = os.fork()
    if child == 0:
        os.environ["FC_CRASH_AT"] = str(crash_at)
        files._operations = 0
        work(*arguments)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status) and os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"the child failed at {crash_at}")
    return os.WIFSIGNALED(status)


def sweep(root: Path, what: str) -> list[dict]:
    """Kill at operation 1, 2, ... until the work completes; after each kill look, run again, and look again."""
    outcomes = []
    for crash_at in range(1, 200):
        place = root / str(crash_at)
        killed_at(0, write, place, 1)
        if what == "replace":
            killed_at(0, write, place, 2)
            find(place, 2).path("model.bin").write_bytes(b"[]")
        elif what in ("remove", "judge"):
            killed_at(0, write, place, 2)
        work = {"remove": _remove_second, "judge": _judge_second}.get(what, _write_second)
        killed = killed_at(crash_at, work, place)
        after = _look(place)
        killed_at(0, work, place)
        outcomes.append({"crash_at": crash_at, "killed": killed, "after_kill": after, "after_rerun": _look(place)})
        if not killed:
            return outcomes
    raise SystemExit("the work never completed")


def _write_second(place: Path) -> None:
    write(place, 2)


def _remove_second(place: Path) -> None:
    Store(place).remove(KEY, recipe(2).identity(KEY))


def _judge_second(place: Path) -> None:
    Store(place).judge(find(place, 2), [{"name": "toy.loss", "passed": True}])


def _look(place: Path) -> dict:
    first, second = find(place, 1), find(place, 2)
    return {
        "first": first.problems(strict=True) if first else None,
        "second": second.problems() if second else None,
        "strict": second.problems(strict=True) if second else None,
        "gates": second.manifest.gates if second else None,
        "tree": tree(place / KEY / recipe(2).identity(KEY)),
    }


if __name__ == "__main__":
    command, root, *rest = sys.argv[1:]
    try:
        if command == "write":
            write(Path(root), int(rest[0]))
        elif command == "hold":
            write(Path(root), int(rest[0]), hold=rest[1])
        elif command == "rounds":
            rounds(Path(root), int(rest[0]))
        else:
            print(json.dumps(sweep(Path(root), rest[0])))
    except UserError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
