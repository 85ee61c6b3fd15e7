"""A Dagster instance and an FC_HOME in a folder of the test's own."""

from collections.abc import Iterator

import pytest

from tests.reliability.processes import Place


@pytest.fixture
def place(tmp_path, request) -> Iterator[Place]:
    """By `@pytest.mark.parametrize("place", [fields of Place], indirect=True)`."""
    place = Place(tmp_path, **request.param)
    yield place
    place.remove()
