"""`bellwether peers` and `bellwether relations …`: who is related to a company, and what is said of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.commands.options import (
    Json,
    JsonLines,
    OptionError,
    Run,
    State,
    channel_of,
    count,
    say,
    say_files,
    settings_of,
)
from services.commands.then import AsOf, asked

if TYPE_CHECKING:
    from shared.universe.relations.relation import Relation

relations_app = typer.Typer(help="How companies are related (docs/relations.md).", no_args_is_help=True)
Who = Annotated[str, typer.Argument(help="A company's id, ticker or name.")]


def peers(
    company: Who,
    window: Annotated[str, typer.Option("--window", help="1h, 6h, 24h, 7d or 30d, up to the newest opinion.")] = "24h",
    channel: Annotated[str | None, typer.Option("--channel", help="news or social (default: both).")] = None,
    as_of: AsOf = None,
    state: State = None,
    run: Run = None,
    as_json: Json = False,
) -> None:
    """Show the companies that one is related to, and what is said of them now and in the window before."""
    from shared.clients.redis import connect
    from shared.contract.events import CHANNELS
    from shared.reading.measuring.windows import WINDOWS
    from shared.reading.peers.peers import peer_row, peers_of
    from shared.reading.peers.relations import relations_of
    from shared.universe.securities import Catalogue

    settings = settings_of(state, run)
    if window not in WINDOWS:
        raise OptionError(f"--window {window}: not a window; use {', '.join(WINDOWS)}")
    channels = (channel_of(channel),) if channel else CHANNELS
    relations, catalogue = relations_of(settings), Catalogue.load()
    with connect(settings.redis) as client:
        then = asked(settings, client, as_of, None)
        found = peers_of(then.run, relations, _id(company), WINDOWS[window], channels, then.wall)
    rows = [peer_row(each, catalogue.get(each.relation.other).name) for each in found.peers]
    told = {"company": found.company, "level": found.level, "level_before": found.before, "peers": rows}
    say(told, _lines(told), as_json=as_json)


def _lines(told: dict[str, Any]) -> Iterator[str]:
    yield f"{told['company']}: {count(len(told['peers']), 'peer')}, level {_score(told['level'])}"
    for row in told["peers"]:
        moved = f" ({row['change']:+.2f})" if row["change"] is not None else ""
        said = f"{_score(row['sentiment'])}{moved} of {count(row['documents'], 'opinion')}" if row["documents"] else "-"
        yield f"  {row['company']:10} {row['kind']:11} {row['weight']:+.2f}  {row['name'][:32]:32} {said}"


def _score(value: float | None) -> str:
    return "unknown" if value is None else f"{value:+.2f}"


@relations_app.command("list")
def list_(company: Who, state: State = None, as_json: JsonLines = False) -> None:
    """List every relation of a company, with its days and where it comes from, strongest first."""
    from shared.reading.peers.relations import relations_of

    settings = settings_of(state)
    for each in relations_of(settings).all_of(_id(company)):
        say(_plain(each), _line(each), as_json=as_json)


@relations_app.command()
def check(
    files: Annotated[list[Path], typer.Argument(help="CSV with the columns company and other, or more.")],
    state: State = None,
    as_json: Json = False,
) -> None:
    """Check files of relations: what is wrong is named with its line and the remedy, and exits with 1."""
    from shared.universe.relations.own_relations import read_relations
    from shared.universe.securities import Catalogue

    settings_of(state)
    done = {str(path): read_relations(path, Catalogue.load()) for path in files}
    say_files(done.items(), "relations", "relation", _plain, _line, as_json=as_json)


def _id(text: str) -> str:
    from shared.universe.securities import Catalogue

    known = Catalogue.load()
    found = known.by_id.get(text) or known.resolve(text)
    if found is None:
        raise OptionError(f"no company is known as {text!r}; find it: bellwether universe search {text!r}")
    return found.id


def _plain(relation: Relation) -> dict[str, Any]:
    from shared.contract.events import MICRO

    return {
        "company": relation.company,
        "other": relation.other,
        "kind": relation.kind,
        "weight": relation.weight / MICRO,
        "from": relation.start or None,
        "until": relation.end or None,
        "source": relation.source,
    }


def _line(relation: Relation) -> str:
    row = _plain(relation)
    days = f"{row['from'] or ''}..{row['until'] or ''}" if row["from"] or row["until"] else "always"
    taken = "  taken out" if not relation.weight else ""
    return (
        f"{row['company']:10} {row['other']:10} {row['kind']:11} {row['weight']:+.2f}  {days:22} {row['source']}{taken}"
    )
