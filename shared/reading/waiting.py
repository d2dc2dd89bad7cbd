"""What of a run waits in Kafka, and for how long: documents to be scored, opinions to be applied. Ticks are neither.

Kafka's offsets count ticks, too, so what waits is looked at: each record once, a bounded number at a time, and of it is
kept where ticks lie. As long as a backlog is larger than what was looked at, its rest is taken to hold as many ticks.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Mapping
from typing import Final, NamedTuple

from kafka import TopicPartition

from shared.clients.kafka import LogCut, LogStalled, log_consumer, read_spans
from shared.contract.topics import Topics
from shared.reading.offsets import Offsets, RunOffsets, applied_offsets
from shared.reading.run import Applied
from shared.settings import KafkaSettings

LOOKED_AT: Final = 20_000  # records a look, at most
PATIENCE_SECONDS: Final = 2.0  # without progress
SAMPLES: Final = 4_096  # of append times that are remembered of one partition
_TICK: Final = b'{"type":"tick"'


class Stage(NamedTuple):
    """`waiting`: without ticks. `since`: when Kafka took the oldest of them, microseconds; None where nothing waits.
    `unread`: records that no look has reached yet."""

    waiting: int
    since: int | None
    unread: int


class Seen:
    """What was seen of one partition: which of the records [`begin`, `end`) are ticks, and when some were taken."""

    def __init__(self, begin: int) -> None:
        self.begin = self.end = begin
        self._ticks = array("q")
        self._times: list[tuple[int, int]] = []  # offset, microseconds; every `_every`-th record
        self._every = 1

    def add(self, offset: int, taken_at: int, *, tick: bool) -> None:
        """The next record; offsets that no record has lie between, and count as ticks do."""
        self._ticks.extend(range(self.end, offset))
        if tick:
            self._ticks.append(offset)
        if not self._times or offset - self._times[-1][0] >= self._every:
            self._times.append((offset, taken_at))
        if len(self._times) > SAMPLES:
            self._times = self._times[::2]
            self._every *= 2
        self.end = offset + 1

    def read_to(self, end: int) -> None:
        """Nothing more comes before `end`."""
        self._ticks.extend(range(self.end, end))
        self.end = max(self.end, end)

    def forget(self, position: int) -> None:
        """What lies before `position` waits no more."""
        self.begin = position
        del self._ticks[: bisect_left(self._ticks, position)]
        later = bisect_left(self._times, (position + 1, 0))
        del self._times[: max(0, later - 1)]  # the last one before it may have to stand for it
        if not self._ticks and not self._times:
            self._every = 1

    @property
    def ticks(self) -> int:
        return len(self._ticks)

    @property
    def waiting(self) -> int:
        return self.end - self.begin - self.ticks

    def since(self) -> int | None:
        """When the first record that is no tick was taken, or one shortly before it; None without one."""
        if not self.waiting:
            return None
        first = self.begin
        for tick in self._ticks:
            if tick != first:
                break
            first += 1
        return self._times[max(0, bisect_left(self._times, (first + 1, 0)) - 1)][1] if self._times else None


class Waiting:
    """Looks again and again over connections that it keeps: close it. Raises KafkaError, KafkaUnreachable."""

    def __init__(self, kafka: KafkaSettings, topics: Topics, most: int = LOOKED_AT) -> None:
        self._kafka, self._most = kafka, most
        self._offsets = RunOffsets(kafka, topics)
        self._seen: dict[TopicPartition, Seen] = {}

    def close(self) -> None:
        self._offsets.close()

    def look(self, positions: Mapping[int, Applied]) -> tuple[Stage, Stage]:
        """Documents that wait for scoring, and records of `opinions` that wait to be applied, but for ticks.
        `positions`: how far each slot is (RunView.positions)."""
        ends = self._offsets.ends_of_run()
        applied = applied_offsets(positions, ends.opinions, self._offsets.opinions_id())
        committed = self._offsets.committed(ends.documents)
        return self._stage(committed, ends.documents), self._stage(applied, ends.opinions)

    def _stage(self, position: Offsets, end: Offsets) -> Stage:
        seen = {part: self._at(part, position[part], end[part]) for part in end}
        self._read({part: (each.end, end[part]) for part, each in seen.items() if each.end < end[part]})
        unread = sum(max(0, end[part] - each.end) for part, each in seen.items())
        looked = sum(each.end - each.begin for each in seen.values())
        waiting = sum(each.waiting for each in seen.values())
        rest = unread * waiting // looked if looked else unread
        since = min((at for each in seen.values() if (at := each.since()) is not None), default=None)
        return Stage(waiting + rest, since, unread)

    def _at(self, part: TopicPartition, position: int, end: int) -> Seen:
        """What was seen of what waits; anew where the position has gone back, or beyond what was seen."""
        seen = self._seen.get(part)
        if seen is None or not seen.begin <= position <= seen.end or end < seen.end:
            seen = self._seen[part] = Seen(position)
        seen.forget(position)
        return seen

    def _read(self, spans: Mapping[TopicPartition, tuple[int, int]]) -> None:
        if not spans:
            return
        share = max(1, self._most // len(spans))
        asked = {part: (begin, min(end, begin + share)) for part, (begin, end) in spans.items()}
        # one for each reading: kafka-python 3.0.12 gives nothing more of a partition that was read and paused before
        consumer = log_consumer(self._kafka)
        try:
            for record in read_spans(consumer, asked, PATIENCE_SECONDS):
                tick = (record.value or b"").startswith(_TICK)
                part = TopicPartition(record.topic, record.partition)
                self._seen[part].add(record.offset, record.timestamp * 1_000, tick=tick)
            for part, (_, end) in asked.items():
                self._seen[part].read_to(end)
        except (LogCut, LogStalled):
            return  # what is missing stays unread, and is asked for again
        finally:
            consumer.close()
