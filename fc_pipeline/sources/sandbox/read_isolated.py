"""Files of text that may be made to harm are read in a child process (fc_pipeline/sources/sandbox/capped_child.py)."""

import atexit
from functools import lru_cache

from fc_pipeline.sources.readers.item import BadInput, Item
from fc_pipeline.sources.sandbox.capped_child import CPU_SECONDS, MEMORY_BYTES, CappedChild
from fc_pipeline.sources.sandbox.read_isolated_child import main
from fc_pipeline.sources.schema import FileSpec


class Sandbox:
    """Starts its child with the first file. Not for use by two threads at once."""

    def __init__(self, *, cpu_seconds: float = CPU_SECONDS, memory_bytes: int = MEMORY_BYTES) -> None:
        self.child = CappedChild(main.__module__, cpu_seconds=cpu_seconds, memory_bytes=memory_bytes)

    def read(self, data: bytes, spec: FileSpec) -> list[Item | BadInput]:
        """The documents of a file. Raises BadInput as `CappedChild.ask`."""
        reply, _ = self.child.ask({"spec": spec.model_dump(mode="json")}, data)
        return [Item(*entry) if len(entry) == 3 else BadInput(*entry) for entry in reply["items"]]


@lru_cache(maxsize=1)
def sandbox() -> Sandbox:
    """The sandbox of this process."""
    made = Sandbox()
    atexit.register(made.child.close)
    return made
