"""Load, plan, commit: one batch of one slot through any store. What live workers, replays and tests all call."""

from __future__ import annotations

from collections.abc import Sequence

from services.aggregation.core.chain import Links
from services.aggregation.core.plan import Decoded, Plan, Rules, plan
from services.aggregation.core.state import Position
from services.aggregation.core.store import Store


class Stale(RuntimeError):
    """The position moved while a batch was applied: somebody else applies this slot, too. Nothing was changed."""


class Behind(RuntimeError):
    """The store goes on from before the batch: it was put back, or emptied. What lies between must be read again."""


def apply(
    store: Store,
    slot: int,
    topic_id: str,
    records: Sequence[Decoded],
    rules: Rules,
    gapless: bool = False,
    links: Links | None = None,
) -> Plan | None:
    """Apply records (offset-ordered, not empty) of one slot: all or, raising Stale, Behind or StoreLost, none.

    What the store already has of them is skipped; None when that is everything. `gapless` insists that nothing lies
    between the store's position (the start of the log, when it has none) and the first record. `links`: the same
    records, or more, as they lie in the log; the chain is kept of them.
    """
    state = store.load(slot, records)
    stored = state.position.offset if state.position is not None else 0
    if gapless and stored < records[0][0]:
        raise Behind(f"slot {slot}: the store continues from {stored}, but {records[0][0]} was read")
    if records[-1][0] < stored:
        return None
    made = plan(records, state, Position(topic_id, records[-1][0] + 1), rules)
    if links is not None:
        made.writes.chain = links.advance(state.chain, stored, made.position.offset)
    if not store.commit(made):
        raise Stale(f"slot {slot}: the position moved from {stored} while a batch was applied")
    return made
