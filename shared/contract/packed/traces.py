"""What Redis keeps of a document whose words lie in the archive: what the aggregator goes on with, and readers find it
by.

A company's documents that came out more than WHOLE before its newest are kept so, once the archive has them. They lie
in the hash Keys.traces: RECENT, the latest documents, and NEWEST, the highest available_at of these; FLOOR, the key of
the first of these that counts, when some went since they were put there; and, by number of the block, the heaviest
documents of the hours of BLOCK seconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import msgspec

from shared.clock import DAY, DAY_SECONDS, HOUR_SECONDS, SECOND
from shared.contract.aggregates import RecentDocument
from shared.contract.events import CHANNELS, MICRO

WHOLE: Final = 7 * DAY  # behind a company's newest opinion: documents are kept with their words
BLOCK: Final = 28 * DAY_SECONDS  # of hours whose heaviest documents lie together
RECENT: Final = "recent"
NEWEST: Final = "newest"
FLOOR: Final = "from"
_HASH: Final = re.compile("[0-9a-f]{32}")


class Trace(NamedTuple):
    """A document without its words."""

    id: str
    available_at: int
    weight: int
    negative: int
    positive: int
    channel: int  # its place in CHANNELS
    synthetic: bool
    model: str

    @property
    def hour(self) -> int:
        """Start of its hour, seconds."""
        return self.available_at // SECOND // HOUR_SECONDS * HOUR_SECONDS


_Row = tuple[Any, int, int, int, int, int, bool, int]  # ... behind the first's available_at, ..., place of the model
_Block = tuple[list[str], int, list[_Row]]  # models, the first's available_at, rows


def block_of(hour: int) -> str:
    """The field of Keys.traces with the heaviest documents of an hour (start, seconds)."""
    return str(hour // BLOCK)


def trace_of(document: RecentDocument) -> Trace:
    """What is left of a document."""
    return Trace(
        document.id,
        document.available_at,
        document.weight,
        document.negative,
        document.positive,
        CHANNELS.index(document.channel),
        document.synthetic,
        document.model,
    )


def document_of(trace: Trace, company: str) -> RecentDocument:
    """As a document, marked as one whose words lie elsewhere."""
    return RecentDocument(
        id=trace.id,
        company=company,
        channel=CHANNELS[trace.channel],
        source="",
        published_at=trace.available_at,
        available_at=trace.available_at,
        negative=trace.negative,
        neutral=MICRO - trace.negative - trace.positive,
        positive=trace.positive,
        relevance=0,
        weight=trace.weight,
        model=trace.model,
        synthetic=trace.synthetic,
        elsewhere=True,
    )


def pack_traces(traces: Iterable[Trace]) -> bytes:
    """In their order."""
    some = list(traces)
    models = sorted({each.model for each in some})
    place, base = {name: number for number, name in enumerate(models)}, some[0].available_at if some else 0
    rows = [(id_bytes(each.id), each.available_at - base, *each[2:7], place[each.model]) for each in some]
    return _encode((models, base, rows))


def unpack_traces(raw: bytes | None) -> list[Trace]:
    if not raw:
        return []
    models, base, rows = _decode(raw)
    return [
        Trace(_id_of(name), base + behind, weight, negative, positive, channel, synthetic, models[model])
        for name, behind, weight, negative, positive, channel, synthetic, model in rows
    ]


def id_bytes(name: str) -> bytes | str:
    """An id as it stands in a packed value."""
    return bytes.fromhex(name) if _HASH.fullmatch(name) else name


def _id_of(name: bytes | str) -> str:
    return name.hex() if isinstance(name, bytes) else name


def pack_floor(key: tuple[int, str]) -> str:
    """The (available_at, id) of the first of a company's latest documents."""
    return f"{key[0]}|{key[1]}"


def recent_traces(traces: bytes | None, floor: bytes | None) -> list[Trace]:
    """Of the values of RECENT and FLOOR those that count."""
    first = (-1, "")
    if floor:
        at, _, name = floor.decode().partition("|")
        first = (int(at), name)
    return [each for each in unpack_traces(traces) if (each.available_at, each.id) >= first]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Block).decode
