"""python-chess and reasoning-gym as the package index has them, downloaded once in a test session."""

from functools import cache
from pathlib import Path

import pytest

from fc_model.errors import UserError
from fc_pipeline.reasoning.outside.programs import Programs


@cache
def outside_programs(home: Path) -> Programs:
    """Skips the test where the package index cannot be reached."""
    try:
        return Programs.fetched({"chess", "gym"}, home=home, folder=home)
    except UserError as error:
        pytest.skip(str(error))
