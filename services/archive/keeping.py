"""`bellwether archive`: what it holds, made anew from the log, compacted now."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from services.archive.rows import Rows, tables_of
from services.archive.tables import Tables
from services.runtime.record import Recorded
from shared.clients.kafka import TopicLog, describe
from shared.clients.redis import connect
from shared.contract.archive import CHECKPOINTS, PLACE, TABLES
from shared.contract.keys import archived_key
from shared.contract.topics import Topics
from shared.reading.archive.tables import ArchiveTables, NoArchive
from shared.settings import Settings

AT_ONCE = 4_000


class TableStatus(msgspec.Struct, kw_only=True):
    """One table: rows, those that were added twice, records of the log that have no row yet."""

    name: str
    rows: int = 0
    twice: int = 0
    waiting: int | None = None  # None: Kafka was not asked
    unindexed: int = 0
    version: int = 0


class ArchiveStatus(msgspec.Struct, kw_only=True):
    """The archive of one run."""

    address: str
    bytes: int | None = None  # None: an object store
    tables: list[TableStatus] = []
    checkpoints: int = 0  # slots as they were: answers as of a moment begin there


def status(settings: Settings, ends: Callable[[str], dict[int, int]] | None = None) -> ArchiveStatus:
    """`ends`: of a topic, the offset behind each partition's last record. Raises NoArchive."""
    archive = ArchiveTables.of(settings)
    archive.connection()
    topics_of: dict[str, list[str]] = {}
    for topic, name in tables_of(Topics.of(settings)).items():
        topics_of.setdefault(name, []).append(topic)
    told = ArchiveStatus(address=archive.address, bytes=_size(archive.address))
    for name in TABLES:
        told.tables.append(_table(archive, name, topics_of[name], ends))
    made = archive.rows(CHECKPOINTS, ["offset"], "part = 0")
    told.checkpoints = made.num_rows if made is not None else 0
    return told


def _table(
    archive: ArchiveTables, name: str, topics: list[str], ends: Callable[[str], dict[int, int]] | None
) -> TableStatus:
    found = archive.rows(name, PLACE)
    if found is None:
        return TableStatus(name=name, waiting=None if ends is None else sum(sum(ends(t).values()) for t in topics))
    table = archive.pinned(name)
    places = found.group_by(list(PLACE)).aggregate([([], "count_all")])
    last = found.group_by(["topic_id", "partition"]).aggregate([("offset", "max")]).to_pylist()
    indices = [table.index_stats(index.name) for index in table.list_indices()]
    waiting = None
    if ends is not None:
        logs = sum(sum(ends(topic).values()) for topic in topics)
        waiting = max(0, logs - sum(row["offset_max"] + 1 for row in last))
    return TableStatus(
        name=name,
        rows=found.num_rows,
        twice=found.num_rows - places.num_rows,
        waiting=waiting,
        unindexed=max((stats.num_unindexed_rows for stats in indices if stats is not None), default=0),
        version=table.version,
    )


def _size(address: str) -> int | None:
    if "://" in address:
        return None
    return sum(file.stat().st_size for file in Path(address).rglob("*") if file.is_file())


def rebuild(settings: Settings, tell: Callable[[int], object] = lambda _: None) -> int:
    """The archive made anew from the log, to its present end; how many rows. No archive worker may run."""
    archive = ArchiveTables.of(settings)
    with connect(settings.redis) as client:
        client.delete(archived_key(settings.run))  # the worker that follows tells it again
    tables = Tables(archive)
    for name in TABLES:
        archive.connection().drop_table(name)
    archive.connection().drop_table(CHECKPOINTS, ignore_missing=True)
    tables = Tables(archive)
    table_of = tables_of(Topics.of(settings))
    states = describe(settings.kafka, list(table_of))
    rows = Rows(table_of, {name: state.topic_id for name, state in states.items()})
    count = 0
    with TopicLog(settings.kafka, {name: state.partitions for name, state in states.items()}) as log:
        records = map(_recorded, log.records())
        while some := list(islice(records, AT_ONCE)):
            made = rows.of(some)
            tables.add(made)
            count += sum(map(len, made.values()))
            tell(count)
    return count


def _recorded(record: Any) -> Recorded:
    return Recorded(
        record.topic, record.partition, record.offset, record.key, record.value, timestamp=record.timestamp / 1000
    )


def topic_ends(settings: Settings) -> Callable[[str], dict[int, int]]:
    """How far each topic of the run is now, for `status`."""
    states = describe(settings.kafka, list(tables_of(Topics.of(settings))))
    with TopicLog(settings.kafka, {name: state.partitions for name, state in states.items()}) as log:
        found: dict[str, dict[int, int]] = {name: {} for name in tables_of(Topics.of(settings))}
        for part, end in log.ends.items():
            found[part.topic][part.partition] = end if end > log.begins[part] else 0
    return lambda topic: found[topic]


def forget(settings: Settings) -> None:
    """Delete the archive of a run, if there is one."""
    archive = ArchiveTables.of(settings)
    if "://" not in archive.address:
        shutil.rmtree(archive.address, ignore_errors=True)
        return
    with suppress(NoArchive, OSError, RuntimeError, ValueError):
        for name in (*TABLES, CHECKPOINTS):
            archive.connection().drop_table(name, ignore_missing=True)
