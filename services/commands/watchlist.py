"""`bellwether watchlist …`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from shared.reading.profiles import Follow, Profiles
    from shared.settings import Settings

watchlist_app = typer.Typer(help="What an analyst follows: companies, sectors, event classes.", no_args_is_help=True)

What = Annotated[
    list[str], typer.Argument(help="Companies (AAPL, Apple), sectors (sector:Energy), events (event:earnings).")
]
Profile = Annotated[str | None, typer.Option("--profile", help="Analyst profile (default: that of the settings).")]
Chosen = Annotated[str, typer.Option("--list", help="Name of the list.")]
State = Annotated[Path | None, typer.Option("--state", help="State folder.")]
Run = Annotated[str | None, typer.Option("--run", help="Name of the run (default: live).")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON as the last line.")]


class Thumb(StrEnum):
    """As a person says it."""

    up = "up"
    down = "down"
    none = "none"


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
    from shared.analyst.following import follow_of
    from shared.clock import SystemClock

    name, profiles = _open(profile, state)
    for follow in [follow_of(each, chosen) for each in what]:
        profiles.add(name, follow, SystemClock().now())
    _print(name, profiles.follows(name), as_json=as_json)


@watchlist_app.command()
def remove(
    what: What, profile: Profile = None, chosen: Chosen = "main", state: State = None, as_json: Json = False
) -> None:
    """Follow something no longer. Exit code 1 when it was not on the list."""
    from shared.analyst.following import follow_of

    name, profiles = _open(profile, state)
    gone = [profiles.remove(name, follow_of(each, chosen)) for each in what]
    _print(name, profiles.follows(name), as_json=as_json)
    if not all(gone):
        missing = ", ".join(each for each, was_there in zip(what, gone, strict=True) if not was_there)
        typer.echo(f"not on list {chosen}: {missing}", err=True)
        raise typer.Exit(1)


@watchlist_app.command()
def recommend(
    profile: Profile = None,
    most: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many of each.")] = 20,
    state: State = None,
    run: Run = None,
    as_json: Json = False,
) -> None:
    """Companies and articles ranked for a profile, with the reasons."""
    import json

    from services.alerts.recommend import recommend as ranked
    from shared.clients.redis import connect

    settings = _settings(state, run)
    found = ranked(connect(settings.redis), settings.run, profile or settings.profile, most)
    if as_json:
        typer.echo(json.dumps(found))
        return
    for kind in ("companies", "articles"):
        typer.echo(f"{kind}:")
        for each in found[kind]:
            typer.echo(f"  {each['company']:6} {each['what'][:70]:70}  {'; '.join(each['reasons'])}")


@watchlist_app.command()
def rate(
    key: Annotated[str, typer.Argument(help="The `key` of something recommended.")],
    thumb: Annotated[Thumb, typer.Argument(help="up, down, or none to take it back.")],
    profile: Profile = None,
    state: State = None,
    run: Run = None,
) -> None:
    """Put a thumb on something recommended: what is like it moves, too."""
    from services.alerts.recommend import rate as rated
    from shared.clients.redis import connect
    from shared.clock import SystemClock

    settings = _settings(state, run)
    value = {Thumb.up: 1, Thumb.down: -1, Thumb.none: 0}[thumb]
    rated(connect(settings.redis), settings.run, profile or settings.profile, key, value, SystemClock().now())


def _open(profile: str | None, state: Path | None) -> tuple[str, Profiles]:
    from shared.clients.redis import connect
    from shared.reading.profiles import Profiles, checked_name

    settings = _settings(state, None)
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


def _settings(state: Path | None, run: str | None) -> Settings:
    from shared.settings import load_settings

    return load_settings(state, **({"run": run} if run else {}))
