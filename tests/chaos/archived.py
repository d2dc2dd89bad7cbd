"""Whether the archive of a run is its log: every record once, to the byte; promises on documents.* aside."""

from __future__ import annotations

from typing import Any

from services.archive.rows import tables_of
from shared.clients.kafka import describe, read_log
from shared.contract.archive import DOCUMENTS, TABLES
from shared.contract.topics import Topics
from shared.reading.archive.tables import ArchiveTables, NoArchive
from shared.settings import Settings

Place = tuple[str, int, int]  # topic id, partition, offset
Records = dict[Place, tuple[str, bytes]]  # key, value


def archived(settings: Settings) -> dict[str, Records]:
    """Table -> what it holds, each record once. Two rows of one record have to be equal."""
    found: dict[str, Records] = {}
    for name in TABLES:
        rows = ArchiveTables.of(settings).rows(name, ["topic_id", "partition", "offset", "key", "value"])
        mine = found[name] = {}
        for row in rows.to_pylist() if rows is not None else ():
            place, value = (row["topic_id"], row["partition"], row["offset"]), (row["key"], row["value"])
            assert mine.setdefault(place, value) == value
    return found


def logged(settings: Settings) -> dict[str, Records]:
    """Table -> what its topics hold."""
    table_of = tables_of(Topics.of(settings))
    states = describe(settings.kafka, list(table_of))
    found: dict[str, Records] = {name: {} for name in TABLES}
    for record in read_log(settings.kafka, {name: state.partitions for name, state in states.items()}):
        place = (states[record.topic].topic_id, record.partition, record.offset)
        found[table_of[record.topic]][place] = ((record.key or b"").decode(errors="replace"), record.value or b"")
    return found


def is_the_log(settings: Settings) -> bool:
    """Whether nothing of the log is missing. What is there and is not of the log fails at once."""
    try:
        mine, log = archived(settings), logged(settings)
    except NoArchive:
        return False
    for name in TABLES:
        strange: Any = mine[name].items() - log[name].items()
        assert not strange, f"{name}: {sorted(strange)[:3]}"
        missing = set(log[name].keys() - mine[name].keys())
        if name == DOCUMENTS:
            missing = {place for place in missing if not log[name][place][1].startswith(b'{"type":"tick"')}
        if missing:
            return False
    return True
