"""What a replay reads: records of documents.*, from a file or from the topics, in each partition's own order."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from services.ingest.delivery.rejected import RejectedFile
from services.ingest.documents.account import Account, by_reason
from services.ingest.documents.companies import CompanyNames
from services.ingest.documents.masker import Masker
from services.ingest.documents.normalise import Reading, Rejected, is_undated, normalise
from services.ingest.documents.raw_document import RawDocument
from services.ingest.sources.in_house.files import FileSource, source_name
from services.ingest.sources.tabular.layout import Layout
from services.ingest.sources.tabular.mapping import parse_map
from services.ingest.sources.tabular.rows import PLAIN
from services.runtime.record import Recorded
from shared.clients.kafka import TopicLog, describe
from shared.clients.state_folder import StateFolder
from shared.clock import Clock, to_iso
from shared.contract.events import (
    Channel,
    Document,
    InvalidMessage,
    Origin,
    Tick,
    decode_document,
    deletion_in,
    encode,
)
from shared.contract.topics import LIVE, Topics, partition_for
from shared.settings import Settings
from shared.universe.securities import Catalogue


class RangeError(ValueError):
    """A range that cannot be replayed; the text says which one can."""


@dataclass(slots=True)
class Range:
    """Everything that is replayed, and the origin partitions that it may come from: (topic, topic id, partitions)."""

    records: list[Recorded] = field(default_factory=list)
    topics: dict[str, tuple[str, int]] = field(default_factory=dict)
    account: Account = field(default_factory=Account)
    deleted: dict[str, int] = field(default_factory=dict)  # item -> when it was deleted at its source

    def streams(self) -> frozenset[str]:
        """The origin partitions, as the aggregates name them."""
        partitions = ((topic_id, p) for topic_id, count in self.topics.values() for p in range(count))
        return frozenset(Origin(topic_id, p, 0).stream for topic_id, p in partitions)


def read_file(
    settings: Settings,
    path: Path,
    channel: Channel,
    mapping: Sequence[str],
    timezone: str,
    clock: Clock,
    begin: int | None = None,
    end: int | None = None,
    date_format: str = "",
    layout: Layout = PLAIN,
) -> Range:
    """A file as `bellwether ingest file` would put it on Kafka: same documents, keys and partitions, without Kafka."""
    names = CompanyNames(Catalogue.load())
    reading = Reading(
        channel, source_name(path), ZoneInfo(timezone),
        link=names.link, date_format=date_format, zone_names=settings.ingest.zone_names,
    )  # fmt: skip
    source, masker = FileSource(path, parse_map(list(mapping)), reading, layout), Masker.from_settings(settings)
    placed = _Placed(Topics(LIVE, settings.kafka.document_partitions), channel)
    account, rejected = placed.stretch.account, RejectedFile(settings.state_dir, reading.source, clock)
    account.rejected_list = StateFolder(settings.state_dir).rejected
    seen: set[tuple[Channel, str]] = set()
    for batch in source.batches(None, threading.Event()):
        refused: list[tuple[str, Rejected]] = []
        account.read += len(batch.items)
        for number, item in enumerate(batch.items, batch.first or 1):
            made = item if isinstance(item, Rejected) else normalise(item, reading, clock.now())
            if isinstance(made, Rejected):
                refused.append((str(number), made))
                continue
            if (made.channel, made.id) in seen:
                account.copies += 1
                continue
            seen.add((made.channel, made.id))
            if not _within(made.available_at, begin, end):
                account.outside += 1
                continue
            account.undated += not isinstance(item, Rejected) and is_undated(item, reading)
            placed.add(masker.apply(loaded_when_available(made)))
        account.rejected += by_reason(one for _, one in refused)
        rejected.write(refused)
    account.taken = len(placed.stretch.records)
    account.remarks = source.remarks
    account.unlinked, account.unknown = names.unlinked, names.most_unknown()
    return placed.stretch


class _Placed:
    """Documents of a file on the partitions that Kafka would put them on. A row may name another channel."""

    def __init__(self, topics: Topics, channel: Channel) -> None:
        self._topics = topics
        self._offsets: dict[tuple[str, int], int] = {}
        self.stretch = Range()
        self._topic(channel)

    def _topic(self, channel: Channel) -> str:
        name = self._topics.documents(channel)
        self.stretch.topics.setdefault(name, (f"file.{channel}", self._topics.document_partitions))
        return name

    def add(self, document: Document) -> None:
        name, partition = self._topic(document.channel), partition_for(document.key, self._topics.document_partitions)
        offset = self._offsets.get((name, partition), 0)
        self._offsets[name, partition] = offset + 1
        key, value = document.key.encode(), encode(document)
        self.stretch.records.append(Recorded(name, partition, offset, key, value, available_at=document.available_at))


def loaded_when_available(raw: RawDocument) -> RawDocument:
    """History replayed from a file is the same bytes whenever it is replayed: the time of loading is left out."""
    return msgspec.structs.replace(raw, received_at=raw.available_at)


def read_topics(settings: Settings, channels: Sequence[Channel], begin: int | None, end: int | None) -> Range:
    """Records of the live documents.* whose document became available in [begin, end), up to the end offsets of now.

    Ticks are left out: a replay makes its own. What is no document at all is taken when the range is unbounded.
    Raises RangeError when the log no longer holds the range.
    """
    topics = Topics(LIVE)
    names = [topics.documents(channel) for channel in channels]
    there = describe(settings.kafka, names)
    missing = [name for name in names if name not in there]
    if missing:
        raise RangeError(f"the topics {', '.join(missing)} do not exist; start with: bellwether up")
    stretch = Range(topics={name: (state.topic_id, state.partitions) for name, state in there.items()})
    extent: list[int] = []  # earliest and latest available_at of the whole log
    with TopicLog(settings.kafka, {name: state.partitions for name, state in there.items()}) as log:
        cut = sorted({part.topic for part, begin in log.begins.items() if begin > 0})
        for record in log.records():
            if deletion := deletion_in(record.value):
                stretch.deleted[deletion.item] = max(deletion.deleted_at, stretch.deleted.get(deletion.item, 0))
                continue
            available = _available_at(record.value)
            if available is not None and available != TICK:
                extent = [min([available, *extent]), max([available, *extent])]
            if available == TICK:
                continue
            stretch.account.read += 1
            if not _within(available, begin, end):
                stretch.account.outside += 1
                continue
            stretch.records.append(
                Recorded(
                    record.topic, record.partition, record.offset, record.key, record.value, tuple(record.headers),
                    record.timestamp / 1000, available_at=available,
                )
            )  # fmt: skip
    if cut and extent and begin is not None and begin < extent[0]:
        raise RangeError(
            f"{', '.join(cut)} no longer hold what became available at {to_iso(begin)}: "
            f"the log holds {to_iso(extent[0])} to {to_iso(extent[1])}; replay that, or from a file"
        )
    if not stretch.records:
        there_is = f"they hold {to_iso(extent[0])} to {to_iso(extent[1])}" if extent else "they hold no document"
        raise RangeError(f"nothing became available in this range on {', '.join(names)}; {there_is}")
    stretch.account.taken = len(stretch.records)
    return stretch


TICK: Final = -(2**62)


def _available_at(raw: bytes) -> int | None:
    try:
        message = decode_document(raw)
    except InvalidMessage:
        return None
    return TICK if isinstance(message, Tick) else message.available_at


def _within(available: int | None, begin: int | None, end: int | None) -> bool:
    if available is None:
        return begin is None and end is None
    return (begin is None or available >= begin) and (end is None or available < end)
