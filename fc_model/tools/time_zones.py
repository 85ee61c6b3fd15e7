"""Local times of the IANA time zone database, in the version of the package tzdata on every machine."""

import re
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo, reset_tzpath

from fc_model.errors import suggestion
from fc_model.tools.tool import BOOLEAN, NAME, TEXT, Tool, ToolError, described, record, shown

_TIME = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?$"}
_ZONE = described(NAME, "such as Europe/Berlin")


def convert_time_zone(time: str, from_zone: str, to_zone: str) -> dict[str, Any]:
    """A local time in another zone. `ambiguous`: the clock shows it twice, the earlier is meant.

    Raises ToolError for an unknown zone, and for a time that the clock skips.
    """
    local = _parse(time).replace(tzinfo=_zone(from_zone))
    target = _zone(to_zone)
    try:
        universal = local.astimezone(UTC)
        exists = universal.astimezone(local.tzinfo).replace(tzinfo=None) == local.replace(tzinfo=None)
        converted = universal.astimezone(target)
    except OverflowError as error:
        raise ToolError("the time is outside the years 1 to 9999") from error
    if not exists:
        raise ToolError(f"{time} does not exist in {from_zone}: the clock is put forward over it")
    return {
        "time": converted.isoformat(timespec="seconds"),
        "zone": to_zone,
        "ambiguous": local.utcoffset() != local.replace(fold=1).utcoffset(),
    }


def _parse(text: str) -> datetime:
    if not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?", text):
        raise ToolError(f"{shown(text)} is no local time as YYYY-MM-DDTHH:MM")
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise ToolError(f"{text} is no time ({error})") from error


def _zone(name: str) -> ZoneInfo:
    """ZoneInfo opens whatever file a name leads to; so only names of the list reach it."""
    if name not in _zones():
        raise ToolError(f"no time zone {shown(name)}{suggestion(name, _zones())}")
    return ZoneInfo(name)


@cache
def _zones() -> frozenset[str]:
    reset_tzpath(to=())  # else the system's database answers, which is as old as the system
    return frozenset(resources.files("tzdata").joinpath("zones").read_text("utf-8").split())


@cache
def zone_spellings() -> dict[str, tuple[str, ...]]:
    """Each zone by its name and by its place."""
    return {zone: (zone, zone.rpartition("/")[2].replace("_", " ")) for zone in sorted(_zones())}


TOOLS = (
    Tool(
        name="convert_time_zone",
        description="Converts a local time to another time zone, daylight saving time included.",
        parameters=record({"time": described(_TIME, "YYYY-MM-DDTHH:MM"), "from_zone": _ZONE, "to_zone": _ZONE}),
        executor=convert_time_zone,
        result=record({"time": TEXT, "zone": TEXT, "ambiguous": BOOLEAN}),
        spellings=dict.fromkeys(("from_zone", "to_zone"), zone_spellings),
    ),
)
