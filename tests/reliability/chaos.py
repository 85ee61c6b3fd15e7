"""A chaos run: the whole of a track, built again and again by the same command while everything fails.

    python -m tests.reliability.chaos --seeds 20

Each seed builds the track in a folder of its own. On the way its faults happen at random moments: kill -9 of the run,
of one of its processes, or of all at once, also exactly between two durable operations; SIGTERM, SIGINT, SIGHUP; a full
disk; a flipped bit in a finished artifact, in half-done work, in a download; a clock that jumps; a second run of the
same command. After each the same command starts again. In the end every artifact has the bytes of a build without
faults, nothing else lies in the artifacts' folders, no process and no slot of a pool is left, and no run said anything
else than one clear line. The status is 1 if a seed differs.
"""

import argparse
import math
import mmap
import os
import random
import re
import resource
import shutil
import signal
import struct
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psutil

from fc_model.artifacts import Store
from fc_model.artifacts.writer import WORKSPACE
from tests.reliability.small_disk import fill, make_room, mount_small_disk

ROOT = Path(__file__).resolve().parents[2]
_DISK_MEGABYTES = 512
_PATIENCE = 600.0
"""Seconds without a line in which whatever is waited for must come, also on a busy machine."""
_DONE = re.compile(r"^\[ *\d+/\d+\] (\S+)  (?:built in|reused)", re.MULTILINE)
_ERROR = re.compile(r"^(?:error|fustercluck: error): .*$", re.MULTILINE)
_REMEDY = re.compile(r"remove the folder")
_MONTH = 30 * 86400.0


class Violation(Exception):
    """Something that no fault excuses."""


@dataclass
class Reference:
    """A build without faults."""

    home: Path
    order: list[str]
    """The keys in the order in which they were built."""
    seconds: dict[str, float]
    digests: dict[str, str]


@dataclass
class Run:
    """A process of the command, started."""

    pid: int
    log: Path
    begin: int
    """Where its lines begin in the log."""
    status: int | None = None

    def lines(self) -> str:
        return self.log.read_bytes()[self.begin :].decode("utf-8", "replace")

    def done(self) -> list[str]:
        return _DONE.findall(self.lines())

    def ended(self) -> bool:
        """Whether it has ended; a zombie is reaped."""
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status is not None

    def wait(self, what: str) -> int:
        """The exit status."""
        wait_for(self.ended, what, self.log)
        assert self.status is not None
        return self.status

    def processes(self) -> list[psutil.Process]:
        """Live processes of its session, but not itself."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error, ProcessLookupError):
                alive = process.pid != self.pid and process.status() != psutil.STATUS_ZOMBIE
                if alive and os.getsid(process.pid) == self.pid:
                    found.append(process)
        return found

    def signal(self, number: int) -> None:
        if not self.ended():
            os.kill(self.pid, number)


def wait_for(condition: Callable[[], object], what: str, log: Path) -> None:
    """As long as the log grows; then for `_PATIENCE` seconds."""
    size, deadline = -1, 0.0
    while not condition():
        if log.stat().st_size != size:
            size, deadline = log.stat().st_size, time.monotonic() + _PATIENCE
        if time.monotonic() > deadline:
            raise Violation(f"nothing happens for {_PATIENCE:.0f} s: {what}")
        time.sleep(0.02)


@dataclass
class Seed:
    """The build of one seed, and what happens to it."""

    number: int
    home: Path
    log: Path
    reference: Reference
    chance: random.Random
    clock: mmap.mmap = field(default_factory=lambda: mmap.mmap(-1, 8))
    small_disk: bool = False
    faults: list[str] = field(default_factory=list)
    starts: int = 0
    runs: list[Run] = field(default_factory=list)

    @property
    def data(self) -> Path:
        return self.home / "data"

    def note(self, text: str) -> None:
        with self.log.open("a") as log:
            log.write(f"--- {text}\n")

    def start(self, *, crash_at: int | None = None, step: str | None = None) -> Run:
        """The command, in a new process; or one step of it."""
        from tests.reliability.chaos_track import execute, execute_step

        self.starts += 1
        self.note(f"start {self.starts}" + (f", killed at durable operation {crash_at}" if crash_at else ""))
        begin = self.log.stat().st_size
        sys.stdout.flush()
        pid = os.fork()
        if pid == 0:
            os.environ.pop("FC_CRASH_AT", None)
            if crash_at is not None:
                os.environ["FC_CRASH_AT"] = str(crash_at)
            if step is not None:
                execute_step(self.home, self.log, step)
            execute(self.home, self.log, self.clock)
        self.runs.append(Run(pid, self.log, begin))
        return self.runs[-1]

    def kill_all(self) -> None:
        """End what a seed that failed has left at work."""
        for run in self.runs:
            for process in run.processes():
                process.kill()
            run.signal(signal.SIGKILL)

    def reach(self, run: Run, position: float) -> bool:
        """Wait until the run is that far, in seconds of the reference; False when it ended before."""
        before = 0.0
        for key in self.reference.order:
            if before + self.reference.seconds[key] >= position:
                break
            before += self.reference.seconds[key]
        earlier = set(self.reference.order[: self.reference.order.index(key)])
        wait_for(lambda: run.ended() or earlier <= set(run.done()), f"{key} begins", self.log)
        until = time.monotonic() + position - before
        while not run.ended() and key not in run.done() and time.monotonic() < until:
            time.sleep(0.005)
        return not run.ended()

    def check_end(self, run: Run, allowed: set[int], what: str) -> None:
        status = run.wait(f"it ends after {what}")
        self.note(f"ended with {status}")
        if status not in allowed:
            raise Violation(f"after {what} the status is {status}, not of {sorted(allowed)}: {last_lines(run.lines())}")
        if "Traceback" in run.lines():
            raise Violation(f"after {what} a traceback: {last_lines(run.lines())}")
        wait_for(lambda: not run.processes(), f"after {what} no process is left", self.log)

    def heed(self, run: Run) -> None:
        """A run that stops by itself may ask a person to remove half-done work: do as its line says."""
        said = " ".join(_ERROR.findall(run.lines()))
        if run.status == 0:
            return
        folders = [Path(path) for path in re.findall(r"(/[^\s:;,]+)", said) if _REMEDY.search(said)]
        folders = [path for path in folders if path.is_dir() and WORKSPACE in path.parts]
        if not folders:
            raise Violation(f"it stops, with {run.status}: {last_lines(run.lines())}")
        self.note(f"as it says, {folders[0]} is removed")
        shutil.rmtree(folders[0])

    def finish(self) -> None:
        """Without faults to the end."""
        for _ in range(3):
            run = self.start()
            self.check_end(run, {0, 1, 2}, "no fault")
            self.heed(run)
            if run.status == 0:
                return
        raise Violation(f"it does not come to its end: {last_lines(run.lines())}")

    def compare(self) -> None:
        """Raise Violation unless all is as in the reference."""
        differences, store = [], Store(self.data)
        for key, digest in digests(self.home).items():
            if digest != self.reference.digests[key]:
                differences.append(key)
        if differences:
            raise Violation(f"other bytes: {', '.join(differences)}")
        for key in sorted(set(store.keys())):
            for artifact in store.versions(key):
                if problems := artifact.problems(strict=True, read="all"):
                    raise Violation("; ".join(problems))
        leftovers = list(self.data.rglob(WORKSPACE))
        if leftovers:
            raise Violation(f"left behind: {leftovers[0]}")
        from dagster import DagsterInstance

        with DagsterInstance.from_config(str(self.home / "dagster_home")) as instance:
            storage = instance.event_log_storage
            pools = [storage.get_concurrency_info(key) for key in storage.get_concurrency_keys()]
            if held := [slot for pool in pools for slot in pool.claimed_slots]:
                raise Violation(f"slots of a pool are held: {held}")
            if unfinished := [run for run in instance.get_runs() if not run.is_finished]:
                raise Violation(f"run {unfinished[0].run_id} is {unfinished[0].status.value}")


def last_lines(text: str) -> str:
    return " | ".join(text.strip().splitlines()[-6:])


# --- The faults. Each gets the seed and the run at its moment, and leaves the run ended, or gives the run that goes on.


def kill(seed: Seed, run: Run) -> None:
    run.signal(signal.SIGKILL)
    seed.check_end(run, {-signal.SIGKILL, 0}, "kill -9")


def kill_all(seed: Seed, run: Run) -> None:
    """All of its processes at once, as a power cut does."""
    for process in run.processes():
        with suppress(psutil.NoSuchProcess):
            process.kill()
    kill(seed, run)


def kill_child(seed: Seed, run: Run) -> None:
    """One of the processes that it has started, or, when it starts none before the next asset, the run."""
    done = len(run.done())
    wait_for(lambda: run.ended() or run.processes() or len(run.done()) > done, "a child or the next asset", seed.log)
    children = sorted(run.processes(), key=lambda process: process.pid)
    if not children:
        return kill(seed, run)
    child = seed.chance.choice(children)
    with suppress(psutil.NoSuchProcess):
        seed.note(f"kill -9 of {' '.join(child.cmdline())[:80]}")
        child.kill()
    wait_for(
        lambda: run.ended() or len(run.done()) > done, "the run notices that its child was killed, or goes on", seed.log
    )
    if not run.ended():
        return kill(seed, run)
    seed.check_end(run, {0, 1}, "kill -9 of a child")
    return None


def ended_by(number: signal.Signals) -> Callable[[Seed, Run], None]:
    def end(seed: Seed, run: Run) -> None:
        run.signal(number)
        # Before its first step it has nothing to save, and ends as any process does.
        seed.check_end(run, {130, 143, -number, 0}, number.name)

    return end


def full_disk(seed: Seed, run: Run) -> None:
    leave = seed.chance.choice([0, 0, 20_000, 300_000])
    if seed.small_disk:
        fill(seed.home, leave=leave)
    elif not run.ended():
        with suppress(ProcessLookupError):
            resource.prlimit(run.pid, resource.RLIMIT_FSIZE, (max(leave, 4096), resource.RLIM_INFINITY))
    # With a little room left it may go on for a while.
    done = len(run.done())
    wait_for(
        lambda: run.ended() or len(run.done()) > done + 2, "the run notices that the disk is full, or goes on", seed.log
    )
    if not run.ended():
        run.signal(signal.SIGKILL)
    seed.check_end(run, {0, 1, 2, -signal.SIGKILL}, "a full disk")
    make_room(seed.home)


def flip_in(what: str, files: Callable[[Path], list[Path]]) -> Callable[[Seed, Run], None]:
    def flip(seed: Seed, run: Run) -> None:
        """One bit of one file, while nothing runs."""
        kill(seed, run)
        chosen = [path for path in sorted(files(seed.data)) if path.is_file() and path.stat().st_size]
        if not chosen:
            return
        path = seed.chance.choice(chosen)
        bit = seed.chance.randrange(path.stat().st_size * 8)
        with path.open("r+b") as file:
            file.seek(bit // 8)
            (byte,) = file.read(1)
            file.seek(bit // 8)
            file.write(bytes([byte ^ 1 << bit % 8]))
        seed.note(f"bit {bit} of {path.relative_to(seed.data)} ({what}) is flipped")

    return flip


def finished_files(data: Path) -> list[Path]:
    manifests = [path for path in data.rglob("manifest.json") if WORKSPACE not in path.parts]
    return [file for path in manifests for file in path.parent.rglob("*") if WORKSPACE not in file.parts]


def half_done_files(data: Path) -> list[Path]:
    return [path for path in data.rglob("*") if WORKSPACE in path.parts]


def downloads(data: Path) -> list[Path]:
    return list((data / "cache").rglob("*"))


def clock_jump(seed: Seed, run: Run) -> Run:
    offset = seed.chance.choice([-1, 1]) * seed.chance.choice([2.0, 3600.0, 86400.0, _MONTH])
    struct.pack_into("d", seed.clock, 0, offset)
    seed.note(f"the clock is off by {offset:+.0f} s")
    for path in seed.data.rglob("*"):
        if seed.chance.random() < 0.3:
            with suppress(FileNotFoundError):
                moment = seed.chance.uniform(0, 2e9)
                os.utime(path, (moment, moment))
    return run


def second_run(seed: Seed, run: Run) -> Run:
    """The same command again, while the first works; then kill -9 of the first: the second goes on."""
    second = seed.start()
    wait_for(lambda: second.ended() or run.ended() or "to build" in second.lines(), "the second run begins", seed.log)
    kill(seed, run)
    return second


FAULTS: dict[str, tuple[int, Callable[[Seed, Run], Run | None]]] = {
    "kill": (3, kill),
    "kill all": (1, kill_all),
    "kill child": (3, kill_child),
    "SIGTERM": (1, ended_by(signal.SIGTERM)),
    "SIGINT": (1, ended_by(signal.SIGINT)),
    "SIGHUP": (1, ended_by(signal.SIGHUP)),
    "full disk": (3, full_disk),
    "flipped artifact": (2, flip_in("finished", finished_files)),
    "flipped half-done": (3, flip_in("half-done", half_done_files)),
    "flipped download": (1, flip_in("download", downloads)),
    "clock jump": (2, clock_jump),
    "second run": (1, second_run),
    "kill at operation": (3, kill),
}


def chaos(seed: Seed, num_faults: int) -> None:
    """Build with faults, then without, and compare. Raises Violation."""
    total = sum(seed.reference.seconds.values())
    positions = sorted(seed.chance.uniform(0, total) for _ in range(num_faults))
    names = seed.chance.choices(list(FAULTS), [weight for weight, _ in FAULTS.values()], k=num_faults)
    run: Run | None = None
    for position, name in zip(positions, names, strict=True):
        if run is None or run.ended():
            crash_at = seed.chance.randint(1, 60) if name == "kill at operation" else None
            run = seed.start(crash_at=crash_at)
            if crash_at is not None:
                position = math.inf if crash_at < 40 else position
        reached = seed.reach(run, min(position, total))
        if not reached and name == "kill at operation":  # in this process, or in one that it has started
            seed.check_end(run, {-signal.SIGKILL, 0, 1}, name)
        elif not reached:
            seed.check_end(run, {0, 1, 2}, f"what was before {name}")
            seed.heed(run)
        if reached or name.startswith("flipped"):
            seed.note(f"{name} at {position:.1f} s")
            run = FAULTS[name][1](seed, run)
        elif name != "kill at operation":
            continue
        seed.faults.append(name)
    if run is not None and not run.ended():
        seed.check_end(run, {0, 1, 2}, "the last fault")
        seed.heed(run)
    seed.finish()
    seed.compare()


def digests(home: Path) -> dict[str, str]:
    """Of every artifact of the track, "" where one is missing."""
    from fc_pipeline.engine.resolve import Resolver
    from tests.reliability.chaos_track import chaos_graph

    resolver = Resolver(chaos_graph(), Store(home / "data"))
    artifacts = {key: resolver.artifact(key) for key in chaos_graph()}
    return {key: artifact.digest if artifact is not None else "" for key, artifact in artifacts.items()}


def prepare(home: Path, cache: Path | None) -> None:
    for name in ("data", "dagster_home"):
        (home / name).mkdir(parents=True, exist_ok=True)
    settings = (ROOT / "dagster_home" / "dagster.yaml").read_text("utf-8")
    (home / "dagster_home" / "dagster.yaml").write_text(settings, "utf-8")
    if cache is not None and cache.is_dir():
        shutil.copytree(cache, home / "data" / "cache")


def build_reference(scratch: Path) -> Reference:
    """Without faults, in the folder `reference`."""
    from tests.reliability.chaos_track import chaos_graph

    home = scratch / "reference"
    prepare(home, None)
    log = scratch / "reference.log"
    log.touch()
    empty = Reference(home, [], {}, {})
    seed = Seed(-1, home, log, empty, random.Random(0))
    run = seed.start()
    if run.wait("the build without faults ends") != 0:
        raise SystemExit(f"the build without faults failed: {last_lines(run.lines())}")
    store = Store(home / "data")
    seconds = {key: store.versions(key)[-1].manifest.run["seconds"] + 0.05 for key in chaos_graph()}
    return Reference(home, run.done(), seconds, digests(home))


def one_seed(number: int, scratch: Path, reference: Reference, num_faults: int) -> str:
    """Returns the line that says how it went; it begins with `seed N equal` if all is well."""
    started = time.monotonic()
    home, log = scratch / f"seed-{number}", scratch / f"seed-{number}.log"
    home.mkdir()
    log.touch()
    small = mount_small_disk(home, _DISK_MEGABYTES)
    prepare(home, reference.home / "data" / "cache")
    seed = Seed(number, home, log, reference, random.Random(number), small_disk=small)
    verdict = "equal"
    try:
        chaos(seed, num_faults)
    except Violation as violation:
        verdict = f"DIFFERS: {violation}"
        seed.note(verdict)
        seed.kill_all()
        shutil.copytree(home, scratch / f"seed-{number}-kept", symlinks=True)
    counted = ", ".join(f"{name} x{n}" if n > 1 else name for name, n in Counter(seed.faults).items())
    took = time.monotonic() - started
    return f"seed {number} {verdict}  [{counted}]  {seed.starts} starts, {took:.0f} s"


def every_step(scratch: Path, reference: Reference) -> str:
    """Kill each step at its first, at its last and at one durable operation between; returns how it went."""
    started = time.monotonic()
    home, log = scratch / "every-step", scratch / "every-step.log"
    home.mkdir()
    log.touch()
    mount_small_disk(home, _DISK_MEGABYTES)
    shutil.copytree(reference.home, home, dirs_exist_ok=True)
    seed = Seed(-2, home, log, reference, random.Random(0))
    store, kills, differing = Store(home / "data"), 0, []
    for key in reference.order:
        artifact = store.versions(key)[-1]
        store.remove(key, artifact.identity)
        run = seed.start(step=key)
        if run.wait(f"{key} is built") != 0:
            return f"every step DIFFERS: {key} fails: {last_lines(run.lines())}"
        operations = int(re.findall(r"(\d+) durable operations", run.lines())[-1])
        for crash_at in (1, seed.chance.randint(1, operations), operations):
            store.remove(key, artifact.identity)
            killed = seed.start(step=key, crash_at=crash_at)
            if killed.wait(f"{key} is killed") == 0:
                differing.append(f"{key} outlives operation {crash_at} of {operations}")
            kills += 1
            again = seed.start(step=key).wait(f"{key} is built")
            built = store.find(key, artifact.identity)
            if again or built is None or built.digest != artifact.digest or built.problems(strict=True, read="all"):
                differing.append(f"{key} at {crash_at}")
    verdict = f"DIFFERS: {', '.join(differing)}" if differing else "equal"
    took = time.monotonic() - started
    return f"every step {verdict}  [{len(reference.order)} steps, {kills} kills]  {seed.starts} starts, {took:.0f} s"


def in_child(work: Callable[[], str]) -> int:
    """Fork, print the line that the work returns, and end with 0 if it says that all is equal; returns the pid."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        line = work()
        print(line, flush=True)
        status = 0 if " equal  " in line else 1
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def main() -> int:
    parser = argparse.ArgumentParser(description="Build a track while everything fails; see the module.")
    parser.add_argument("--seeds", type=int, default=20, help="how many (20)")
    parser.add_argument("--first", type=int, default=0, help="the first seed (0)")
    parser.add_argument("--faults", type=int, default=7, help="faults a seed (7)")
    parser.add_argument("--jobs", type=int, default=2, help="seeds at a time (2)")
    parser.add_argument("--every-step", action="store_true", help="also kill each step at durable operations")
    parser.add_argument("--scratch", type=Path, help="a folder that stays (default: a temporary one)")
    options = parser.parse_args()
    scratch = options.scratch or Path(tempfile.mkdtemp(prefix="chaos-"))
    scratch.mkdir(parents=True, exist_ok=True)

    os.environ["OMP_NUM_THREADS"] = "1"  # seeds at a time would get in each other's way
    from tests.reliability.chaos_track import import_everything

    started = time.monotonic()
    import_everything()
    imported = time.monotonic()
    reference = build_reference(scratch)
    print(
        f"imports {imported - started:.0f} s; {len(reference.order)} assets built without faults in "
        f"{time.monotonic() - imported:.0f} s; logs in {scratch}", flush=True,
    )  # fmt: skip
    work = [
        partial(one_seed, number, scratch, reference, options.faults)
        for number in range(options.first, options.first + options.seeds)
    ]
    if options.every_step:
        work.insert(0, partial(every_step, scratch, reference))
    bad, running = 0, 0
    for job in work:
        if running == options.jobs:
            bad += os.wait()[1] != 0
            running -= 1
        in_child(job)
        running += 1
    for _ in range(running):
        bad += os.wait()[1] != 0
    print(f"chaos: {len(work) - bad} of {len(work)} equal the build without faults", flush=True)
    if not bad and options.scratch is None:
        shutil.rmtree(scratch)
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
