"""What the tests send to a cluster: found there by these names."""

import os
import signal
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fc_model.errors import UserError


class Counted(NamedTuple):
    words: dict[int, int]
    lengths: np.ndarray
    raw: bytes


def count(factor: int, texts: list[str]) -> Counted:
    """Something of every kind that travels."""
    words = {number: len(text.split()) * factor for number, text in enumerate(texts)}
    return Counted(words, np.array([len(text) for text in texts], np.uint32), "".join(texts).encode())


def double(number: int) -> int:
    return 2 * number


def note(folder: str, number: int) -> int:
    """Leaves a file for every time that it is called."""
    (Path(folder) / f"{number}-{time.time_ns()}").touch()
    return number * number


def refuse(number: int) -> int:
    if number == 3:
        raise UserError("number 3 is bad")
    return number


def divide(number: int) -> float:
    return 1 / (number - 3)


def kill_self(number: int) -> int:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def wait_while(folder: str, number: int) -> int:
    """Notes its process, then does not end while the folder has a file `hold`."""
    (Path(folder) / f"pid-{os.getpid()}").touch()
    while (Path(folder) / "hold").exists():
        time.sleep(0.1)
    return number
