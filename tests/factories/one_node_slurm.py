"""A Slurm cluster of this machine alone: its real daemons, on ports and in a folder of their own."""

import getpass
import secrets
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from factories.waiting import wait_until

PROGRAMS = ("slurmctld", "slurmd", "munged", "sbatch", "srun", "squeue", "scancel", "scontrol")


def missing_programs() -> list[str]:
    """What is not installed of Slurm and of munge, which its parts trust each other by."""
    return [program for program in PROGRAMS if _find(program) is None]


@contextmanager
def one_node_slurm(folder: Path) -> Iterator[Path]:
    """Yields the configuration file, for SLURM_CONF; the partition is `test`, with two CPUs. Ends its daemons."""
    config = folder / "slurm.conf"
    config.write_text(_configuration(folder))
    for name in ("state", "spool"):
        (folder / name).mkdir()
    key = folder / "munge.key"
    key.touch(mode=0o600)
    key.write_bytes(secrets.token_bytes(1024))
    files = [f"--{name}-file={folder}/munge.{name}" for name in ("key", "pid", "seed")]
    with ExitStack() as daemons:
        munge = ["--foreground", "--force", f"--socket={folder}/munge.socket", f"--log-file={folder}/munge.log", *files]
        daemons.enter_context(_daemon("munged", *munge, folder=folder))
        why = f"Slurm starts; see {folder}/*.out"
        wait_until(lambda: (folder / "munge.socket").exists(), why, seconds=60)
        daemons.enter_context(_daemon("slurmctld", "-D", "-f", str(config), folder=folder))
        daemons.enter_context(_daemon("slurmd", "-D", "-f", str(config), folder=folder))
        wait_until(lambda: _state_of_node(config) == "idle", why, seconds=60)
        yield config


def _configuration(folder: Path) -> str:
    host, user = socket.gethostname().split(".")[0], getpass.getuser()
    controller_port, node_port = _free_ports(2)
    return f"""
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser={user}
SlurmdUser={user}
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerParameters=sched_interval=1,batch_sched_delay=0
ReturnToService=2
MaxArraySize=1001
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 RealMemory=4000 State=UNKNOWN
PartitionName=test Nodes={host} Default=YES MaxTime=60 State=UP
"""


@contextmanager
def _daemon(program: str, *arguments: str, folder: Path) -> Iterator[None]:
    path = _find(program)
    assert path is not None
    with (folder / f"{program}.out").open("wb") as output:
        process = subprocess.Popen([path, *arguments], stdout=output, stderr=output)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _state_of_node(config: Path) -> str:
    command = ["sinfo", "--noheader", "--format=%t"]
    return subprocess.run(
        command, env={"SLURM_CONF": str(config), "PATH": "/usr/bin"}, capture_output=True, text=True
    ).stdout.strip()


def _free_ports(count: int) -> list[int]:
    with ExitStack() as sockets:
        bound = [sockets.enter_context(socket.socket()) for _ in range(count)]
        for each in bound:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in bound]


def _find(program: str) -> str | None:
    return shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")
