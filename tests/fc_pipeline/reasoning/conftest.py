"""Programs and material that the problems of these tests are made of."""

from random import Random

import pytest
from factories.outside_programs import outside_programs
from factories.reasoning_material import help_texts

from fc_pipeline.paths import fc_home
from fc_pipeline.reasoning.material import Material
from fc_pipeline.reasoning.outside.programs import Programs
from fc_pipeline.reasoning.tables import read_table, resolve_table

TABLES = ("iris", "wine", "diabetes", "tumours", "exercises", "physiology")


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Programs:
    return outside_programs(tmp_path_factory.mktemp("programs"))


@pytest.fixture(scope="session")
def material() -> Material:
    tables = [read_table(resolve_table(name), fc_home()) for name in TABLES]
    return Material.of(help_texts(0), tables, Random(0), where="help")
