"""One partition of `opinions` from its beginning, without a gap: from Kafka, or from the copy in the archive."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

from kafka import TopicPartition

from services.archive.moments import NotKnown
from services.runtime.record import Recorded
from shared.clients.kafka import LogCut, TopicLog
from shared.contract.archive import OPINIONS
from shared.contract.topics import Topics
from shared.reading.archive.tables import ArchiveTables, all_of, quoted
from shared.settings import Settings

AT_ONCE: Final = 20_000  # records read of the archive at once

ReadLog = Callable[[str, int, int], Iterator[Recorded]]  # topic id, partition, the offset to end before


def archived_log(tables: ArchiveTables) -> ReadLog:
    """The archive's copy. Raises NotKnown where it lacks a record."""
    return partial(_archived, tables)


def _archived(tables: ArchiveTables, topic_id: str, partition: int, until: int) -> Iterator[Recorded]:
    table = tables.pinned(OPINIONS)
    here = all_of(f"topic_id = {quoted(topic_id)}", f"partition = {partition}")
    for first in range(0, until, AT_ONCE):
        end = min(first + AT_ONCE, until)
        where = all_of(here, f"offset >= {first}", f"offset < {end}")
        found = tables.rows(OPINIONS, ["offset", "key", "value", "appended_at"], where, table=table)
        once = {row["offset"]: row for row in found.to_pylist()}
        for offset in range(first, end):
            if offset not in once:
                raise NotKnown(
                    f"the archive lacks record {offset:,} of opinions[{partition}]; wait until it has caught up "
                    "(bellwether archive status), or make it anew: bellwether archive rebuild"
                )
            yield _recorded(once[offset], partition)


def _recorded(row: dict[str, Any], partition: int) -> Recorded:
    key = row["key"].encode() or None
    return Recorded(OPINIONS, partition, row["offset"], key, row["value"], timestamp=row["appended_at"] / 1e6)


def kafka_log(settings: Settings) -> ReadLog:
    """Kafka's own. Raises NotKnown where its beginning is gone, or the topic was made anew."""
    return partial(_logged, settings)


def _logged(settings: Settings, topic_id: str, partition: int, until: int) -> Iterator[Recorded]:
    from shared.clients.kafka import describe

    name = Topics.of(settings).opinions
    state = describe(settings.kafka, [name]).get(name)
    if state is None or state.topic_id != topic_id:
        raise NotKnown(f"the topic {name} is another one now than that of the answer; use its archived copy")
    part = TopicPartition(name, partition)
    with TopicLog(settings.kafka, {name: state.partitions}) as log:
        if log.ends[part] < until:
            raise NotKnown(f"{name}[{partition}] ends at {log.ends[part]:,}, before {until:,}")
        log.ends = {**log.ends, part: until}
        try:
            for record in log.records({part: 0}):
                taken = record.timestamp / 1000
                yield Recorded(name, partition, record.offset, record.key, record.value, timestamp=taken)
        except LogCut as cut:
            raise NotKnown(f"{cut}; use the archived copy") from None
