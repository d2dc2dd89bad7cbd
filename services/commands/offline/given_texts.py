"""The texts that `score` is given: one as an argument, lines of a file or of standard input, or the rows of a file of
documents, which are read as `ingest file` reads them (formats, encodings, columns, company lists, cleaning).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from services.ingest.documents.cleaning import words_in
from services.ingest.documents.companies import CompanyNames
from services.ingest.documents.handed_in import as_published
from services.ingest.documents.mask import mask
from services.ingest.documents.normalise import RawItem, Reading, Rejected, is_undated, normalise
from services.ingest.sources.in_house.files import FileSource, source_name
from services.ingest.sources.source import SourceError
from services.ingest.sources.tabular.layout import Layout
from services.ingest.sources.tabular.rows import FORMATS
from services.scoring.on_demand.score_texts import Given
from shared.clock import Clock, to_datetime
from shared.contract.events import Channel

Refuse = Callable[[int, Rejected], None]  # number of the row or line, from 1


def is_table(path: Path) -> bool:
    """Whether its name says that it holds rows; any other file is one of lines."""
    return Path(path.name.removesuffix(".gz")).suffix.lower() in FORMATS


def given_text(text: str, channel: Channel = "news", source: str = "") -> Given:
    """One text, cleaned and masked, with its language as ingest would guess it."""
    published, language = as_published(text)
    return Given(published, language=language, channel=channel, source=source)


def lines_of(path: Path, refuse: Refuse, channel: Channel = "news", source: str = "") -> Iterator[Given]:
    """One text a line. Raises SourceError."""
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape") as file:
            yield from given_lines(file, refuse, channel, source)
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}") from error


def given_lines(lines: Iterable[str], refuse: Refuse, channel: Channel = "news", source: str = "") -> Iterator[Given]:
    """One text a line, for those that hold one."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        if not line.isascii() and any("\ud800" <= sign <= "\udfff" for sign in line):  # surrogateescape's
            refuse(number, Rejected("undecodable", "not UTF-8; convert the file first", line))
        elif words_in(line):
            yield given_text(line, channel, source)
        else:
            refuse(number, Rejected("empty", "without a text", line))


class Rows:
    """The rows of a file of documents as texts. `remarks` and `names` say what was guessed and who is not known."""

    def __init__(
        self,
        path: Path,
        mapping: dict[str, str],
        layout: Layout,
        names: CompanyNames,
        clock: Clock,
        channel: Channel = "news",
        source: str = "",
    ) -> None:
        # live: a time that cannot be read is none; nothing is kept here that a wrong one could spoil
        self._reading = Reading(channel, source or source_name(path), live=True)
        self._source = FileSource(path, mapping, self._reading, layout)
        self._clock, self.names = clock, names

    @property
    def remarks(self) -> list[str]:
        """What the reader guessed."""
        return self._source.remarks

    def read(self, refuse: Refuse) -> Iterator[Given]:
        """Every row that is a text. Raises SourceError and MappingError."""
        for batch in self._source.batches(None, threading.Event()):
            for number, item in enumerate(batch.items, batch.first or 1):
                given = item if isinstance(item, Rejected) else self._given(item)
                if isinstance(given, Rejected):
                    refuse(number, given)
                else:
                    yield given

    def _given(self, item: RawItem) -> Given | Rejected:
        document = normalise(item, self._reading, self._clock.now())
        if isinstance(document, Rejected):
            return document
        companies = self.names.link(item["company"], document.published_at) if item.get("company") else ()
        day = None if is_undated(item, self._reading) else to_datetime(document.published_at).date()
        text, title, named = mask(document.text), mask(document.title), mask(document.source)
        return Given(text, title, companies, day, document.language, document.channel, named)
