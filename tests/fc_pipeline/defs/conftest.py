"""What Dagster loads of this project, once for all tests."""

import dagster as dg
import pytest

from fc_pipeline.definitions import defs


@pytest.fixture(scope="session")
def loaded() -> dg.Definitions:
    return defs()
