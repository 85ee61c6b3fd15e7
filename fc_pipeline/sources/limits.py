"""The caps of a source, as the workers get them."""

from typing import NamedTuple

from fc_pipeline.sources.schema import Source


class Limits(NamedTuple):
    file_bytes: int
    record_bytes: int
    replace: bool
    """Put U+FFFD in the place of what is no text, instead of quarantining the document."""
    isolate: bool
    """Read every file in a child process."""

    @classmethod
    def of(cls, source: Source) -> "Limits":
        return cls(
            file_bytes=source.max_file_bytes,
            record_bytes=source.max_record_bytes,
            replace=source.undecodable == "replace",
            isolate=source.isolate,
        )
