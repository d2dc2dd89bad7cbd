"""The archive's tables, opened for writing: made where they are missing, added to, and asked how far they are."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from pyarrow import compute

from services.archive.rows import Row
from services.archive.schemas import SCHEMAS
from shared.clients.state_folder import make_folder
from shared.contract.operation.metrics import ARCHIVE_SECONDS
from shared.measured import MEASURED
from shared.reading.archive.tables import EVERYTHING, ArchiveTables, all_of, quoted

THREADS: Final = "2"  # of LanceDB, which would take every core


def modest() -> None:
    """Before LanceDB is loaded: a worker among others, on a machine that may have two cores."""
    os.environ.setdefault("LANCE_CPU_THREADS", THREADS)
    os.environ.setdefault("LANCE_IO_THREADS", THREADS)
    os.environ.setdefault("RUST_LOG", "error")


class Tables:
    """One a process; used by one thread at a time."""

    def __init__(self, archive: ArchiveTables) -> None:
        if "://" not in archive.address:
            make_folder(Path(archive.address))
        self.archive = archive
        self._connection = archive.connection()
        self._open = {name: self._opened(name) for name in SCHEMAS}

    def _opened(self, name: str) -> Any:
        """A table as this version has it. One of a former version goes on: it gets the columns that it has not, with
        nothing in the rows that are there; readers take it from their values."""
        try:
            table = self._connection.open_table(name)
        except (ValueError, FileNotFoundError):
            return self._connection.create_table(name, schema=SCHEMAS[name], exist_ok=True)
        new = [field for field in SCHEMAS[name] if field.name not in table.schema.names]
        if new:
            try:
                table.add_columns(new)
            except (ValueError, RuntimeError):  # another worker has done it at this moment
                if missing := {field.name for field in new} - set(self._connection.open_table(name).schema.names):
                    raise RuntimeError(f"{name} of the archive cannot get its new columns {sorted(missing)}") from None
            table = self._connection.open_table(name)
        return table

    def __getitem__(self, name: str) -> Any:
        return self._open[name]

    def add(self, rows: Mapping[str, Sequence[Row]]) -> None:
        """Add rows, each table's in one step."""
        for name, mine in rows.items():
            if mine:
                with MEASURED.timed(ARCHIVE_SECONDS, "add"):
                    self._open[name].add(pa.Table.from_pylist(list(mine), schema=SCHEMAS[name]))

    def next_offset(self, name: str, topic_id: str, partition: int) -> int | None:
        """Where a partition goes on: behind its last row; None before its first.

        A worker adds a partition's records without a gap, so what lies behind the last row is all that is missing.
        """
        query = self._open[name].search().where(all_of(f"topic_id = {quoted(topic_id)}", f"partition = {partition}"))
        batches = query.select(["offset"]).limit(EVERYTHING).to_batches()
        last = max((compute.max(batch.column("offset")).as_py() for batch in batches if batch.num_rows), default=None)
        return last + 1 if last is not None else None
