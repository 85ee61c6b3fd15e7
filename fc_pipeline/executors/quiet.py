"""datatrove tells the terminal what it does; here the step does."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_datatrove() -> Iterator[None]:
    """Nothing of datatrove's log in this process; the tasks' own logs are files."""
    from loguru import logger

    logger.disable("datatrove")
    try:
        yield
    finally:
        logger.enable("datatrove")
