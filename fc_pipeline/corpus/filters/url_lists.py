"""The lists of unwanted hosts and words that datatrove carries (UT1 of the University of Toulouse, CC BY-SA)."""

import tarfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CHUNK_BYTES = 1 << 19  # its columns fit into the cache
_MULTIPLIER = 0xD6E8FEB86659FD93
_MASK = (1 << 64) - 1
_LINE_FEED = 10


@dataclass(frozen=True)
class UrlLists:
    """Everything in lower case. Hosts are kept as sorted 64-bit hashes: 5 million take 40 MB instead of 500."""

    hosts: "NDArray[np.uint64]"
    urls: frozenset[str]
    words: frozenset[str]
    soft_words: frozenset[str]
    subwords: tuple[str, ...]

    def lists_host(self, host: str) -> bool:
        """Is the host, or a domain that it lies in, on the list?"""
        labels = host.split(".")
        for first in range(len(labels) - 1):
            key = np.uint64(host_hash(".".join(labels[first:]).encode()))
            place = int(np.searchsorted(self.hosts, key))
            if place < len(self.hosts) and self.hosts[place] == key:
                return True
        return False


@lru_cache(maxsize=1)
def integrated_lists() -> UrlLists:
    """Read once a process, in about two seconds, from the installed package; nothing is fetched."""
    from datatrove.utils._import_utils import ASSETS_PATH

    folder = Path(ASSETS_PATH)
    with tarfile.open(folder / "url_filterblacklistsv0_3_0.tar.gz", "r:gz") as tar:
        hosts, urls = tar.extractfile("domains"), tar.extractfile("urls")
        assert hosts is not None and urls is not None, "both are plain files"
        hashes = []
        rest = b""
        while block := hosts.read(_CHUNK_BYTES):
            block = rest + block
            cut = block.rfind(b"\n") + 1
            hashes.append(line_hashes(block[:cut]))
            rest = block[cut:]
        hashes.append(line_hashes(rest + b"\n" if rest else b""))
        known_urls = frozenset(urls.read().decode("utf-8", "replace").split("\n"))
    return UrlLists(
        hosts=np.sort(np.concatenate(hashes)),
        urls=known_urls - {""},
        words=_words(folder / "banned_words.txt"),
        soft_words=_words(folder / "soft_banned_words.txt"),
        subwords=tuple(sorted(_words(folder / "banned_subwords.txt"))),
    )


def _words(path: Path) -> frozenset[str]:
    lines = path.read_text("utf-8").split("\n")
    return frozenset(line.strip().lower() for line in lines if line.strip() and not line.startswith("#"))


def host_hash(name: bytes) -> int:
    """Polynomial hash modulo 2^64 of a name; `line_hashes` gives the same for a line."""
    value = 0
    for byte in name:
        value = (value * _MULTIPLIER + byte) & _MASK
    return value


def line_hashes(lines: bytes) -> "NDArray[np.uint64]":
    """The hash of every line at once, by columns: a step of the polynomial for all lines that are long enough."""
    data = np.frombuffer(lines, np.uint8)
    ends = np.flatnonzero(data == _LINE_FEED)
    starts = np.append(0, ends[:-1] + 1)[: len(ends)]
    lengths = ends - starts
    order = np.argsort(-lengths, kind="stable")
    starts, lengths = starts[order], lengths[order]
    hashes = np.zeros(len(starts), np.uint64)
    for column in range(int(lengths.max(initial=0))):
        alive = int(np.searchsorted(-lengths, -column, side="left"))  # lines longer than `column`
        hashes[:alive] = hashes[:alive] * np.uint64(_MULTIPLIER) + data[starts[:alive] + column]
    return hashes
