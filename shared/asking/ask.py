"""Ask: from a question to an answer that holds sentences of cited documents and exact counts, and nothing else.

The same question over the same archive as of the same moment gives the same bytes.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from shared.asking.answering import citing, comparing, confidence, counts, evidence, sentences
from shared.asking.reply import Quote, Reply, Request
from shared.asking.understanding.counting import Counting, counting
from shared.asking.understanding.question import Asked, understand
from shared.clock import to_datetime, to_iso, to_micros
from shared.contract.archive import DOCUMENTS
from shared.contract.events import Document, decode_document
from shared.reading.archive.candidates import rows_of
from shared.reading.archive.tables import ArchiveTables, NoArchive, all_of
from shared.universe.securities import Catalogue

EXCHANGE: Final = ZoneInfo("America/New_York")  # in whose days documents are published
MOST_CHARS: Final = 1_000  # of a question
MOST_BEFORE: Final = 10  # questions of a conversation that one leans on
RETRIEVED: Final = 20
SENTENCES: Final = 3  # of a text, beside its title


class UnreadableQuestion(ValueError):
    """Nothing that can be asked; the text says why."""


class Asker:
    """Asks one archive. Thread-safe."""

    def __init__(self, tables: ArchiveTables, catalogue: Catalogue) -> None:
        self._tables, self._catalogue = tables, catalogue

    def ask(self, request: Request) -> Reply:
        """Raises UnreadableQuestion, and NoArchive where nothing was ever archived."""
        texts = [_readable(each) for each in (*request.before[-MOST_BEFORE:], request.question)]
        known = f"appended_at <= {request.known_before}" if request.known_before is not None else ""
        moment = asked_moment(request.asked_at) if request.asked_at else whole_day(self._newest_day(known))
        day = moment.day
        where = all_of(f"available_at <= {moment.end}", known)
        asked: Asked | None = None
        for text in texts:
            asked = understand(text, day, self._catalogue, asked)
        assert asked is not None
        wanted = counting(asked)
        if wanted is not None and wanted.operation == "compare":
            return self._compared(asked, wanted, where)
        return self._counted(asked, wanted, where) if wanted else self._quoted(asked, where)

    def _newest_day(self, known: str) -> date:
        """The day on which the newest document was published."""
        found = self._tables.rows(DOCUMENTS, ["available_at"], all_of("document_id NOT LIKE '-%'", known))
        if found is None or not found.num_rows:
            self._tables.pinned(DOCUMENTS)
            raise NoArchive("the archive has no document yet; see: bellwether archive status")
        newest = max(found.column("available_at").to_pylist())
        rows = self._tables.rows(DOCUMENTS, ["value"], all_of(f"available_at = {newest}", known)).to_pylist()
        documents = [decode_document(row["value"]) for row in rows]
        latest = max(each.published_at for each in documents if isinstance(each, Document))
        return to_datetime(latest).astimezone(EXCHANGE).date()

    def _quoted(self, asked: Asked, where: str) -> Reply:
        gathered = evidence.gather(self._tables, asked, where, EXCHANGE)
        cited = citing.cited(asked, gathered.weighed, gathered.found)
        sure = confidence.confidence(asked, gathered.weighed, cited)
        looked_for = _looked_for(asked, self._catalogue)
        retrieved = [_name(each.document.external_id, each.document.id) for each in gathered.found[:RETRIEVED]]
        if sure < confidence.ENOUGH:
            answer = f"The archive holds nothing that answers this. Looked for: {looked_for}."
            return _reply(asked, answer, looked_for, refused=True, sure=sure, retrieved=retrieved)
        quotes = [
            _quote(sentence, each.document)
            for each in cited
            for sentence in sentences.chosen(
                each.document.title, each.document.text, gathered.weighed, asked.kind, SENTENCES
            )
        ]
        return _reply(asked, _told(quotes), looked_for, sure=sure, retrieved=retrieved, quotes=quotes)

    def _compared(self, asked: Asked, wanted: Counting, where: str) -> Reply:
        """Numbers of each company, and the document that tells most of it."""
        sides, by_field = comparing.side_by_side(self._tables, wanted, asked.days, asked.day, where, EXCHANGE)
        names = {company: self._catalogue.get(company).name for company in wanted.companies}
        query = counts.in_words(wanted, asked.days, asked.day, by_field, names)
        if not any(side.documents for side in sides):
            answer = f"The archive holds nothing of them. Counted: {query}."
            return _reply(asked, answer, query, refused=True, sure=0.0, retrieved=[])
        answer, value = comparing.told(sides, names)
        cited = self._documents([side.telling for side in sides if side.telling], where)
        quotes = [
            _quote(each.title or sentences.sentences_of(each.text)[0], each)
            for each in cited
            if each.title or sentences.sentences_of(each.text)
        ]
        retrieved = [each.external_id or each.id for each in cited]
        retrieved += [_name(each.external_id, each.id) for side in sides for each in side.documents]
        return _reply(
            asked,
            f"{answer}. Counted: {query}.\n{_told(quotes)}",
            query,
            sure=1.0,
            retrieved=list(dict.fromkeys(retrieved))[:RETRIEVED],
            quotes=quotes,
            value=value,
        )

    def _documents(self, ids: list[str], where: str) -> list[Document]:
        """In the order of the ids, each once."""
        rows = rows_of(self._tables, DOCUMENTS, list(dict.fromkeys(ids)), ["value"], where)
        found = {row["document_id"]: decode_document(row["value"]) for row in rows}
        return [each for name in dict.fromkeys(ids) if isinstance(each := found.get(name), Document)]

    def _counted(self, asked: Asked, wanted: Counting, where: str) -> Reply:
        found = counts.count(self._tables, wanted, asked.days, asked.day, where, EXCHANGE)
        names = {
            company: self._catalogue.get(company).name
            for company in [*wanted.companies, *(name for name, _ in found.winners)]
        }
        query = counts.in_words(wanted, asked.days, asked.day, found.by_field, names)
        answer, value = counts.told(wanted, found, names)
        retrieved = [_name(each.external_id, each.id) for each in found.documents[:RETRIEVED]]
        return _reply(
            asked, f"{answer}. Counted: {query}.", query, sure=1.0, retrieved=retrieved, count=found.number, value=value
        )


def _readable(question: str) -> str:
    text = " ".join(question.split())
    if not text:
        raise UnreadableQuestion("the question is empty")
    if len(text) > MOST_CHARS:
        raise UnreadableQuestion(f"the question has {len(text):,} characters; at most {MOST_CHARS:,} are read")
    return text


class Moment(NamedTuple):
    """The day of asking in the exchange's zone, and until when documents are looked at, microseconds."""

    day: date
    end: int


def whole_day(day: date) -> Moment:
    """A bare day includes itself: also what is dated with it, and available with the midnight after it."""
    return Moment(day, to_micros(datetime.combine(day + timedelta(days=1), time(), EXCHANGE)))


def asked_moment(text: str) -> Moment:
    """Of a date, or of a moment (UTC without a zone). Raises UnreadableQuestion."""
    try:
        if len(text) == 10:
            return whole_day(date.fromisoformat(text))
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise UnreadableQuestion(
            f"asked_at {text!r} is no date; use, for example, 2026-03-01 or 2026-03-01T14:30:00Z"
        ) from None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return Moment(aware.astimezone(EXCHANGE).date(), to_micros(aware))


def _reply(
    asked: Asked,
    answer: str,
    query: str,
    *,
    sure: float,
    retrieved: list[str],
    refused: bool = False,
    quotes: list[Quote] | None = None,
    count: int | None = None,
    value: int | str | list[str] | None = None,
) -> Reply:
    return Reply(
        question=asked.text,
        kind="compare" if count is None and value is not None else asked.kind if count is None else "count",
        asked_at=asked.day.isoformat(),
        begin=asked.days.first.isoformat() if asked.days else "",
        end=asked.days.last.isoformat() if asked.days else "",
        companies=list(asked.companies),
        refused=refused,
        answer=answer,
        quotes=quotes or [],
        count=count,
        value=value,
        query=query,
        confidence=round(min(1.0, max(0.0, sure)), 3),
        retrieved=list(dict.fromkeys(retrieved)),
    )


def _name(external_id: str, document_id: str) -> str:
    return external_id or document_id


def _quote(sentence: str, document: Document) -> Quote:
    return Quote(
        text=sentence,
        external_id=document.external_id,
        document_id=document.id,
        title=document.title,
        source=document.source,
        published_at=to_iso(document.published_at),
        url=document.url,
    )


def _told(quotes: list[Quote]) -> str:
    """The sentences, by document, each document with its number, source and day."""
    said: dict[str, list[Quote]] = {}
    for quote in quotes:
        said.setdefault(quote.document_id, []).append(quote)
    parts = []
    for number, mine in enumerate(said.values(), 1):
        day = to_datetime(to_micros(datetime.fromisoformat(mine[0].published_at))).astimezone(EXCHANGE).date()
        told = " ".join(f"“{quote.text}”" for quote in mine)
        parts.append(f"{told} [{number}: {mine[0].source}, {day}]")
    return "\n".join(parts)


def _looked_for(asked: Asked, catalogue: Catalogue) -> str:
    """What was looked for, in words."""
    companies = [f"{catalogue.get(company).name} ({company})" for company in asked.companies]
    words = [each.label for each in asked.concepts if not each.company and not each.told]
    days = f"published {asked.days.first} to {asked.days.last}" if asked.days else f"published until {asked.day}"
    return ", ".join([*companies, *words, days])
