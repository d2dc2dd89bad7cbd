"""`bellwether stories`: what is being told, since when, by how many, about whom, and what followed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.commands.options import (
    Begin,
    BoundedLimit,
    Company,
    End,
    Json,
    OpinionEvent,
    OptionError,
    Run,
    State,
    between,
    event_of,
    note,
    say,
)
from services.commands.options import settings_of as _settings_of
from services.commands.then import moment_of

if TYPE_CHECKING:
    from shared.reading.stories.listing import By


def stories(
    key: Annotated[
        str | None, typer.Argument(help="One story by its key: its documents, its copies, what followed.")
    ] = None,
    company: Company = None,
    event: OpinionEvent = None,
    begin: Begin = None,
    end: End = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="Only what was known at this moment, wall clock: ISO 8601.")
    ] = None,
    by: Annotated[str, typer.Option("--by", help="told (by most documents first) or newest.")] = "told",
    limit: BoundedLimit = 20,
    state: State = None,
    run: Run = None,
    as_json: Json = False,
) -> None:
    """List the stories of a stretch of time (default: the seven days up to the newest opinion), or show one of them."""
    from shared.reading.archive.tables import ArchiveTables
    from shared.reading.stories.listing import Question, told_stories
    from shared.reading.stories.rows import told_row

    settings = _settings_of(state, run)
    tables = ArchiveTables.of(settings)
    first, last = between(begin, end)
    known = moment_of(as_of)
    if key is not None:
        _show(tables, key, last, known, as_json=as_json)
        return
    question = Question(_id(company), event_of(event), first, last, known, _by(by), limit)
    answer = told_stories(tables, question)
    rows = [told_row(each) for each in answer.told]
    say({"run": settings.run, "stories": answer.stories, "told": rows}, map(_line, rows), as_json=as_json)
    if not as_json:
        note(f"{answer.stories:,} told in this stretch, {len(rows):,} shown; one of them: bellwether stories KEY")


def _show(tables: Any, key: str, end: int | None, known: int | None, *, as_json: bool) -> None:
    from shared.reading.stories.detail import whole_story
    from shared.reading.stories.rows import whole_row

    found = whole_story(tables, key, end, known)
    if found is None:
        raise OptionError(f"{key}: no story is told under this key; list them with: bellwether stories")
    row = whole_row(found)
    say(row, _lines(row), as_json=as_json)


def _id(company: str | None) -> str:
    """The id that somebody means by an id, a ticker or a name; what the universe does not know stays as it is."""
    from shared.universe.securities import Catalogue

    if not company:
        return ""
    catalogue = Catalogue.load()
    known = catalogue.by_id.get(company) or catalogue.resolve(company)
    return known.id if known else company


def _by(text: str) -> By:
    from shared.reading.stories.listing import WAYS

    for way in WAYS:
        if way == text:
            return way
    raise OptionError(f"--by {text}: use one of: {', '.join(WAYS)}")


def _line(row: dict[str, Any]) -> str:
    companies = " ".join(each["company"] for each in row["companies"][:4])
    count = f"{row['documents']:4,} by {row['sources']:3,}"
    return f"{row['key']}  {row['first_at'][:16]}  {count}  {_signed(row['sentiment'])}  {companies:16} {_title(row)}"


def _lines(row: dict[str, Any]) -> Iterator[str]:
    yield _title(row)
    yield f"told from {row['first_at']} to {row['last_at']} in {row['documents']:,} documents"
    lean, first, last = (_signed(row[name]) for name in ("sentiment", "sentiment_first", "sentiment_last"))
    yield f"sentiment {lean}, in its first hour {first}, in its last {last}"
    for each in row["effects"]:
        before, since, own = (_signed(each[name]) for name in ("sentiment_before", "sentiment_since", "by_this_story"))
        yield f"  {each['company']:12} {before} before, {since} since; by this story {own}"
    for each in row["told"]:
        copy = "  (copy)" if each["copy_of"] else ""
        yield f"  {each['available_at'][:16]}  {each['source']:20} {_title(each)}{copy}"
    for word, links in (("follows", row["follows"]), ("followed by", row["followed_by"])):
        for link in links:
            yield f"{word}  {link['key']}  {link['first_at'][:16]}  {link['likeness']:.2f}  {_title(link)}"


def _title(row: dict[str, Any]) -> str:
    return (row["title"] or f"({row.get('withheld') or 'no title'})").replace("\n", " ")[:100]


def _signed(value: float | None) -> str:
    return "    -" if value is None else f"{value:+.2f}"
