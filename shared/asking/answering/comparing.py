"""Companies side by side: how much was written of each, in which tone, of which events; and what tells most of it.

Tone is the mean of positive less negative over a company's opinions, -1 to 1: of what was written, not of prices.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from shared.asking.answering.counts import Kept, documents_of, latest, linked
from shared.asking.understanding.counting import Counting
from shared.asking.understanding.times import Days
from shared.contract.archive import OPINIONS
from shared.contract.events import MICRO, InvalidMessage, Opinion, decode_opinion
from shared.event_classes.selection import event_words
from shared.reading.archive.tables import ArchiveTables, all_of, any_of

EVENTS: Final = 2  # of a company, that are named
_NO_EVENTS: Final = ("", "other_news", "commentary", "market_summary")


class Side(NamedTuple):
    """One company. `tone`: None where no opinion on it is there; `telling`: the document that is quoted."""

    company: str
    documents: tuple[Kept, ...]  # the latest first
    tone: float | None
    positive: int  # opinions whose strongest chance this is
    negative: int
    events: tuple[tuple[str, int], ...]  # class -> stories, the most frequent first
    telling: str


def side_by_side(
    tables: ArchiveTables, counting: Counting, days: Days | None, day: date, where: str, zone: ZoneInfo
) -> tuple[list[Side], bool]:
    """In the order of the question, and whether companies are those of the source's own field."""
    span = days or Days(date(1970, 1, 1), day)
    documents = documents_of(tables, Days(span.first, min(span.last, day)), where, zone)
    by_field = sum(bool(each.companies) for each in documents) * 2 >= len(documents)
    about = {each.id: each.companies for each in documents} if by_field else linked(tables, where)
    said = _opinions(tables, counting.companies, where)
    return [
        _side(company, [each for each in documents if company in about.get(each.id, ())], said)
        for company in counting.companies
    ], by_field


def _opinions(tables: ArchiveTables, companies: Sequence[str], where: str) -> dict[tuple[str, str], Opinion]:
    """(company, document) -> what counts of what was said."""
    rows = tables.rows(OPINIONS, ["value"], all_of("kind = 'opinion'", any_of("company", companies), where))
    found: dict[tuple[str, str], Opinion] = {}
    for row in rows.to_pylist() if rows is not None else ():
        try:
            opinion = decode_opinion(row["value"])
        except InvalidMessage:
            continue
        if isinstance(opinion, Opinion) and not opinion.dropped:
            found[opinion.company, opinion.document_id] = opinion
    return found


def _side(company: str, documents: Sequence[Kept], said: dict[tuple[str, str], Opinion]) -> Side:
    heard = {each.id: said[company, each.id] for each in documents if (company, each.id) in said}
    scores = {name: opinion.positive - opinion.negative for name, opinion in heard.items()}
    tone = round(sum(scores.values()) / len(scores) / MICRO, 3) if scores else None
    events = Counter(one.event_class for one in heard.values() if one.event_class not in _NO_EVENTS)
    most = sorted(events.items(), key=lambda each: (-each[1], each[0]))[:EVENTS]
    towards = 1 if sum(scores.values()) >= 0 else -1
    newest = latest(documents)
    ranked = sorted(newest, key=lambda each: -towards * scores.get(each.id, 0) * _weight(heard.get(each.id)))
    positive = sum(one.positive > max(one.neutral, one.negative) for one in heard.values())
    negative = sum(one.negative > max(one.neutral, one.positive) for one in heard.values())
    telling = ranked[0].id if ranked else ""
    return Side(company, newest, tone, positive, negative, tuple(most), telling)


def _weight(opinion: Opinion | None) -> int:
    return opinion.relevance if opinion else 0


def told(sides: Sequence[Side], names: dict[str, str]) -> tuple[str, list[str]]:
    """The answer in words, and a value for each company."""
    said: list[str] = []
    values: list[str] = []
    for each in sides:
        number = len(each.documents)
        words = f"{_called(each.company, names)}: {number:,} {'story' if number == 1 else 'stories'}"
        if each.tone is not None:
            words += f", tone {each.tone:+.2f} ({each.positive:,} positive, {each.negative:,} negative)"
        if each.events:
            words += ", most of them " + " and ".join(f"{event_words(name)} {count:,}" for name, count in each.events)
        said.append(words)
        values.append(f"{each.company}: {number}" + (f", {each.tone:+.2f}" if each.tone is not None else ""))
    return f"{'; '.join(said)}. {_verdict(sides, names)}", values


def _verdict(sides: Sequence[Side], names: dict[str, str]) -> str:
    toned = [each for each in sides if each.tone is not None]
    if len(toned) < 2:
        return "Of fewer than two of them was anything said that has a tone"
    best = max(each.tone or 0.0 for each in toned)
    first = [_called(each.company, names) for each in toned if each.tone == best]
    if len(first) == len(toned):
        return "They were spoken of alike"
    return f"Spoken of best: {' and '.join(first)}"


def _called(name: str, names: dict[str, str]) -> str:
    shown = names.get(name, name)
    return name if shown == name else f"{shown} ({name})"
