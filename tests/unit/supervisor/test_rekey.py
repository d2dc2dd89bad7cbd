"""A log of `opinions` laid over another number of partitions aggregates to the same bytes."""

from __future__ import annotations

import random
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from services.aggregation.admin.dump import dump
from services.aggregation.core.apply import apply
from services.aggregation.core.plan import Decoded, Rules
from services.aggregation.stores.memory import MemoryStore
from services.supervisor.topics.rekey import Frame, first_sent, in_order, partitions_of, write_runs
from shared.clock import DAY, HOUR, MINUTE
from shared.contract.aggregates import Totals
from shared.contract.events import Opinion, OpinionMessage, Origin, Outcome, Tick, decode_opinion, encode
from shared.contract.topics import partition_for
from tests.unit.aggregation.opinions import TOPIC_ID, history, merge

RULES = Rules({"minute": 3 * DAY, "hour": 400 * DAY, "day": 7300 * DAY}, 7 * DAY, lateness=MINUTE, signals=False)
DEAD = "_DEAD"


def key_of(message: OpinionMessage) -> bytes | None:
    if isinstance(message, Tick):
        return None
    return (message.company if isinstance(message, Opinion) else DEAD).encode()


def frames(log: Iterable[Decoded], partition: int) -> Iterator[Frame]:
    """Records as they lie on a partition of `opinions`."""
    for offset, message in log:
        assert message is not None
        yield Frame(offset, partition, 0, False, key_of(message), encode(message), [("h", b"v")])


def sent(seed: int, partitions: int, documents: int) -> list[list[Decoded]]:
    """What scoring sends to each partition of `opinions`: ticks to all, stretches again, a dead letter at the end."""
    draw = random.Random(seed)
    logs: list[list[Decoded]] = []
    streams = history(seed, 3, documents, HOUR)
    for number, stream in enumerate(streams):
        origin = Origin(TOPIC_ID, number, 10_000)
        stream.append(Outcome(origin=origin, letter=f"{TOPIC_ID}:{number}:10000", state="dead", document_id="d" * 32))
    for partition in range(partitions):
        mine = [
            [m for m in stream if (key := key_of(m)) is None or partition_for(key.decode(), partitions) == partition]
            for stream in streams
        ]
        logs.append(merge(draw, mine, 0.1))
    return logs


def aggregated(logs: list[list[Decoded]]) -> tuple[bytes, Totals]:
    store, totals = MemoryStore(len(logs)), Totals()
    for slot, log in enumerate(logs):
        if log:
            apply(store, slot, TOPIC_ID, log, RULES)
        for name in Totals.__struct_fields__:
            setattr(totals, name, getattr(totals, name) + getattr(store.totals(slot), name))
    return dump(store), totals


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 6), st.integers(1, 6), st.integers(1, 40))
def test_other_partitions_aggregate_to_the_same_bytes(seed: int, before: int, after: int, documents: int) -> None:
    logs = sent(seed, before, documents)
    with tempfile.TemporaryDirectory() as folder:
        for partition, log in enumerate(logs):
            write_runs(frames(log, partition), partition, Path(folder))
        laid: dict[int, list[Decoded]] = defaultdict(list)
        for frame in in_order(Path(folder)):
            assert frame.headers == [("h", b"v")]
            for partition in partitions_of(frame, after):
                laid[partition].append((len(laid[partition]), decode_opinion(frame.value)))
    assert aggregated([laid[partition] for partition in range(after)]) == aggregated(logs)


def test_what_was_sent_again_is_kept_once_and_what_nobody_can_read_stays() -> None:
    tick = Tick(watermark=5, origin=Origin(TOPIC_ID, 0, 2))
    outcomes = [Outcome(origin=Origin(TOPIC_ID, 0, at), letter=f"x:0:{at}", state="dead") for at in (1, 3)]
    log = [outcomes[0], tick, outcomes[1], outcomes[0], tick, outcomes[1]]
    given_frames = [*frames(enumerate(log), 0), Frame(9, 0, 0, False, None, b"garbage", [])]
    kept = [(stream, frame.offset, frame.everywhere) for stream, frame in first_sent(iter(given_frames))]
    own = Origin(TOPIC_ID, 0, 0).stream
    expected = [(own, 1, False), (own, 2, True), (own, 3, False), (own, 3, False), ("unreadable", 9, False)]
    assert kept == expected  # the last one again: told apart by its bytes when runs are merged
