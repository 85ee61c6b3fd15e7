"""How images are fetched by address."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class DownloadLimits:
    """Caps of a list of URLs; addresses inside the network are refused unless it is said that they are meant."""

    max_bytes: int = 16 << 20
    """Bytes of one answer."""
    timeout_seconds: float = 10.0
    """To connect, and for each read."""
    total_seconds: float = 30.0
    """For one image in all, redirects included; a server that drips byte after byte does not hold a thread for long."""
    max_redirects: int = 5
    attempts: int = 2
    """Tries for an image whose server fails or is busy; other answers are final. At least 1."""
    concurrency: int = 16
    """Images that are fetched at the same time."""
    allow_private: bool = False
    """Also fetch from loopback, private and link-local addresses: a mirror in the own network, and tests."""
