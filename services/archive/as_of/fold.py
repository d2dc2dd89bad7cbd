"""A slot made again from its records, by the code that the aggregator runs, up to an offset: what it said then.

From offset 0, or from a state that was folded before: where a fold is cut changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, NamedTuple

from services.aggregation.core.apply import apply
from services.aggregation.core.chain import Chain, Links
from services.aggregation.core.decoding import decoded
from services.aggregation.core.plan import Rules
from services.aggregation.signals.closing import Closer
from services.aggregation.signals.strategy import Strategy
from services.aggregation.stores.memory import MemoryStore
from services.runtime.record import Recorded

BATCH: Final = 2_000
LINK_EVERY: Final = 10_000  # records between two links that a proof names


@dataclass(slots=True)
class Folded:
    """A slot as it was before `offset`, and its chain up to there, with the links on the way."""

    store: MemoryStore
    slot: int
    offset: int = 0
    chain: Chain | None = None
    passed: list[tuple[int, str]] = field(default_factory=list)  # (offset, hex digits) at every LINK_EVERY-th record

    @property
    def links(self) -> list[tuple[int, str]]:
        """What a proof names: the links on the way, and the last one, at `offset`."""
        if self.chain is None or (self.passed and self.passed[-1][0] == self.chain.offset):
            return self.passed
        return [*self.passed, (self.chain.offset, self.chain.head.hex())]


class Fold(NamedTuple):
    """What beside the records decides about a slot. `since`: where its chain begins."""

    topic_id: str
    rules: Rules
    strategies: Sequence[Strategy]
    streams: frozenset[str]
    since: int = 0

    def on(self, folded: Folded, records: Iterator[Recorded]) -> Folded:
        """Go on with the records that follow `folded`, which is changed and returned."""
        store, slot = folded.store, folded.slot
        closer = Closer(store, slot, self.strategies, self.streams, self.rules)
        while some := list(islice(records, BATCH)):
            batch = [decoded(record) for record in some]
            closer.close()
            for part in closer.parts(batch):
                made = apply(store, slot, self.topic_id, part, self.rules, gapless=True)
                if made is not None:
                    closer.changed(made)
                closer.close()
            store.hashes.pop(store.keys.outbox(slot), None)  # nobody sends from here
            folded.chain = _linked(some, folded.chain, self.since, folded.passed)
            folded.offset = some[-1].offset + 1
        return folded


def _linked(records: Sequence[Recorded], chain: Chain | None, since: int, links: list[tuple[int, str]]) -> Chain | None:
    """The chain behind these records, noting every LINK_EVERY-th."""
    mine = [record for record in records if record.offset >= since]
    if not mine:
        return chain
    begin, end = mine[0].offset, mine[-1].offset + 1
    stops = range(begin - begin % LINK_EVERY + LINK_EVERY, end, LINK_EVERY)
    for stop in [*stops, end]:
        position = chain.offset if chain is not None else begin
        chain = Links(mine).advance(chain, position, stop)
        if stop % LINK_EVERY == 0:
            links.append((stop, chain.head.hex()))
    return chain
