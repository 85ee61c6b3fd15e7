"""The catalogue of eval sets that ship."""

from pathlib import Path

from fc_pipeline.catalogue.catalogue import Catalogue
from fc_pipeline.evalsets.schema import EvalSet, parse_evalset

CATALOGUE = Catalogue(Path(__file__).parent / "catalog", "eval set")


def resolve_evalset(name: str) -> EvalSet:
    """A catalogue entry as a whole definition.

    Raises:
        UserError: there is no such eval set, or a field is wrong; names it.
    """
    return parse_evalset(*CATALOGUE.resolve(name))
