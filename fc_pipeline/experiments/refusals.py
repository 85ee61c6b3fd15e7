"""What a variant may not change, and what is wrong with what it changes, in one line."""

from collections.abc import Iterable, Mapping
from typing import Any

from fc_model.errors import UserError
from fc_pipeline.experiments.config import VariantConfig
from fc_pipeline.track.config import TrackConfig, parse_track


def refuse(where: str, fields: Iterable[str], variant: VariantConfig, *, why: str) -> None:
    """Raise UserError for the first of these fields that a variant gives."""
    for field in fields:
        if getattr(variant, field):
            raise UserError(f"{where}.{field}: a variant of this experiment cannot change it ({why}): take it away")


def refuse_fields(where: str, part: str, given: Mapping[str, Any], why: Mapping[str, str]) -> None:
    """Raise UserError for the first field of a part of a variant that is in `why`."""
    for field in sorted(given.keys() & why.keys()):
        raise UserError(f"{where}.{part}.{field}: a variant cannot change it ({why[field]}): take it away")


def parse_variant(where: str, track: str, attributes: dict[str, Any]) -> TrackConfig:
    """The track of a variant; raises UserError that begins with `where` in place of the track's name."""
    try:
        return parse_track(track, attributes)
    except UserError as error:
        raise UserError(f"{where}: {str(error).partition(': ')[2]}") from error
