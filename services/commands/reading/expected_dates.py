"""`bellwether calendar …`: the dates that are expected."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.commands.options import Json, JsonLines, OptionError, State, say, say_files, settings_of

if TYPE_CHECKING:
    from shared.universe.expected.expected import Expected

calendar_app = typer.Typer(help="Expected dates: earnings, central banks (docs/strategies.md).", no_args_is_help=True)


@calendar_app.callback()
def about() -> None:
    """The dates that are expected."""


@calendar_app.command("list")
def list_(
    company: Annotated[str | None, typer.Argument(help="A company's id, ticker or name (default: all).")] = None,
    at: Annotated[str, typer.Option("--at", help="Only what was known then, for example, 2026-04-01T12:00Z.")] = "",
    state: State = None,
    as_json: JsonLines = False,
) -> None:
    """List the dates that STATE/events.csv and expected.files name, in order, with when each became known."""
    from shared.universe.expected.known_dates import Calendar
    from shared.universe.securities import Catalogue

    settings_of(state)
    calendar = Calendar.load()
    found = calendar.dates
    if company is not None:
        catalogue = Catalogue.load()
        known = catalogue.by_id.get(company) or catalogue.resolve(company)
        if known is None:
            raise OptionError(f"no company is known as {company!r}; find it: bellwether universe search {company!r}")
        found = calendar.of(known.id)
    if at:
        moment = _moment(at)
        found = [each for each in found if each.known_at(moment)]
    for each in found:
        say(_plain(each), _line(each), as_json=as_json)


@calendar_app.command()
def check(
    files: Annotated[list[Path], typer.Argument(help="CSV with date, kind, and ticker or market, or more.")],
    state: State = None,
    as_json: Json = False,
) -> None:
    """Check files of expected dates: what is wrong is named with its line and the remedy, and exits with 1."""
    from shared.universe.expected.dates_file import read_expected
    from shared.universe.securities import Catalogue

    settings_of(state)
    done = {str(path): read_expected(path, Catalogue.load()) for path in files}
    say_files(done.items(), "dates", "expected date", _plain, _line, as_json=as_json)


def _moment(text: str) -> int:
    from datetime import datetime

    from shared.clock import to_micros

    try:
        return to_micros(datetime.fromisoformat(text))
    except ValueError:
        raise OptionError(f"--at {text}: write a time with its zone, for example, 2026-04-01T12:00Z") from None


def _plain(each: Expected) -> dict[str, Any]:
    from shared.clock import to_iso

    return {
        "date": each.day.isoformat(),
        "time": "" if each.all_day else to_iso(each.begin),
        "company": each.company,
        "market": each.market,
        "kind": each.kind,
        "note": each.note,
        "known_from": to_iso(each.known_from),
        "known_until": to_iso(each.known_until) if each.known_until is not None else "",
        "source": each.source,
    }


def _line(each: Expected) -> str:
    row = _plain(each)
    until = f" until {row['known_until'][:16]}Z" if row["known_until"] else ""
    moment = f" {row['time'][11:16]}Z" if row["time"] else ""
    whose = each.company or ("all" if each.market == "*" else each.market)
    note = f" ({each.note})" if each.note else ""
    return f"{row['date']}{moment:7} {whose:10} {each.kind}{note}, known from {row['known_from'][:16]}Z{until}"
