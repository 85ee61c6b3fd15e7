"""The lists of unwanted hosts and words that datatrove carries (UT1 of the University of Toulouse, CC BY-SA)."""

import tarfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xxhash

if TYPE_CHECKING:
    from numpy.typing import NDArray


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
            key = np.uint64(xxhash.xxh3_64_intdigest(".".join(labels[first:])))
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
        domains, urls = tar.extractfile("domains"), tar.extractfile("urls")
        assert domains is not None and urls is not None, "both are plain files"
        hosts = np.fromiter(map(xxhash.xxh3_64_intdigest, map(bytes.strip, domains)), np.uint64)
        known_urls = frozenset(urls.read().decode("utf-8", "replace").split("\n"))
    hosts.sort()
    return UrlLists(
        hosts=hosts,
        urls=known_urls - {""},
        words=_words(folder / "banned_words.txt"),
        soft_words=_words(folder / "soft_banned_words.txt"),
        subwords=tuple(sorted(_words(folder / "banned_subwords.txt"))),
    )


def _words(path: Path) -> frozenset[str]:
    lines = path.read_text("utf-8").split("\n")
    return frozenset(line.strip().lower() for line in lines if line.strip() and not line.startswith("#"))
