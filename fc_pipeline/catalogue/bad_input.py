"""Why a file, or a record of one, is not read."""


class BadInput(Exception):
    """A file (or a record of it) that cannot be read; it is quarantined under `reason`, and the rest goes on."""

    def __init__(self, reason: str, detail: str, lost_bytes: int = 0) -> None:
        super().__init__(reason, detail, lost_bytes)
        self.reason = reason
        self.detail = detail
        self.lost_bytes = lost_bytes
        """How much of a file is lost with it; 0: it is one record of a file that is read on."""
