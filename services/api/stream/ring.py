"""The latest records of all partitions, in the order in which they came, bounded in bytes. Not for several threads at
once: the hub has the lock."""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import Final, NamedTuple

from services.api.stream.place import Part, Place

MOST_BYTES: Final = 64_000_000
MOST_RECORDS: Final = 100_000
_OVERHEAD: Final = 300  # bytes that a record takes beside its value


class Record(NamedTuple):
    """`number` counts all records that came, over the partitions."""

    number: int
    part: Part
    offset: int
    value: bytes


class Ring:
    """`first`: from which offset on it holds a partition without a gap; `ends`: up to which one, exclusive."""

    def __init__(self, ends: dict[Part, int], most_bytes: int = MOST_BYTES) -> None:
        self.first = dict(ends)
        self.ends = dict(ends)
        self._records: deque[Record] = deque()
        self._bytes = 0
        self._most = most_bytes
        self.next_number = 0

    @property
    def base(self) -> int:
        """The number of the oldest record that is held."""
        return self._records[0].number if self._records else self.next_number

    def add(self, part: Part, offset: int, value: bytes) -> None:
        """Offsets of a partition come in order; what came before is left out."""
        if offset < self.ends[part]:
            return
        self._records.append(Record(self.next_number, part, offset, value))
        self.next_number += 1
        self.ends[part] = offset + 1
        self._bytes += len(value) + _OVERHEAD
        while self._bytes > self._most or len(self._records) > MOST_RECORDS:
            gone = self._records.popleft()
            self._bytes -= len(gone.value) + _OVERHEAD
            self.first[gone.part] = gone.offset + 1

    def after(self, number: int, place: Place, most: int) -> tuple[list[Record], int]:
        """What a reader at `place` has not seen, among at most `most` records from `number` on; and the number to go on
        with. Raises LookupError when some of them are no longer held."""
        if number < self.base:
            raise LookupError(number)
        some = list(islice(self._records, number - self.base, number - self.base + most))
        fresh = [each for each in some if each.offset >= place.offsets.get(each.part, each.offset + 1)]
        return fresh, number + len(some)
