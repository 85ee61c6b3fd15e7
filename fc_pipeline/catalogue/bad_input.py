"""Why a file, or a record of one, is not read."""


class BadInput(Exception):
    """A file (or a record of it) that cannot be read; it is quarantined under `reason`, and the rest goes on."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail
