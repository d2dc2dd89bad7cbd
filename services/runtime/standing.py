"""Whether a store still stands where this worker left it, also while nothing new arrives.

A Redis that takes over from another may lack what was acknowledged last (its replication is asynchronous), and clients
that try again hide that anything happened. Whoever applies the next record notices; when there is none, nobody would.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final, NamedTuple

from services.runtime.assignment import Assignment
from services.runtime.exits import ExitCode, WorkerStop

EVERY_SECONDS: Final = 2.0


class Standing(NamedTuple):
    """The next offset to apply, and the stamp of the write that left it there ("" where it does not matter)."""

    offset: int
    stamp: str = ""

    def follows(self, left: Standing) -> bool:
        """Whether a store that stands here may have been left there: ahead of it, or just so."""
        same = self.offset == left.offset and (not left.stamp or self.stamp == left.stamp)
        return same or self.offset > left.offset


class Standings:
    """Of the partitions that this process has, by number. Used on the event loop; `read` is called in a thread."""

    def __init__(self, assignment: Assignment, read: Callable[[int], Standing]) -> None:
        """`read`: where the store stands now. It may raise WorkerStop."""
        self._assignment, self._read = assignment, read
        self._left: dict[int, Standing] = {}
        self._writes: Counter[int] = Counter()  # begun and ended
        self._number = -1

    def assigned(self, found: Mapping[int, Standing]) -> None:
        """What holds from here on is this, and nothing of what held before."""
        self._left = dict(found)
        self._number = self._assignment.number

    @contextmanager
    def writing(self, partition: int, left: Callable[[], Standing | None]) -> Iterator[None]:
        """Around whatever may write. `left`: where it left the store; None where that is not known."""
        self._writes[partition] += 1
        self._left.pop(partition, None)
        try:
            yield
        finally:
            self._writes[partition] += 1
        standing = left()
        if standing is not None:
            self._left[partition] = standing

    async def run(self) -> None:
        """Look, for ever. Raises WorkerStop(RESTART) when something was lost."""
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            for partition in list(self._left):
                await self._look(partition)

    async def _look(self, partition: int) -> None:
        left, writes, number = self._left.get(partition), self._writes[partition], self._number
        if left is None or number != self._assignment.number:
            return
        found = await asyncio.to_thread(self._read, partition)
        if (writes, number) != (self._writes[partition], self._assignment.number) or found.follows(left):
            return
        raise WorkerStop(
            ExitCode.RESTART,
            f"partition {partition} stands at {found.offset} in Redis, but was applied up to {left.offset}: Redis lost "
            "what was written last; it is read again from Kafka",
        )
