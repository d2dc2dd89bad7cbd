"""A folder into which files are dropped: each is read row by row, and laid under done, failed or unknown afterwards.

A file is taken once it has not changed for a moment, and laid aside only after all its rows are safe on Kafka; a kill
in its midst goes on at the next row.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import ClassVar, Final

from pydantic import Field

from services.ingest.sources.in_house.files import FileSource
from services.ingest.sources.kind import SourceKind, SourceOptions, Surroundings, check_fields, ledger_key, reading_of
from services.ingest.sources.polling import PolledSource, PollFailed
from services.ingest.sources.source import Batch, Cursor, SourceError
from services.ingest.sources.tabular.layout import LayoutError, layout_of
from services.ingest.sources.tabular.mapping import MappingError
from services.ingest.sources.tabular.rows import format_of
from shared.clients.state_folder import PRIVATE_FILE, make_folder
from shared.clock import SECOND

DONE: Final = "done"
FAILED: Final = "failed"
UNKNOWN: Final = "unknown"
_UNFINISHED: Final = (".part", ".tmp", ".crdownload", ".filepart", "~")


class FolderOptions(SourceOptions):
    PLACE: ClassVar[tuple[str, ...]] = ("path",)
    path: str = Field(min_length=1, description="The folder. Subfolders done, failed and unknown are made in it.")
    map: dict[str, str] = Field({}, description="FIELD: column or path, as --map of `bellwether ingest file`.")
    encoding: str = Field("", description="Encoding of the files; none: told from each.")
    columns: str = Field("", description="NAME,…: the columns of files without a header.")
    preset: str = Field("", description="Layout of a known data set, as --preset of `bellwether ingest file`.")
    live: bool = Field(True, description="Available when read; false: history, available when dated.")
    seconds: float = Field(5.0, gt=0, description="Seconds between two looks.")
    quiet_seconds: float = Field(2.0, ge=0, description="A file that changed within so many is still being written.")


class FolderSource(PolledSource):
    """Cursor: `file`, the key of the file in hand (of its content), and `rows`, how many of it are done."""

    def __init__(self, name: str, options: FolderOptions, around: Surroundings) -> None:
        reading = reading_of(name, options, live=options.live)
        super().__init__(ledger_key(name, options), reading, options.seconds, around.clock)
        self._folder = Path(options.path).expanduser()
        if not self._folder.is_absolute():
            raise SourceError(f"source {name}: path {options.path}: give it from the root, as /data/incoming")
        check_fields(name, options.map)
        try:
            self._layout = layout_of(options.preset, options.encoding, options.columns)
        except LayoutError as error:
            raise SourceError(f"source {name}: {error}") from None
        self._options = options
        self._leaving: set[Path] = set()  # read to their ends, and not laid aside yet

    def poll(self, cursor: Cursor, stop: threading.Event) -> Iterator[Batch]:
        """Every file that is there, by name. Raises PollFailed for a folder that cannot be read."""
        for path in self._waiting():
            try:
                format_of(path)
            except SourceError:
                self._lay_aside(path, UNKNOWN)
                continue
            for batch in self._file(path, cursor, stop):
                yield batch
                cursor = batch.cursor
            if stop.is_set():
                return

    def _waiting(self) -> list[Path]:
        try:
            found = sorted(self._folder.iterdir())
            return [path for path in found if path not in self._leaving and self._is_whole(path)]
        except OSError as error:
            raise PollFailed(f"{self._folder}: {error.strerror}") from error

    def _is_whole(self, path: Path) -> bool:
        """A regular file that nobody writes to, as far as can be told."""
        if path.name.startswith(".") or path.name.endswith(_UNFINISHED) or path.is_symlink() or not path.is_file():
            return False
        age = self._clock.now() / SECOND - path.stat().st_mtime
        return age >= self._options.quiet_seconds or age < -self._options.quiet_seconds  # a clock ahead of ours

    def _file(self, path: Path, cursor: Cursor, stop: threading.Event) -> Iterator[Batch]:
        file = ""
        try:
            source = FileSource(path, self._options.map, self.reading, self._layout)
            file = source.key
            rows = int(cursor.get("rows", 0)) if cursor.get("file") == file else 0
            for batch in source.batches({"rows": rows}, stop):
                rows = int(batch.cursor["rows"])
                yield Batch(batch.items, {"file": file, "rows": rows}, first=batch.first)
        except (SourceError, MappingError) as error:
            self._leaving.add(path)
            yield Batch([], {"file": file, "rows": 0}, settled=partial(self._lay_aside, path, FAILED, str(error)))
            return
        if not stop.is_set():
            self._leaving.add(path)
            yield Batch([], {"file": file, "rows": rows}, settled=partial(self._lay_aside, path, DONE))

    def _lay_aside(self, path: Path, where: str, why: str = "") -> None:
        """Never over another file. A file that went in the meantime is nobody's concern."""
        folder = make_folder(self._folder / where)
        target = folder / path.name
        number = 1
        while target.exists():
            number += 1
            target = folder / f"{path.stem}.{number}{path.suffix}"
        with suppress(FileNotFoundError):
            path.rename(target)
        if why:
            told = folder / f"{target.name}.why.txt"
            descriptor = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE)
            with os.fdopen(descriptor, "w") as file:
                file.write(why + "\n")
        self._leaving.discard(path)


KIND: Final = SourceKind("Files that are dropped into a folder", FolderOptions, FolderSource)
