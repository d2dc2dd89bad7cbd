"""Load, plan, commit: one batch of one slot through any store. What live workers, replays and tests all call."""

from __future__ import annotations

from collections.abc import Sequence

from services.aggregation.plan import Observer, Plan, Record, Rules, plan
from services.aggregation.state import Position
from services.aggregation.store import Store


class Stale(RuntimeError):
    """The store's position is not the one that the batch starts from: somebody else moved it, or it was put back."""


def apply(
    store: Store,
    slot: int,
    topic_id: str,
    records: Sequence[Record],
    rules: Rules,
    observer: Observer | None = None,
    expected: int | None = None,
) -> Plan:
    """Apply records (offset-ordered, not empty) of one slot; all or, raising Stale or StoreLost, none.

    `expected` is the offset that the caller believes to be the next (0 for a slot that was never written to).
    """
    state = store.load(slot, records)
    stored = state.position.offset if state.position is not None else 0
    if expected is not None and stored != expected:
        raise Stale(f"slot {slot}: the store goes on from {stored}, this worker from {expected}")
    made = plan(records, state, Position(topic_id, records[-1][0] + 1), rules, observer)
    if not store.commit(made):
        raise Stale(f"slot {slot}: the position moved on from {stored} while a batch was applied")
    return made
