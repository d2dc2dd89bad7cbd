"""Names of time zones as texts write them. A name that means several zones is read only where a setting says which."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cache
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

ZoneNames = Mapping[str, str]  # name in a text -> IANA name, from the settings
NO_NAMES: Final[ZoneNames] = MappingProxyType({})

# Minutes east of Greenwich. The American names are those of RFC 2822. A name is meant to the letter: EST is five hours
# behind in summer, too, which is later than what a careless writer meant, never earlier.
_FIXED: Final = {
    "UTC": 0, "GMT": 0, "UT": 0, "Z": 0, "WET": 0,
    "EST": -300, "EDT": -240, "CDT": -300, "MST": -420, "MDT": -360, "PST": -480, "PDT": -420,
    "AKST": -540, "AKDT": -480, "HST": -600, "NST": -210, "NDT": -150, "BRT": -180, "BRST": -120, "ART": -180,
    "WEST": 60, "CET": 60, "MEZ": 60, "CEST": 120, "MEST": 120, "MESZ": 120, "EET": 120, "SAST": 120, "EEST": 180,
    "MSK": 180, "TRT": 180, "PKT": 300, "ICT": 420, "WIB": 420, "HKT": 480, "SGT": 480, "AWST": 480, "PHT": 480,
    "JST": 540, "KST": 540, "ACST": 570, "ACDT": 630, "AEST": 600, "AEDT": 660, "NZST": 720, "NZDT": 780,
}  # fmt: skip
_WALL_CLOCKS: Final = {
    "ET": "America/New_York",
    "CT": "America/Chicago",
    "MT": "America/Denver",
    "PT": "America/Los_Angeles",
}
AMBIGUOUS: Final = {
    "IST": "Asia/Kolkata, Asia/Jerusalem or Europe/Dublin",
    "CST": "America/Chicago or Asia/Shanghai",
    "BST": "Europe/London or Asia/Dhaka",
    "AST": "America/Halifax or Asia/Riyadh",
    "ADT": "America/Halifax or Asia/Baghdad",
    "SST": "Asia/Singapore or Pacific/Pago_Pago",
    "GST": "Asia/Dubai or Atlantic/South_Georgia",
    "WST": "Australia/Perth or Pacific/Apia",
    "AMT": "America/Manaus or Asia/Yerevan",
    "ECT": "America/Guayaquil or America/Puerto_Rico",
}


@cache
def _known() -> frozenset[str]:
    return frozenset(available_timezones())


def zone_called(name: str, names: ZoneNames) -> tzinfo:
    """The zone that `name` stands for. Raises ValueError where that is not known, or is one of several."""
    short = name.upper()
    if short in names:
        return ZoneInfo(names[short])
    if short in _FIXED:
        return UTC if not _FIXED[short] else timezone(timedelta(minutes=_FIXED[short]))
    if short in _WALL_CLOCKS:
        return ZoneInfo(_WALL_CLOCKS[short])
    if "/" in name and name in _known():
        return ZoneInfo(name)
    if short in AMBIGUOUS:
        raise ValueError(f"{short} may be {AMBIGUOUS[short]}: see ingest.zone_names")
    raise ValueError(f"{name!r} in it is no known zone: see ingest.zone_names")


def later_of(wall: datetime, zone: tzinfo) -> datetime:
    """The instant at which clocks in `zone` show `wall`. Of two (clocks went back, or skipped it) the later one: a text
    must not be available before it was written."""
    return max(wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
