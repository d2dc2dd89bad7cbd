"""The order in which a replay plays its records, and the watermarks that it may promise. Pure.

Each partition keeps its own order (as on Kafka); among partitions the one that has got least far in market time goes
next, so that all advance together. Because the whole range is known, a partition's watermark is exact: the earliest
`available_at` that is still to come. Nothing is ever late in a replay.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from typing import Final

from services.aggregation.signals.strategy import Strategy
from services.runtime.record import Recorded
from shared.clock import HOUR

Stream = tuple[str, int]  # topic, partition
END: Final = 2**62  # no document is available that late


def merged(records: Sequence[Recorded]) -> list[Recorded]:
    """All records, partitions side by side by the market time that each has reached."""
    streams: dict[Stream, list[tuple[int, str, int, int, Recorded]]] = {}
    reached: dict[Stream, int] = {}
    for index, record in enumerate(records):
        stream = (record.topic, record.partition)
        reached[stream] = max(reached.get(stream, 0), record.available_at or 0)
        streams.setdefault(stream, []).append((reached[stream], *stream, index, record))
    return [item[-1] for item in heapq.merge(*(streams[stream] for stream in sorted(streams)))]


def remaining(records: Sequence[Recorded]) -> list[int]:
    """For each record, the earliest available_at among the LATER records of its partition; END behind the last."""
    earliest: dict[Stream, int] = {}
    earliest_later = [END] * len(records)
    for index in range(len(records) - 1, -1, -1):
        record = records[index]
        stream = (record.topic, record.partition)
        earliest_later[index] = earliest.get(stream, END)
        if record.available_at is not None:
            earliest[stream] = min(earliest_later[index], record.available_at)
    return earliest_later


def ticks(
    records: Sequence[Recorded], streams: Sequence[Stream], strategies: Sequence[Strategy], lateness: int
) -> Iterator[tuple[int, dict[Stream, int]]]:
    """`promises` at the cadence of these strategies; the last one closes the T behind the last record."""
    if not records:
        return iter(())
    step = min((s.cadence_hours for s in strategies), default=24) * HOUR
    last = max((r.available_at for r in records if r.available_at is not None), default=0)
    return promises(records, streams, step, last + lateness + step)


def promises(
    records: Sequence[Recorded], streams: Sequence[Stream], step: int, last: int
) -> Iterator[tuple[int, dict[Stream, int]]]:
    """(index, watermark of each stream) behind which records ticks belong: wherever the lowest watermark passes a
    multiple of `step` (microseconds), and behind the last record, where every stream is promised up to `last`."""
    left = remaining(records)
    present: dict[Stream, int] = {}
    for index in range(len(records) - 1, -1, -1):
        record = records[index]
        stream = (record.topic, record.partition)
        present[stream] = left[index] if record.available_at is None else min(left[index], record.available_at)
    marks = {stream: present.get(stream, END) for stream in streams}
    passed = min(marks.values(), default=END) // step
    for index, record in enumerate(records):
        marks[record.topic, record.partition] = left[index]
        low = min(marks.values())
        if low < END and low // step > passed:
            passed = low // step
            yield index, {stream: min(mark, last) for stream, mark in marks.items()}
    yield len(records) - 1, dict.fromkeys(streams, last)
