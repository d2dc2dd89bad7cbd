"""Everything that one author wrote, by the keyed hash of the handle: in the logs of documents and in the archive."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from shared.clients.kafka import describe, read_log
from shared.contract.archive import DOCUMENTS
from shared.contract.events import CHANNELS, Channel, Document, InvalidMessage, decode_document
from shared.contract.topics import Topics
from shared.reading.archive.tables import EVERYTHING, ArchiveTables, NoArchive
from shared.settings import Settings


class Item(NamedTuple):
    """What a deletion names: versions of one item share it."""

    channel: Channel
    item: str


class Found(NamedTuple):
    """What there is of an author. `nameless`: documents of former versions without an item, which nothing can name."""

    items: frozenset[Item]
    documents: int
    nameless: int


def written_by(settings: Settings, author: str) -> Found:
    """What the run holds of the author with this hash. Raises kafka.errors.*, LogStalled."""
    documents = {found.id: found for found in _everywhere(settings, author.encode()) if found.author == author}
    items = frozenset(Item(each.channel, each.item) for each in documents.values() if each.item)
    return Found(items, len(documents), sum(not each.item for each in documents.values()))


def _everywhere(settings: Settings, mark: bytes) -> Iterator[Document]:
    """Documents whose bytes hold the mark, from the log and from the archive, which may hold what the log lost."""
    topics = Topics.of(settings)
    states = describe(settings.kafka, [topics.documents(channel) for channel in CHANNELS])
    partitions = {name: state.partitions for name, state in states.items()}
    logged = (record.value for record in read_log(settings.kafka, partitions)) if partitions else iter(())
    for value in (*_holding(logged, mark), *_holding(_archived(settings), mark)):
        try:
            message = decode_document(value)
        except InvalidMessage:
            continue
        if isinstance(message, Document):
            yield message


def _holding(values: Iterator[bytes | None], mark: bytes) -> Iterator[bytes]:
    return (value for value in values if value and mark in value)


def _archived(settings: Settings) -> Iterator[bytes]:
    tables = ArchiveTables.of(settings)
    try:
        table = tables.pinned(DOCUMENTS)
    except NoArchive:
        return
    for batch in table.search().select(["value"]).limit(EVERYTHING).to_batches():
        yield from batch["value"].to_pylist()
