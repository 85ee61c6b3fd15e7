"""Batches that worker processes can import: squares, one that is damaged and one that is deadly."""

import os
import signal
import threading
from dataclasses import dataclass

import torch

DAMAGED, DEADLY = 10, 20


@dataclass
class Square:
    value: torch.Tensor
    pid: int
    thread: str


class Squares:
    """Batch n is n * n."""

    def __call__(self, number: int) -> Square:
        if number == DAMAGED:
            raise ValueError(f"window {number} is damaged")
        if number == DEADLY:
            os.kill(os.getpid(), signal.SIGKILL)
        return Square(torch.tensor([number * number]), os.getpid(), threading.current_thread().name)

    def window_ids(self, number: int) -> list[int]:
        return [number]
