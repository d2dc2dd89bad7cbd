"""An archive of records as the worker would have written it, without a Kafka: for tests of what is read of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from services.archive.rows import Rows
from services.archive.tables import Tables
from services.runtime.record import Recorded
from shared.contract.archive import DOCUMENTS, OPINIONS, READINGS
from shared.contract.events import Deletion, Document, Opinion, encode
from shared.contract.readings import Reading, encode_reading
from shared.reading.archive.tables import ArchiveTables

Message = Document | Deletion | Opinion | Reading
APPENDED = 1_700_000_000  # seconds: when Kafka took the first record; each following one a second later


def archive_at(folder: Path | str, messages: Sequence[Message], *, batch: int = 1_000, first: int = 0) -> ArchiveTables:
    """Adds these records, `batch` at once, to the archive in `folder`. `first`: number of the first record."""
    tables = ArchiveTables(str(folder))
    writing = Tables(tables)
    rows = Rows(
        {name: name for name in (DOCUMENTS, OPINIONS, READINGS)}, dict.fromkeys((DOCUMENTS, OPINIONS, READINGS), "t")
    )
    records = [_record(first + number, message) for number, message in enumerate(messages)]
    for begin in range(0, len(records), batch):
        writing.add(rows.of(records[begin : begin + batch]))
    return tables


def appended_at(number: int) -> int:
    """When Kafka took the record of this number, microseconds."""
    return (APPENDED + number) * 1_000_000


def _record(number: int, message: Message) -> Recorded:
    if isinstance(message, Reading):
        topic, value = READINGS, encode_reading(message)
    else:
        topic, value = (OPINIONS if isinstance(message, Opinion) else DOCUMENTS), encode(message)
    return Recorded(topic, 0, number, b"", value, timestamp=float(APPENDED + number))
