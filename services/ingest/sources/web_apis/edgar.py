"""EDGAR's newest filings of chosen forms: one document per accession, with its exhibit 99.1 or its items' text.

Each poll pages the Atom feed of current filings until it meets what the last poll has seen. Where it does not (a long
absence, a busy evening), the daily index fills the gap once it is there. Oldest first, so that a kill in the midst of a
poll leaves nothing behind that the next one would not meet.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator
from datetime import date, timedelta
from typing import ClassVar, Final, NamedTuple
from urllib.parse import quote, urlsplit

from pydantic import Field

from services.ingest.documents.normalise import EXCHANGE, RawItem, Rejected
from services.ingest.sources.asking import NOT_FOUND, OK, Asker
from services.ingest.sources.kind import SourceKind, SourceOptions, Surroundings, ledger_key, reading_of
from services.ingest.sources.polling import PolledSource, PollFailed
from services.ingest.sources.source import Batch, Cursor, SourceError
from services.ingest.sources.syndication.feed_readers import feed_readers
from services.ingest.sources.syndication.feed_text import NotAFeed
from services.ingest.sources.web_apis.edgar_filing import NotAFiling, is_accession, item_of, read_filing
from shared.clock import to_datetime

PER_SECOND: Final = 8.0  # SEC's limit is 10
PAGE: Final = 100
MOST_PAGES: Final = 40  # as far back as the feed goes
_AT_ONCE: Final = 10  # filings in a batch
_REMEMBERED: Final = 4 * PAGE  # accessions a form
_TRIES: Final = 3
_UNAVAILABLE: Final = 503
_FORBIDDEN: Final = 403  # what the archive says of an index that is not there yet
_MOST_DAYS: Final = 10  # of a gap that is filled
_INDEX_LATE_DAYS: Final = 4  # an index that is not there after so long was of a day without filings
_CIK: Final = re.compile(r"/data/(\d{1,10})/")
log = logging.getLogger(__name__)


class EdgarOptions(SourceOptions):
    PLACE: ClassVar[tuple[str, ...]] = ("forms", "server")
    forms: tuple[str, ...] = Field(("8-K",), min_length=1, description="Forms, such as 8-K, 6-K, 10-Q.")
    seconds: float = Field(60.0, gt=0, description="Seconds between two polls.")
    max_filing_bytes: int = Field(20_000_000, ge=1000, description="Of a larger filing only the header is read.")
    server: str = Field("https://www.sec.gov", description="Address of the archive, or of a mirror.")


class _Entry(NamedTuple):
    accession: str
    cik: str
    form: str
    url: str


class EdgarSource(PolledSource):
    """The cursor holds, per form, the accessions seen last (`seen.FORM`), and the day that is to be filled (`fill`)."""

    def __init__(self, name: str, options: EdgarOptions, around: Surroundings) -> None:
        if not around.settings.contact:
            raise SourceError(f"source {name}: the SEC asks for a contact; set ingest.contact to your mail address")
        super().__init__(ledger_key(name, options), reading_of(name, options), options.seconds, around.clock)
        self._options = options
        self._asker = Asker(
            around.settings, around.clock, per_second=PER_SECOND, max_bytes=options.max_filing_bytes, accept="*/*"
        )
        self._ids = {
            each.value.lstrip("0"): instrument.id
            for instrument in around.catalogue.companies
            for each in instrument.identifiers
            if each.scheme == "cik"
        }
        self._failures: dict[str, int] = {}

    def poll(self, cursor: Cursor, stop: threading.Event) -> Iterator[Batch]:
        """The filings of all forms that are new, and one more day of a gap where its index is there."""
        for form in self._options.forms:
            for batch in self._current(form, cursor, stop):
                yield batch
                cursor = batch.cursor
        if cursor.get("fill"):
            for batch in self._filled(cursor, stop):
                yield batch
                cursor = batch.cursor

    # -- the feed of current filings

    def _current(self, form: str, cursor: Cursor, stop: threading.Event) -> Iterator[Batch]:
        key = f"seen.{form}"
        seen = str(cursor.get(key, "")).split()
        new, met = self._new(form, set(seen), stop)
        if seen and not met:
            day = str(cursor.get("day") or self._today().isoformat())
            cursor = cursor | {"fill": min(str(cursor.get("fill") or day), day)}
            log.warning("%s: more filings than the feed shows; the daily index from %s on fills the gap", self.key, day)
        cursor = cursor | {"day": self._today().isoformat()}
        if not new:
            yield Batch([], cursor)
        for start in range(0, len(new), _AT_ONCE):
            part = new[start : start + _AT_ONCE]
            items = [self._fetched(entry, stop) for entry in part]
            seen = [*seen, *(entry.accession for entry in part)][-_REMEMBERED:]
            yield Batch(items, cursor := cursor | {key: " ".join(seen)})

    def _new(self, form: str, seen: set[str], stop: threading.Event) -> tuple[list[_Entry], bool]:
        """Entries that are not in `seen`, oldest first, each accession once; whether the feed led back to `seen`."""
        found: dict[str, _Entry] = {}
        for page in range(MOST_PAGES if seen else 1):
            entries = self._page(form, page * PAGE, stop)
            for entry in entries:
                if entry.accession in seen:
                    return list(found.values())[::-1], True
                found.setdefault(entry.accession, entry)
            if len(entries) == 0:
                break
        return list(found.values())[::-1], False

    def _page(self, form: str, start: int, stop: threading.Event) -> list[_Entry]:
        address = (
            f"{self._options.server}/cgi-bin/browse-edgar?action=getcurrent&type={quote(form)}&company=&dateb=&"
            f"owner=include&start={start}&count={PAGE}&output=atom"
        )
        answer = self._asker.get(address, stop, also=(_UNAVAILABLE,) if start else ())
        if answer.status != OK:  # behind its last page the feed answers with a page of HTML
            return []
        try:
            feed = feed_readers().read(answer.body, address=answer.address)
        except NotAFeed as error:
            if start:
                return []
            raise PollFailed(f"not a feed: {error}") from error
        entries = (_entry(item.external_id, item.url, item.title) for item in feed.items)
        return [entry for entry in entries if entry and entry.form in (form, f"{form}/A")]

    # -- the daily index

    def _filled(self, cursor: Cursor, stop: threading.Event) -> Iterator[Batch]:
        day = max(date.fromisoformat(str(cursor["fill"])), self._today() - timedelta(days=_MOST_DAYS))
        entries = self._index(day, stop)
        if entries is None and (self._today() - day).days < _INDEX_LATE_DAYS and day.weekday() < 5:
            return  # it comes in the evening
        done = str(cursor.get("filled", "")) if cursor.get("filled_day") == day.isoformat() else ""
        for start in range(int(done or 0), len(entries or ()), _AT_ONCE):
            part = (entries or [])[start : start + _AT_ONCE]
            items = [self._fetched(entry, stop) for entry in part]
            cursor = cursor | {"filled": start + len(part), "filled_day": day.isoformat()}
            yield Batch(items, cursor)
        rest = {name: value for name, value in cursor.items() if name not in {"fill", "filled", "filled_day"}}
        following = day + timedelta(days=1)
        yield Batch([], rest if following > self._today() else rest | {"fill": following.isoformat()})

    def _index(self, day: date, stop: threading.Event) -> list[_Entry] | None:
        """The filings of a day; None where there is no index of it."""
        quarter = (day.month + 2) // 3
        address = f"{self._options.server}/Archives/edgar/daily-index/{day.year}/QTR{quarter}/master.{day:%Y%m%d}.idx"
        answer = self._asker.get(address, stop, also=(NOT_FOUND, _FORBIDDEN))
        if answer.status != OK:
            return None
        wanted = {each for form in self._options.forms for each in (form, f"{form}/A")}
        found: dict[str, _Entry] = {}
        for line in answer.body.decode("latin-1").splitlines():
            cells = line.split("|")
            if len(cells) == 5 and cells[2] in wanted:
                accession = cells[4].rpartition("/")[2].removesuffix(".txt")
                if is_accession(accession) and cells[0].isdecimal():
                    found.setdefault(accession, _Entry(accession, cells[0], cells[2], ""))
        return list(found.values())

    # -- one filing

    def _fetched(self, entry: _Entry, stop: threading.Event) -> RawItem | Rejected:
        """The filing as an item; refused after a few tries, so that it does not keep the others back."""
        try:
            item = self._filing(entry, stop)
        except (PollFailed, NotAFiling) as error:
            if stop.is_set() or not self._is_given_up(entry.accession, error):
                raise PollFailed(f"filing {entry.accession}: {error}", getattr(error, "retry_after", 0.0)) from error
            return Rejected("undecodable", f"filing {entry.accession}: {error}", dict(entry._asdict()))
        self._failures.pop(entry.accession, None)
        return item

    def _is_given_up(self, accession: str, error: Exception) -> bool:
        """After the third try; what a server says in general (too many, unavailable) is not the filing's fault."""
        if isinstance(error, PollFailed) and error.status != NOT_FOUND and not error.too_large:
            return False
        self._failures[accession] = self._failures.get(accession, 0) + 1
        return self._failures[accession] >= _TRIES

    def _filing(self, entry: _Entry, stop: threading.Event) -> RawItem:
        folder = f"{self._options.server}/Archives/edgar/data/{entry.cik}"
        plain = entry.accession.replace("-", "")
        try:
            body = self._asker.get(f"{folder}/{entry.accession}.txt", stop).body
        except PollFailed as error:
            if not error.too_large:
                raise
            body = self._asker.get(f"{folder}/{plain}/{entry.accession}.hdr.sgml", stop).body
        filing = read_filing(body.decode("utf-8", "replace"), entry.accession)
        known = [self._ids[cik] for cik in filing.ciks if cik in self._ids]
        url = entry.url or f"{folder}/{plain}/{entry.accession}-index.htm"
        return item_of(filing, known[:1] or list(filing.companies[:1]), url)

    def _today(self) -> date:
        return to_datetime(self._clock.now()).astimezone(EXCHANGE).date()


def _entry(tag: str, url: str, title: str) -> _Entry | None:
    accession = tag.rpartition("=")[2]
    cik = _CIK.search(urlsplit(url).path)
    if not is_accession(accession) or cik is None:
        return None
    return _Entry(accession, cik[1], title.partition(" - ")[0].strip(), url)


KIND: Final = SourceKind("Filings at the SEC, as they are accepted", EdgarOptions, EdgarSource)
