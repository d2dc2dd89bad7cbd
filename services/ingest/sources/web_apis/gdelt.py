"""GDELT 2.0: the file of every quarter of an hour, of pages in English and of those translated into it.

Every batch in turn, those of an absence by their names. Rows without a title, or whose title names nobody, are left out
before anything is published: a batch has thousands. The DOC API is never asked.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import ClassVar, Final, NamedTuple
from urllib.parse import urlsplit

from pydantic import Field

from services.ingest.documents.normalise import GAP, RawItem, Rejected
from services.ingest.sources.asking import NOT_FOUND, Asker
from services.ingest.sources.kind import SourceKind, SourceOptions, Surroundings, ledger_key, reading_of
from services.ingest.sources.polling import PolledSource, PollFailed
from services.ingest.sources.post_filter import PostFilter
from services.ingest.sources.source import Batch, Cursor
from services.ingest.sources.web_apis.gdelt_file import BadBatch, batch_time, read_batch
from shared.clock import to_datetime

_STEP: Final = timedelta(minutes=15)
_MOST_BATCHES: Final = 96  # of an absence that are fetched: a day
_LATE: Final = timedelta(hours=2)  # a batch that is missing for longer does not come any more
_AHEAD: Final = timedelta(minutes=30)  # what is announced for later than that is a mistake
_AT_ONCE: Final = 500
_MOST_BYTES: Final = 60_000_000
_STREAMS: Final = {"english": ("lastupdate.txt", ".gkg.csv.zip"), "translated": (
    "lastupdate-translation.txt", ".translation.gkg.csv.zip")}  # fmt: skip
_LINE: Final = re.compile(r"\d+ ([0-9a-f]{32}) (https?://\S+)")
_STAMP: Final = re.compile(r"/(\d{14})(?:\.translation)?\.gkg\.csv\.zip\Z")


class GdeltOptions(SourceOptions):
    PLACE: ClassVar[tuple[str, ...]] = ("server",)
    translated: bool = Field(True, description="Also pages in other languages; their titles stay in them.")
    all: bool = Field(False, description="Every row with a title; else those with a keyword or a company's name.")
    seconds: float = Field(120.0, gt=0, description="Seconds between two looks for a new batch.")
    server: str = Field("http://data.gdeltproject.org", description="Address of the files.")


class _Announced(NamedTuple):
    stamp: str
    md5: str


class GdeltSource(PolledSource):
    """Cursor: for each of the streams, the stamp of the last batch that is done."""

    def __init__(self, name: str, options: GdeltOptions, around: Surroundings) -> None:
        super().__init__(ledger_key(name, options), reading_of(name, options), options.seconds, around.clock)
        self._server = options.server.rstrip("/")
        self._streams = ["english", "translated"] if options.translated else ["english"]
        wanted = PostFilter(around.settings.keywords, around.catalogue).wanted
        self._wanted = (lambda _: True) if options.all else wanted
        self._asker = Asker(around.settings, around.clock, max_bytes=_MOST_BYTES, accept="*/*")

    def poll(self, cursor: Cursor, stop: threading.Event) -> Iterator[Batch]:
        """All batches since the last one, of one stream after the other."""
        for stream in self._streams:
            newest = self._announced(stream, stop)
            for batch in self._since(stream, newest, cursor, stop):
                yield batch
                cursor = batch.cursor

    def _since(self, stream: str, newest: _Announced, cursor: Cursor, stop: threading.Event) -> Iterator[Batch]:
        end = batch_time(newest.stamp)
        last = str(cursor.get(stream, ""))
        due = batch_time(last) + _STEP if last else end
        if due < end - _MOST_BATCHES * _STEP:
            begin = end - _MOST_BATCHES * _STEP
            told = Rejected(GAP, f"{stream}: batches from {due} to {begin} are not fetched any more", f"{stream} {due}")
            due = begin
            yield Batch([told], cursor | {stream: _stamp(due - _STEP)})
        while due <= end and not stop.is_set():
            md5 = newest.md5 if due == end else ""
            items = self._batch(stream, due, end, md5, stop)
            if items is None:
                return
            done = cursor | {stream: _stamp(due)}
            for start in range(0, max(len(items), 1), _AT_ONCE):
                part = items[start : start + _AT_ONCE]
                yield Batch(part, done if start + _AT_ONCE >= len(items) else cursor)
            cursor = done
            due += _STEP

    def _batch(
        self, stream: str, due: datetime, end: datetime, md5: str, stop: threading.Event
    ) -> list[RawItem | Rejected] | None:
        """None for one that may still come."""
        address = f"{self._server}/gdeltv2/{_stamp(due)}{_STREAMS[stream][1]}"
        answer = self._asker.get(address, stop, also=(NOT_FOUND,))
        if answer.status == NOT_FOUND:
            late = to_datetime(self._clock.now()) - due > _LATE or due < end
            return [Rejected(GAP, f"{stream}: batch {_stamp(due)} is missing", address)] if late else None
        try:
            items, _ = read_batch(answer.body, due, self._wanted, md5)
        except BadBatch as error:
            if due == end:  # half uploaded, or cut off on its way: it is fetched again
                raise PollFailed(f"{stream} {_stamp(due)}: {error}") from error
            return [Rejected("undecodable", f"{stream}: batch {_stamp(due)}: {error}", address)]
        return list(items)

    def _announced(self, stream: str, stop: threading.Event) -> _Announced:
        """The newest batch. Raises PollFailed."""
        answer = self._asker.get(f"{self._server}/gdeltv2/{_STREAMS[stream][0]}", stop)
        for found in _LINE.finditer(answer.body.decode("ascii", "replace")):
            stamp = _STAMP.search(urlsplit(found[2]).path)
            if stamp and self._is_plausible(stamp[1]):
                return _Announced(stamp[1], found[1])
        raise PollFailed(f"{stream}: no batch is announced")

    def _is_plausible(self, stamp: str) -> bool:
        try:
            return batch_time(stamp) <= to_datetime(self._clock.now()) + _AHEAD
        except ValueError:
            return False


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y%m%d%H%M%S}"


KIND: Final = SourceKind("News of the world by GDELT, every 15 minutes", GdeltOptions, GdeltSource)
