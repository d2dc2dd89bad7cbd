"""The archive's tables, opened for reading: each question sees one version of a table, however much is written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from shared.clients.state_folder import StateFolder
from shared.settings import Settings

EVERYTHING: Final = 2**31 - 1  # a limit that leaves nothing out
AT_ONCE: Final = 65_536  # rows of a batch: LanceDB's own 1,024 cost some ten times the CPU of what is in them


class NoArchive(LookupError):
    """There is no archive, or not this table yet; the text says what makes one."""


class ArchiveTables:
    """The tables of one run's archive. Thread-safe; LanceDB must not be used in a process that forks later."""

    def __init__(self, address: str, options: dict[str, str] | None = None) -> None:
        self.address, self._options = address, options or {}
        self._connection: Any = None

    @classmethod
    def of(cls, settings: Settings) -> ArchiveTables:
        """The archive of the settings' run."""
        options = {name: value.get_secret_value() for name, value in settings.archive.options.items()}
        return cls(archive_address(settings), options)

    def exists(self) -> bool:
        """Whether anything was ever archived here; always true of an object store, which is not asked."""
        return "://" in self.address or Path(self.address).is_dir()

    def connection(self) -> Any:
        """The connection, which sees what others have written at once."""
        if self._connection is None:
            if not self.exists():
                raise NoArchive(f"there is no archive at {self.address}; its worker makes one: bellwether up")
            import lancedb

            now = timedelta(0)
            self._connection = lancedb.connect(
                self.address, read_consistency_interval=now, storage_options=self._options
            )
        return self._connection

    def pinned(self, name: str) -> Any:
        """The table as it is now, whatever is written, compacted or indexed from here on. Raises NoArchive."""
        try:
            table = self.connection().open_table(name)
        except (ValueError, FileNotFoundError) as error:
            raise NoArchive(f"the archive at {self.address} has no {name} yet: {error}") from None
        table.checkout(table.version)
        return table

    def rows(self, name: str, columns: Sequence[str], where: str = "", *, table: Any = None) -> Any:
        """The rows that `where` (SQL) asks for, as an Arrow table; none where there is no such table yet."""
        with suppress(NoArchive):
            query = (table or self.pinned(name)).search().select(list(columns)).limit(EVERYTHING)
            return everything(query.where(where) if where else query)
        return None


def everything(query: Any) -> Any:
    """All rows of a query, as an Arrow table; not of one by words, which LanceDB gives no batches of."""
    return query.to_batches(batch_size=AT_ONCE).read_all()


def archive_address(settings: Settings) -> str:
    """Where the archive of the settings' run lies: below the object store's address, or in the state folder."""
    base = settings.archive.address.rstrip("/")
    return f"{base}/{settings.run}" if base else str(StateFolder(settings.state_dir).archive(settings.run))


def quoted(value: str) -> str:
    """A string of SQL."""
    return "'" + value.replace("'", "''") + "'"


def any_of(column: str, values: Iterable[str]) -> str:
    """A condition on a column."""
    return f"{column} IN ({', '.join(map(quoted, values))})"


def all_of(*conditions: str) -> str:
    """The conditions that are not empty, together."""
    return " AND ".join(condition for condition in conditions if condition)


def applied_by(topic_id: str, slot: int, offset: int, at: int) -> str:
    """A condition on archived opinions of one slot: those that had been applied at a moment (microseconds), which are
    those before `offset`, and what former topics had by then."""
    topic = quoted(topic_id)
    return (
        f"((topic_id = {topic} AND partition = {slot} AND offset < {offset})"
        f" OR (topic_id <> {topic} AND appended_at <= {at}))"
    )
