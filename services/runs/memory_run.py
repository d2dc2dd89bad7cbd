"""The live aggregation of every slot of a run, on a store in memory: opinions in, buckets and signals out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from services.aggregation.core.apply import apply
from services.aggregation.core.plan import Decoded, Rules
from services.aggregation.signals.closing import Closer
from services.aggregation.signals.strategy import Strategy
from services.aggregation.stores.memory import MemoryStore
from shared.contract.events import OpinionMessage, decode_opinion
from shared.contract.signals import Signal

TOPIC: Final = "replay"  # topic id of opinions that exist in memory alone


class MemoryRun:
    """Give it each slot's opinions and ticks in order; how they are cut into batches changes nothing.

    `streams` are all origin partitions of the run (Origin.stream).
    """

    def __init__(self, count: int, strategies: Sequence[Strategy], streams: frozenset[str], rules: Rules) -> None:
        self.store = MemoryStore(count)
        self.count = count
        self.signals: list[Signal] = []
        self._rules = rules
        self._closers = [Closer(self.store, slot, strategies, streams, rules, None) for slot in range(count)]
        self._offsets = [0] * count

    def apply(self, slot: int, values: Sequence[bytes]) -> list[OpinionMessage]:
        """Apply encoded messages of one slot; returns them decoded. What they close is appended to `signals`."""
        messages = [decode_opinion(value) for value in values]
        records: list[Decoded] = list(enumerate(messages, self._offsets[slot]))
        self._offsets[slot] += len(records)
        closer = self._closers[slot]
        for part in closer.parts(records):
            made = apply(self.store, slot, TOPIC, part, self._rules)
            if made is not None:
                closer.changed(made)
            self.signals.extend(closer.close())
        return messages
