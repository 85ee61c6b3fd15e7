"""A disk that refuses weights is an error of the disk."""

import errno

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from fc_model.checkpoints import tensor_file
from fc_model.checkpoints.tensor_file import write_tensors


def test_write_tensors(tmp_path):
    tensors = {"a": torch.arange(3.0)}
    write_tensors(tmp_path / "a", tensors)
    write_tensors(tmp_path / "b", tensors)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert torch.equal(load_file(tmp_path / "a")["a"], tensors["a"])


def test_what_the_disk_says(tmp_path, monkeypatch):
    with pytest.raises(OSError) as caught:
        write_tensors(tmp_path / "missing" / "a", {"a": torch.zeros(1)})
    assert caught.value.errno == errno.ENOENT

    def full(*arguments, **options):
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(tensor_file, "save_file", full)
    with pytest.raises(OSError, match="No space left on device") as caught:
        write_tensors(tmp_path / "a", {})
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(tmp_path / "a"))


def test_what_is_not_of_the_disk(tmp_path, monkeypatch):
    def wrong(*arguments, **options):
        raise SafetensorError("Error while serializing: invalid header")

    monkeypatch.setattr(tensor_file, "save_file", wrong)
    with pytest.raises(SafetensorError):
        write_tensors(tmp_path / "a", {})
