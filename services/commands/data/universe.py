"""`bellwether universe …`: the instruments that Bellwether knows, and a user's own."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.commands.options import Json, JsonLines, Limit, Run, State, count, note_more, print_json, say, settings_of

if TYPE_CHECKING:
    from shared.universe.instrument import Instrument

universe_app = typer.Typer(help="The instruments that Bellwether knows.", no_args_is_help=True)

Kind = Annotated[
    str | None, typer.Option("--kind", help="company, etf, index, crypto, commodity, currency or unknown.")
]
Country = Annotated[str | None, typer.Option("--country", help="ISO 3166-1 code, for example, CN.")]
Files = Annotated[list[Path], typer.Argument(help="CSV or Parquet with the columns ticker and name, or more.")]


@universe_app.command("list")
def list_(
    kind: Kind = None,
    country: Country = None,
    own: Annotated[bool, typer.Option("--own", help="Only what your own files say.")] = False,
    limit: Limit = 50,
    state: State = None,
    as_json: JsonLines = False,
) -> None:
    """List instruments: id, kind, name, symbols."""
    from shared.universe.own_files import files_in_use
    from shared.universe.securities import Catalogue

    settings_of(state)
    names = {path.name for path in files_in_use()}
    found = [
        each
        for each in Catalogue.load().instruments
        if (kind is None or each.kind == kind)
        and (country is None or each.country == country.upper())
        and (not own or not names.isdisjoint(each.source.split("; ")))
    ]
    _print(found[:limit], as_json=as_json)
    note_more(limit, len(found))


@universe_app.command()
def search(
    text: Annotated[str, typer.Argument(help="A ticker, or the start of a name.")],
    limit: Limit = 10,
    state: State = None,
    as_json: JsonLines = False,
) -> None:
    """Search instruments by symbol and name."""
    from shared.universe.securities import Catalogue

    settings_of(state)
    _print(Catalogue.load().search(text, limit), as_json=as_json)


@universe_app.command()
def show(
    what: Annotated[str, typer.Argument(help="An id, a ticker or a name.")], state: State = None, as_json: Json = False
) -> None:
    """Show all that is known of an instrument, and where it comes from."""
    from services.commands.data.instruments import described, facts_of
    from shared.universe.rows import CatalogueError
    from shared.universe.securities import Catalogue

    settings_of(state)
    catalogue = Catalogue.load()
    found = catalogue.by_id.get(what) or catalogue.resolve(what)
    if found is None:
        raise CatalogueError(f"no instrument is called {what!r}; try: bellwether universe search {what!r}")
    say(facts_of(found, catalogue), described(found, catalogue), as_json=as_json)


@universe_app.command()
def check(files: Files, state: State = None, as_json: Json = False) -> None:
    """Check files of one's own: what they add, what they change, and what in them is doubtful."""
    from services.commands.data.instruments import checked

    settings_of(state)
    done = [checked(path) for path in files]
    words = [line for each in done for line in (_account(each), *(f"  {doubt}" for doubt in each["doubts"]))]
    say(done, words, as_json=as_json)


@universe_app.command()
def diff(
    file: Annotated[Path, typer.Argument(help="CSV or Parquet, as for check.")],
    limit: Limit = 50,
    state: State = None,
    as_json: JsonLines = False,
) -> None:
    """Show what a file would change, instrument by instrument."""
    from services.commands.data.instruments import changes

    settings_of(state)
    found = changes(file)
    for each in found[:limit]:
        say(each, f"{each['change']:8} {each['id']}: {', '.join(each['what'])}", as_json=as_json)
    note_more(limit, len(found))


@universe_app.command("import")
def import_(files: Files, state: State = None, as_json: Json = False) -> None:
    """Check files and copy them to STATE/universe, where they are laid over the catalogue from the next start on."""
    from services.commands.data.instruments import checked, take_in

    settings = settings_of(state)
    done = [checked(path) for path in files]
    for path, each in zip(files, done, strict=True):
        each["imported"] = str(take_in(path, settings.state_dir))
    words = [f"{_account(each)}; now in {each['imported']}" for each in done]
    say(done, [*words, "Running workers take it up at their next start."], as_json=as_json)


@universe_app.command("history")
def history(run: Run = None, state: State = None, as_json: Json = False) -> None:
    """List every universe that a run was read with, oldest first: its digest, and the offsets where it began."""
    from services.scoring.provenance.universe_record import universes
    from shared.clients.redis import connect

    settings = settings_of(state, run)
    done = universes(connect(settings.redis), settings.run)
    words = (
        f"{each['at']}  {each['before'] or '(none)'} -> {each['universe']} ({each['instruments']:,} instruments)"
        for each in done
    )
    say(done, words, as_json=as_json)


def _print(found: Iterable[Instrument], *, as_json: bool) -> None:
    from services.commands.data.instruments import line_of, summary_of

    for each in found:
        if as_json:
            print_json(summary_of(each))
        else:
            typer.echo(line_of(each))


def _account(done: dict[str, object]) -> str:
    new, changed = int(str(done["new"])), int(str(done["changed"]))
    return f"{done['file']}: {count(int(str(done['rows'])), 'instrument')}, {new:,} new, {changed:,} known already"
