"""The shares of one company, channel and day in one value: how Redis keeps those of days that have ended.

A share of an hour or a day lies in its own hash while the day is open, and after a late opinion; the packed value holds
what was there when it was packed. What both have, the hash has right: it is newer, and holds whole values. So a
bucket's shares are the packed ones with those of its hash laid over them.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

import msgspec

from shared.clock import DAY_SECONDS, HOUR_SECONDS
from shared.contract.aggregates import Resolution, Share
from shared.contract.events import Channel

WHOLE_DAY: Final = 24  # in place of an hour's number
_HASH: Final = re.compile("[0-9a-f]{16}")
_PLAIN, _DEFLATED = b"\x00", b"\x01"

_Names = bytes | list[str]  # keyed hashes, 8 bytes each; or names as they are
_Row = tuple[int, _Names, list[int], _Names, list[int]]  # hour, authors and their numbers, stories and theirs


class Shares(NamedTuple):
    """Of one bucket, by author hash and by story key."""

    authors: dict[str, Share]
    stories: dict[str, Share]


Day = dict[int, Shares]  # number of the hour, or WHOLE_DAY


def field_of(channel: Channel, start: int) -> str:
    """The field of the day that holds `start`, seconds."""
    return f"{channel}|{start // DAY_SECONDS}"


def number_of(resolution: Resolution, start: int) -> int:
    """Which of a day's buckets one is."""
    return WHOLE_DAY if resolution == "day" else start % DAY_SECONDS // HOUR_SECONDS


def pack_day(day: Mapping[int, Shares]) -> bytes:
    """The day's own shares are left out where they are the sums of its hours'."""
    hours = {number: shares for number, shares in day.items() if number != WHOLE_DAY}
    whole = day.get(WHOLE_DAY)
    kept = hours if whole is None or (hours and _summed(hours) == whole) else dict(day)
    rows = [(number, *_packed(each.authors), *_packed(each.stories)) for number, each in sorted(kept.items())]
    raw = _encode(rows)
    small = zlib.compress(raw, 6)
    return _DEFLATED + small if len(small) < len(raw) else _PLAIN + raw


def unpack_day(raw: bytes) -> Day:
    rows = _decode(zlib.decompress(raw[1:]) if raw[:1] == _DEFLATED else raw[1:])
    day = {row[0]: Shares(dict(_unpacked(row[1], row[2])), dict(_unpacked(row[3], row[4]))) for row in rows}
    if day and WHOLE_DAY not in day:
        day[WHOLE_DAY] = _summed(day)
    return day


def _summed(hours: Mapping[int, Shares]) -> Shares:
    summed = Shares({}, {})
    for each in hours.values():
        for total, some in ((summed.authors, each.authors), (summed.stories, each.stories)):
            for name, share in some.items():
                held = total.setdefault(name, Share())
                held.documents += share.documents
                held.weight_sum += share.weight_sum
                held.score_sum += share.score_sum
    return summed


def _packed(shares: Mapping[str, Share]) -> tuple[_Names, list[int]]:
    names = sorted(shares)
    numbers = [
        each for name in names for each in (shares[name].documents, shares[name].weight_sum, shares[name].score_sum)
    ]
    return (bytes.fromhex("".join(names)) if all(map(_HASH.fullmatch, names)) else names), numbers


def _unpacked(names: _Names, numbers: list[int]) -> Iterator[tuple[str, Share]]:
    if isinstance(names, bytes):
        names = [names[first : first + 8].hex() for first in range(0, len(names), 8)]
    for index, name in enumerate(names):
        yield name, Share(*numbers[3 * index : 3 * index + 3])


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[_Row]).decode
