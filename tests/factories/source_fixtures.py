"""What tests of downloads share: no waiting between attempts."""

import pytest

from fc_pipeline.catalogue.download import retry


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that would have been waited before asking a server again; nothing waits."""
    waited: list[float] = []
    monkeypatch.setattr(retry.time, "sleep", waited.append)
    return waited
