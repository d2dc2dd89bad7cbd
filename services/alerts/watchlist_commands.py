"""`bellwether watchlist …`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from shared.profiles import Follow, Profiles

watchlist_app = typer.Typer(help="What an analyst follows: companies, sectors, event classes.", no_args_is_help=True)

What = Annotated[
    list[str], typer.Argument(help="Companies (AAPL, Apple), sectors (sector:Energy), events (event:earnings).")
]
Profile = Annotated[str | None, typer.Option("--profile", help="Analyst profile (default: that of the settings).")]
Chosen = Annotated[str, typer.Option("--list", help="Name of the list.")]
State = Annotated[Path | None, typer.Option("--state", help="State folder.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON as the last line.")]


@watchlist_app.command()
def show(
    profile: Profile = None,
    chosen: Annotated[str | None, typer.Option("--list", help="This list alone.")] = None,
    state: State = None,
    as_json: Json = False,
) -> None:
    """What a profile follows, by list."""
    name, profiles = _open(profile, state)
    _print(name, [f for f in profiles.follows(name) if chosen is None or f.list == chosen], as_json=as_json)


@watchlist_app.command()
def add(
    what: What, profile: Profile = None, chosen: Chosen = "main", state: State = None, as_json: Json = False
) -> None:
    """Follow something."""
    from shared.clock import SystemClock
    from shared.following import follow_of

    name, profiles = _open(profile, state)
    for follow in [follow_of(each, chosen) for each in what]:
        profiles.add(name, follow, SystemClock().now())
    _print(name, profiles.follows(name), as_json=as_json)


@watchlist_app.command()
def remove(
    what: What, profile: Profile = None, chosen: Chosen = "main", state: State = None, as_json: Json = False
) -> None:
    """Follow something no longer. Exit code 1 when it was not on the list."""
    from shared.following import follow_of

    name, profiles = _open(profile, state)
    gone = [profiles.remove(name, follow_of(each, chosen)) for each in what]
    _print(name, profiles.follows(name), as_json=as_json)
    if not all(gone):
        missing = ", ".join(each for each, was_there in zip(what, gone, strict=True) if not was_there)
        typer.echo(f"not on list {chosen}: {missing}", err=True)
        raise typer.Exit(1)


def _open(profile: str | None, state: Path | None) -> tuple[str, Profiles]:
    from shared.profiles import Profiles, checked_name
    from shared.redis_client import connect
    from shared.settings import load_settings

    settings = load_settings(state)
    return checked_name(profile or settings.profile), Profiles(connect(settings.redis))


def _print(profile: str, follows: list[Follow], *, as_json: bool) -> None:
    import json

    lists: dict[str, dict[str, list[str]]] = {}
    for follow in follows:
        found = lists.setdefault(follow.list, {"companies": [], "sectors": [], "events": []})
        found[{"company": "companies", "sector": "sectors", "event": "events"}[follow.kind]].append(follow.value)
    if as_json:
        typer.echo(json.dumps({"profile": profile, "lists": lists}))
        return
    if not lists:
        typer.echo(f"{profile} follows nothing yet; e.g.: bellwether watchlist add AAPL sector:Energy event:earnings")
    for name, found in lists.items():
        parts = [f"{kind}: {', '.join(values)}" for kind, values in found.items() if values]
        typer.echo(f"{profile}/{name}  {'; '.join(parts)}")
