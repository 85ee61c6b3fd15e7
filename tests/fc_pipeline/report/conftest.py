"""The built track that the tests of the report share."""

import pytest
from built_track import Builder, build_track


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Builder:
    return build_track(tmp_path_factory.mktemp("store"))
