"""A record of a topic as the stages of a worker and of a replay see it, and one to be sent. Nothing of Faust."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from shared.clock import HOUR, SECOND, to_iso

Headers = Sequence[tuple[str, bytes]]
Destination = tuple[str, int]  # topic, partition
HeaderList = list[tuple[str, bytes]]  # as aiokafka's batches insist on it
Outbound = tuple[bytes | None, bytes, HeaderList]  # key, value, headers

AHEAD: Final = HOUR  # what is stated may lie so far behind the time at which Kafka took a record; as at ingest


class Record(Protocol):
    """What was read, from where, and under which assignment (services/runtime/assignment.py)."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Headers: ...
    @property
    def timestamp(self) -> float:
        """When Kafka took it, seconds since the epoch."""
        ...

    @property
    def assignment(self) -> int: ...
    def ack(self) -> None:
        """Everything of this partition up to this record has its outcome; only then, and in order per partition."""
        ...


@dataclass(slots=True)
class Recorded:
    """A record of the past, from a file or read back from a topic: it belongs to no assignment, nobody waits for it."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    timestamp: float = 0.0
    assignment: int = 0
    available_at: int | None = None  # market time of its document, microseconds; None when it holds none

    def ack(self) -> None:
        """Nothing is waiting for it."""


def ahead_of_broker(stated: int, timestamp: float) -> str:
    """What is wrong with a time (microseconds) that a record states, taken by Kafka at `timestamp` (seconds; 0: nobody
    knows): clocks and retention would follow one that lies ahead. "" for any other.
    """
    taken = int(timestamp * SECOND)
    if 0 < taken < stated - AHEAD:
        return f"{to_iso(stated)}, more than an hour ahead of {to_iso(taken)}, when Kafka took it"
    return ""
