"""Which host a process id belongs to: a pid means a process only where it was counted.

Hosts and containers that share a disk count their processes apart, and after a reboot the count begins again.
"""

import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_MACHINE = Path("/etc/machine-id")
_PID_NAMESPACE = Path("/proc/self/ns/pid")


@dataclass(frozen=True, kw_only=True)
class Host:
    """A host, or a container, from its start to its end. What a system does not tell is empty."""

    host: str
    """Its name in the network."""
    machine: str = ""
    """The installation's id, which outlives a reboot."""
    boot: str = ""
    """The id of the kernel's start."""
    pid_namespace: str = ""
    """The kernel's name for the count of processes that a container sees."""

    @classmethod
    def this(cls) -> "Host":
        """The host that this process runs on."""
        try:
            namespace = str(_PID_NAMESPACE.readlink())
        except OSError:
            namespace = ""
        return cls(host=socket.gethostname(), machine=_text(_MACHINE), boot=_text(_BOOT), pid_namespace=namespace)

    def seen_from_here(self) -> Literal["here", "over", "elsewhere"]:
        """Whether its processes are among those of this host, have all ended with its reboot, or cannot be seen."""
        here = Host.this()
        if (self.boot, self.pid_namespace) == (here.boot, here.pid_namespace) and (self.boot or self.host == here.host):
            return "here"
        if (self.host, self.machine) == (here.host, here.machine) and self.boot != here.boot:
            return "over"
        return "elsewhere"


def _text(path: Path) -> str:
    try:
        return path.read_text("ascii").strip()
    except (OSError, ValueError):
        return ""
