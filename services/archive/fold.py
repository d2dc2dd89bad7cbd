"""A slot made again from its records, by the code that the aggregator runs, up to an offset: what it said then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

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
    """A slot as it was before `offset`, and the links of its chain: (offset, hex digits), the last one at `offset`."""

    store: MemoryStore
    slot: int
    offset: int
    links: list[tuple[int, str]] = field(default_factory=list)


def fold(
    records: Iterator[Recorded],
    slot: int,
    slots: int,
    topic_id: str,
    rules: Rules,
    strategies: Sequence[Strategy],
    streams: frozenset[str],
    since: int = 0,
    run: str = "past",
) -> Folded:
    """`records`: all of the slot's, from offset 0. `since`: where its chain begins."""
    store = MemoryStore(slots, run)
    closer = Closer(store, slot, strategies, streams, rules)
    chain: Chain | None = None
    folded = Folded(store, slot, 0)
    while some := list(islice(records, BATCH)):
        batch = [decoded(record) for record in some]
        closer.close()
        for part in closer.parts(batch):
            made = apply(store, slot, topic_id, part, rules, gapless=True)
            if made is not None:
                closer.changed(made)
            closer.close()
        chain = _linked(some, chain, since, folded.links)
        folded.offset = some[-1].offset + 1
    if chain is not None and (not folded.links or folded.links[-1][0] != chain.offset):
        folded.links.append((chain.offset, chain.head.hex()))
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
