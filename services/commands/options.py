"""What commands share: options as annotated types, the settings that they stand for, and how an answer is printed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo

import typer

from shared.contract.events import CHANNELS, Channel
from shared.settings import Settings, load_settings

T = TypeVar("T")

State = Annotated[Path | None, typer.Option("--state", help="State folder (default: one per user).")]
Run = Annotated[str | None, typer.Option("--run", help="Name of the run (default: the one that is up, else live).")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON as the last line.")]
JsonLines = Annotated[bool, typer.Option("--json", help="Print one JSON object per line.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, help="Show at most this many.")]
Company = Annotated[str | None, typer.Option("--company", help="Only this company.")]
# of the archive
OpinionEvent = Annotated[str | None, typer.Option("--event", help="Only with an opinion of this class or group.")]
BoundedLimit = Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="Show at most this many.")]

Begin = Annotated[
    str | None,
    typer.Option("--from", help="Only what became available at this time or later: ISO 8601, UTC if no zone is given."),
]
End = Annotated[str | None, typer.Option("--to", help="Only what became available before this time.")]

# of a file of documents
Mapping = Annotated[
    list[str] | None,
    typer.Option(
        "--map", help="FIELD=column,…: the file's names for our fields; FIELD= ignores a field. May be repeated."
    ),
]
Timezone = Annotated[
    str, typer.Option("--timezone", help="Time zone of the exchange: a bare date counts from the next midnight there.")
]
DateFormat = Annotated[
    str,
    typer.Option("--date-format", help="Form of the file's times, as %d/%m/%Y %H:%M; without %z they are UTC."),
]
Encoding = Annotated[
    str, typer.Option("--encoding", help="Encoding of the file, as cp1252 or utf-16 (default: told from the file).")
]
Columns = Annotated[str, typer.Option("--columns", help="NAME,…: the columns of a CSV or .xlsx file without a header.")]
Preset = Annotated[
    str,
    typer.Option(
        "--preset",
        help="Layout of a known data set: sentiment140, fnspid, benzinga-raw, benzinga-ratings, kaggle-stock-tweets, "
        "kaggle-company-tweets, kaggle-wallstreetbets.",
    ),
]
NEW_YORK = "America/New_York"


class OptionError(ValueError):
    """A value that an option does not take; the text names the option, the value and what is possible."""


def settings_of(state: Path | None, run: str | None = None, **overrides: Any) -> Settings:
    """The settings that `--state` and `--run` stand for. Raises SettingsError naming the bad setting."""
    return load_settings(state, **overrides, **({"run": run} if run else {}))


def say(values: object, words: str | Iterable[str], *, as_json: bool) -> None:
    """Print an answer: `values` (plain data or msgspec structs) as one line of JSON, or else `words`, a line each."""
    if as_json:
        print_json(values)
        return
    for line in (words,) if isinstance(words, str) else words:
        typer.echo(line)


def print_json(values: object) -> None:
    """Plain data or msgspec structs as one line of JSON."""
    typer.echo(json.dumps(values, default=_plain))


def _plain(value: object) -> object:
    import msgspec

    return msgspec.to_builtins(value)


def count(number: int, noun: str) -> str:
    """`1 item`, `2,000 items`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def say_files(
    read: Collection[tuple[str, Sequence[T]]],
    key: str,
    noun: str,
    plain: Callable[[T], Any],
    line: Callable[[T], str],
    *,
    as_json: bool,
) -> None:
    """Print what files hold, as (file, its things): `key` names these in JSON, `noun` in words, a line each."""
    values = [{"file": file, key: [plain(each) for each in found]} for file, found in read]
    words = [
        text
        for file, found in read
        for text in (f"{file}: {count(len(found), noun)}", *(f"  {line(each)}" for each in found))
    ]
    say(values, words, as_json=as_json)


def note(text: str) -> None:
    """A line for a person on standard error, where it does not mix with the answer."""
    typer.echo(text, err=True)


def note_more(shown: int, found: int) -> None:
    """That a list was cut, where `--limit` cut it."""
    if found > shown:
        note(f"{shown:,} of {found:,}; see more with --limit")


def text_or_file(text: str | None, file: Path | None) -> None:
    """Refuses both at once, and neither where nothing is piped in. Raises typer.BadParameter."""
    if text is not None and file is not None:
        raise typer.BadParameter("give either a text or --file")
    if text is None and file is None and sys.stdin.isatty():
        raise typer.BadParameter("give a text or --file, or pipe a text in")


def between(begin: str | None, end: str | None) -> tuple[int | None, int | None]:
    """`--from` and `--to` in microseconds; None where one is open. Raises OptionError."""
    first = None if begin is None else instant(begin, "--from")
    last = None if end is None else instant(end, "--to")
    if first is not None and last is not None and first >= last:
        raise OptionError(f"--from {begin} is not before --to {end}; the range is empty")
    return first, last


def instant(text: str, option: str) -> int:
    """Microseconds of a date or time in any form that files may use; without a zone it is UTC, and a date is its start.
    Raises OptionError naming the option."""
    from services.ingest.documents.dates.times import UnreadableTime, parse_time

    try:
        return parse_time(text, ZoneInfo("UTC")).micros
    except UnreadableTime:
        example = "use, for example, 2024-03-01 or 2024-03-01T14:30:00Z"
        raise OptionError(f"{option} {text}: not a date or time; {example}") from None


def date_format_of(text: str) -> str:
    """The value of `--date-format`; "" stays. Raises OptionError."""
    from services.ingest.documents.dates.wall_time import check_date_format

    try:
        return check_date_format(text) if text else ""
    except ValueError as error:
        raise OptionError(f"--date-format {text}: {error}") from None


def channel_of(text: str) -> Channel:
    """The value of `--channel`. Raises OptionError."""
    for channel in CHANNELS:
        if channel == text:
            return channel
    raise OptionError(f"--channel {text}: not a channel; use {' or '.join(CHANNELS)}")


def event_of(text: str | None) -> str:
    """The value of `--event`: a class or a group; "" where there is none. Raises OptionError."""
    from shared.event_classes.selection import UnknownEvent, about_former, event_name

    if text is None:
        return ""
    try:
        name = event_name(text)
    except UnknownEvent as error:
        raise OptionError(f"--event {text}: {error}") from None
    if said := about_former(name):
        note(said)
    return name


def timezone_of(text: str) -> ZoneInfo:
    """The value of `--timezone`. Raises OptionError."""
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        raise OptionError(f"--timezone {text}: not a time zone; use, for example, America/New_York or UTC") from None
