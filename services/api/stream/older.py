"""What Kafka no longer holds of a topic, from its archived copy: so that a stream can begin before the log does."""

from __future__ import annotations

from typing import Any, Final

from services.api.stream.place import Part
from services.api.stream.ring import Record
from services.archive.rows import tables_of
from shared.contract.topics import Topics
from shared.reading.archive.tables import ArchiveTables, all_of, quoted

SPAN: Final = 20_000  # offsets that are looked through at once


class Older:
    """Of one run. Methods raise what LanceDB raises: OSError, RuntimeError, ValueError."""

    def __init__(self, archive: ArchiveTables, topics: Topics) -> None:
        self._archive, self._table_of = archive, tables_of(topics)

    def first(self, part: Part, topic_id: str, begin: int) -> int:
        """The first offset that is archived, where the copy reaches up to the log's `begin` without a gap; else it."""
        found = self._rows(part, topic_id, ["offset"], "")
        offsets = found["offset"].to_pylist() if found is not None else []
        return min(begin, *offsets) if max(offsets, default=-1) >= begin - 1 else begin

    def read(self, part: Part, topic_id: str, offset: int, begin: int, most: int) -> list[Record]:
        """Some records from `offset` on, before the log's `begin`, in order. Promises have no rows: where nothing else
        is left, one record without a value stands before `begin`, to go on from there."""
        while offset < begin:
            span = f"offset >= {offset} AND offset < {min(offset + SPAN, begin)}"
            found = self._rows(part, topic_id, ["offset", "value"], span)
            values = {row["offset"]: row["value"] for row in found.to_pylist()} if found is not None else {}
            if values:
                return [Record(-1, part, each, values[each]) for each in sorted(values)[:most]]
            offset += SPAN
        return [Record(-1, part, begin - 1, b"")]

    def _rows(self, part: Part, topic_id: str, columns: list[str], where: str) -> Any:
        own = all_of(f"topic_id = {quoted(topic_id)}", f"partition = {part.partition}", where)
        return self._archive.rows(self._table_of[part.topic], columns, own)
