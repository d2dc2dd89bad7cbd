"""Exact counts over archived documents, with what was counted in words.

A company is that of the source's own field, where documents have one; else what the linker read in the text. Of an item
the newest version counts, and days are days of publication in the exchange's zone.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from shared.asking.answering.trend import period_of, tones
from shared.asking.understanding.counting import Counting
from shared.asking.understanding.times import Days
from shared.clock import to_datetime, to_micros
from shared.contract.archive import DOCUMENTS, OPINIONS, words_of
from shared.contract.events import MARKET, InvalidMessage, Opinion, decode_opinion
from shared.event_classes.selection import classes_of, classes_of_all, event_words, recorded_as
from shared.reading.archive.candidates import deletions
from shared.reading.archive.tables import ArchiveTables, all_of, any_of
from shared.reading.deleted import is_gone


class Kept(msgspec.Struct, gc=False):
    """What counting needs of a document."""

    id: str
    published_at: int
    available_at: int
    title: str = ""
    text: str = ""
    external_id: str = ""
    companies: tuple[str, ...] = ()
    item: str = ""


class Counted(NamedTuple):
    """`number`: the count, or the winner's; `winners`: (name, number), best first; `by_field`: whose companies."""

    number: int
    winners: tuple[tuple[str, int], ...]
    documents: tuple[Kept, ...]  # counted, or behind the winners; the latest first
    by_field: bool
    tones: dict[str, float] = {}  # noqa: RUF012 - of a trend: period -> mean score


_decoder = msgspec.json.Decoder(Kept)


def count(
    tables: ArchiveTables, counting: Counting, days: Days | None, day: date, where: str, zone: ZoneInfo
) -> Counted:
    """`day`: nothing published later. `where`: what was known at the moment."""
    span = days or Days(date(1970, 1, 1), day)
    documents = documents_of(tables, Days(span.first, min(span.last, day)), where, zone)
    by_field = not counting.events and sum(bool(each.companies) for each in documents) * 2 >= len(documents)
    if counting.events:
        about = with_events(tables, counting.events, where)
        documents = [each for each in documents if each.id in about]
    else:
        about = {each.id: each.companies for each in documents} if by_field else linked(tables, where)
    fitting = [each for each in documents if _holds(each, counting)]
    if counting.operation == "difference":
        sides = [[each for each in fitting if company in about.get(each.id, ())] for company in counting.companies]
        winners = tuple((company, len(side)) for company, side in zip(counting.companies, sides, strict=True))
        both = {each.id: each for side in sides for each in side}
        return Counted(winners[0][1] - winners[1][1], winners, latest(both.values()), by_field)
    if counting.companies:
        wanted = set(counting.companies)
        fitting = [each for each in fitting if wanted & set(about.get(each.id, ()))]
    if counting.operation == "trend":
        return _trend(tables, counting, fitting, where, zone)._replace(by_field=by_field)
    if counting.operation == "companies":
        names = {company for each in fitting for company in about.get(each.id, ())} - {MARKET}
        return Counted(len(names), (), latest(fitting), by_field)
    if counting.operation == "documents":
        each_one = counting.companies if len(counting.companies) > 1 else ()
        named = tuple((name, sum(name in about.get(each.id, ()) for each in fitting)) for name in each_one)
        return Counted(len(fitting), named, latest(fitting), by_field)
    return _top(counting, fitting, about, by_field, zone)


def _trend(tables: ArchiveTables, counting: Counting, fitting: Sequence[Kept], where: str, zone: ZoneInfo) -> Counted:
    """By the day, week or month, in order."""
    if not fitting:
        return Counted(0, (), (), True)
    days = {each.id: to_datetime(each.published_at).astimezone(zone).date() for each in fitting}
    first, last = min(days.values()), max(days.values())
    behind: dict[str, list[str]] = defaultdict(list)
    for name, day in days.items():
        behind[period_of(day, first, last)].append(name)
    tone = tones(tables, counting.companies, where, behind) if counting.companies else {}
    numbers = tuple((period, len(behind[period])) for period in sorted(behind))
    return Counted(len(fitting), numbers, latest(fitting), True, tone)


def _top(
    counting: Counting, fitting: Sequence[Kept], about: dict[str, tuple[str, ...]], by_field: bool, zone: ZoneInfo
) -> Counted:
    behind: dict[str, list[Kept]] = defaultdict(list)
    for each in fitting:
        published = to_datetime(each.published_at).astimezone(zone).date()
        if counting.operation == "top companies":
            names: Iterable[str] = (name for name in about.get(each.id, ()) if name != MARKET)
        elif counting.operation == "top month":
            names = (f"{published:%Y-%m}",)
        elif counting.operation == "top week":
            names = (f"{published - timedelta(days=published.weekday())}",)
        else:
            names = (f"{published}",)
        for name in names:
            behind[name].append(each)
    numbers = Counter({name: len(mine) for name, mine in behind.items()})
    best = sorted(numbers.items(), key=lambda pair: (-pair[1], pair[0]))[: counting.most]
    documents = {each.id: each for name, _ in best for each in behind[name]}
    return Counted(best[0][1] if best else 0, tuple(best), latest(documents.values()), by_field)


def documents_of(tables: ArchiveTables, days: Days, where: str, zone: ZoneInfo) -> list[Kept]:
    """Published on these days, each item once, without what is gone at its source."""
    begin = _midnight(days.first, zone)
    end = _midnight(days.last + timedelta(days=1), zone)
    condition = all_of(f"available_at >= {begin}", "document_id NOT LIKE '-%'", where)
    found = tables.rows(DOCUMENTS, ["value"], condition)
    newest: dict[str, Kept] = {}
    for value in found.column("value").to_pylist() if found is not None else ():
        each = _decoder.decode(value)
        known = newest.get(each.item or each.id)
        if begin <= each.published_at < end and (
            known is None or (each.available_at, each.id) > (known.available_at, known.id)
        ):
            newest[each.item or each.id] = each
    gone = _gone(tables)
    return [each for each in newest.values() if not is_gone(each.item, each.available_at, gone)]


def _gone(tables: ArchiveTables) -> dict[str, int]:
    found = tables.rows(DOCUMENTS, ["document_id"], "document_id LIKE '-%'")
    items = [name[1:] for name in found.column("document_id").to_pylist()] if found is not None else []
    return deletions(tables, items)


def _midnight(day: date, zone: ZoneInfo) -> int:
    return to_micros(datetime.combine(day, time(), zone))


def linked(tables: ArchiveTables, where: str) -> dict[str, tuple[str, ...]]:
    found = tables.rows(OPINIONS, ["document_id", "company"], all_of("kind = 'opinion'", where))
    about: dict[str, dict[str, None]] = defaultdict(dict)
    for row in found.to_pylist() if found is not None else ():
        about[row["document_id"]][row["company"]] = None
    return {name: tuple(companies) for name, companies in about.items()}


def with_events(tables: ArchiveTables, events: Sequence[str], where: str) -> dict[str, tuple[str, ...]]:
    """Document -> the companies of which it tells one of these classes or groups, first or second; what a rule dropped
    counts nowhere."""
    wanted = classes_of_all(events)
    names = recorded_as(wanted)
    told = f"({any_of('event', names)} OR {any_of('second_event', names)})"
    rows = tables.rows(OPINIONS, ["document_id", "value"], all_of("kind = 'opinion'", told, where))
    about: dict[str, dict[str, None]] = defaultdict(dict)
    for row in rows.to_pylist() if rows is not None else ():
        try:
            opinion = decode_opinion(row["value"])
        except InvalidMessage:
            continue
        if (
            isinstance(opinion, Opinion)
            and not opinion.dropped
            and {opinion.event_class, opinion.second_event} & wanted
        ):
            about[row["document_id"]][opinion.company] = None
    return {name: tuple(companies) for name, companies in about.items()}


def _holds(each: Kept, counting: Counting) -> bool:
    if not counting.words:
        return True
    words = f" {' '.join(words_of(each.title if counting.titles else f'{each.title} {each.text}'))} "
    return all(any(f" {form} " in words for form in forms) for forms in counting.words)


def latest(documents: Iterable[Kept]) -> tuple[Kept, ...]:
    return tuple(sorted(documents, key=lambda each: (-each.published_at, each.id)))


def told(counting: Counting, found: Counted, names: dict[str, str]) -> tuple[str, int | str | list[str]]:
    """The answer in words, and its value."""
    if counting.operation == "companies":
        of = f" with {_events(counting)}" if counting.events else ""
        return f"{found.number:,} {'company' if found.number == 1 else 'companies'}{of}", found.number
    if counting.operation == "documents":
        each_one = "; ".join(f"{_called(name, names)}: {number:,}" for name, number in found.winners)
        return f"{_stories(found.number, counting)}{f' ({each_one})' if each_one else ''}", found.number
    if counting.operation == "trend":
        shown = [
            f"{period}: {_stories(number, counting)}"
            + (f", tone {found.tones[period]:+.2f}" if period in found.tones else "")
            for period, number in found.winners
        ]
        return "; ".join(shown) or "No stories", [f"{period}: {number}" for period, number in found.winners]
    if counting.operation == "difference":
        (first, one), (second, other) = found.winners
        of = f" ({_events(counting)})" if counting.events else ""
        return f"{found.number:,} more{of}: {first} {one:,}, {second} {other:,}", found.number
    winners = [name for name, _ in found.winners]
    said = "; ".join(f"{_called(name, names)}: {_stories(number, counting)}" for name, number in found.winners)
    return said or "None", (winners[0] if counting.most == 1 and winners else winners)


def _stories(number: int, counting: Counting) -> str:
    of = f" of {_events(counting)}" if counting.events else ""
    return f"{number:,} {'story' if number == 1 else 'stories'}{of}"


def _events(counting: Counting) -> str:
    return " or ".join(event_words(name) for name in counting.events)


def _called(name: str, names: dict[str, str]) -> str:
    if name[:2].isdigit() and len(name) == 7 and name[4] == "-":
        return f"{date.fromisoformat(f'{name}-01'):%B %Y} ({name})"
    shown = names.get(name, name)
    return name if shown == name else f"{shown} ({name})"


def in_words(counting: Counting, days: Days | None, day: date, by_field: bool, names: dict[str, str]) -> str:
    """What was counted: documents, filters, days, and whose companies they are."""
    parts = ["different companies of stories" if counting.operation == "companies" else "different stories"]
    if counting.companies:
        joined = {"difference": " less those about ", "compare": " and about "}.get(counting.operation, " or ")
        parts.append("about " + joined.join(_called(company, names) for company in counting.companies))
    for name in counting.events:
        kinds = f": {', '.join(event_words(each) for each in classes_of(name))}" if len(classes_of(name)) > 1 else ""
        parts.append(f"that tell of {event_words(name)} as the model reads them{kinds}, each story once")
    for forms in counting.words:
        parts.append(f"whose {'title' if counting.titles else 'title or text'} holds one of: {', '.join(forms)}")
    parts.append(f"published {days.first} to {days.last}" if days else f"published until {day}")
    if counting.operation == "trend":
        parts.append("by day, week or month, as long as the stretch is; tone is the mean of the opinions, from -1 to 1")
    if counting.operation == "compare":
        parts.append("tone is the mean of the opinions on each, from -1 to 1, of what was written and not of prices")
    if counting.operation.startswith("top"):
        parts.append(f"by {counting.operation.removeprefix('top ')}")
    if counting.companies or "compan" in counting.operation:
        parts.append("companies by the source's own field" if by_field else "companies by what was read in the text")
    return ", ".join(parts)
