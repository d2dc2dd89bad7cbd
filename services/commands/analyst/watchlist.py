"""`bellwether watchlist …`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.commands.options import Json, Limit, Run, State, note, say, settings_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.reading.readers.profiles import Follow, Profiles

watchlist_app = typer.Typer(help="What an analyst follows: companies, sectors and events.", no_args_is_help=True)

What = Annotated[
    list[str],
    typer.Argument(help="Companies (AAPL, Apple), sectors (sector:Energy), events (event:layoffs or event:earnings)."),
]
Profile = Annotated[str | None, typer.Option("--profile", help="Profile of an analyst (default: the configured one).")]
Chosen = Annotated[str, typer.Option("--list", help="Name of the list.")]


class Thumb(StrEnum):
    """A rating as one types it."""

    up = "up"
    down = "down"
    none = "none"


@watchlist_app.command()
def show(
    profile: Profile = None,
    chosen: Annotated[str | None, typer.Option("--list", help="Only this list.")] = None,
    state: State = None,
    as_json: Json = False,
) -> None:
    """Show what a profile follows, by list."""
    name, profiles = _open(profile, state)
    _print(name, [f for f in profiles.follows(name) if chosen is None or f.list == chosen], as_json=as_json)


@watchlist_app.command()
def add(
    what: What, profile: Profile = None, chosen: Chosen = "main", state: State = None, as_json: Json = False
) -> None:
    """Follow companies, sectors or events."""
    from shared.analyst.following import about_former_names, follow_of
    from shared.clock import SystemClock

    name, profiles = _open(profile, state)
    follows = [follow_of(each, chosen) for each in what]
    for said in about_former_names(follows):
        note(said)
    for follow in follows:
        profiles.add(name, follow, SystemClock().now())
    _print(name, profiles.follows(name), as_json=as_json)


@watchlist_app.command()
def remove(
    what: What, profile: Profile = None, chosen: Chosen = "main", state: State = None, as_json: Json = False
) -> None:
    """Stop following something. Exits with 1 if it was not on the list."""
    name, profiles = _open(profile, state)
    held = {f.value for f in profiles.follows(name) if f.kind == "event" and f.list == chosen}
    missing = [each for each in what if not profiles.remove(name, _followed(each, chosen, held))]
    _print(name, profiles.follows(name), as_json=as_json)
    if missing:
        note(f"not on list {chosen}: {', '.join(missing)}")
        raise typer.Exit(1)


@watchlist_app.command()
def recommend(
    profile: Profile = None,
    limit: Limit = 20,
    state: State = None,
    run: Run = None,
    as_json: Json = False,
) -> None:
    """Rank companies and articles for a profile, with the reasons."""
    from services.alerts.recommend import recommend as ranked
    from shared.clients.redis import connect
    from shared.reading.archive.tables import ArchiveTables

    settings = settings_of(state, run)
    archive = ArchiveTables.of(settings)
    ranking = ranked(connect(settings.redis), settings.run, profile or settings.profile, limit, archive)
    words = [
        line
        for kind in ("companies", "articles")
        for line in (
            f"{kind}:",
            *(f"  {each['company']:6} {each['what'][:70]:70}  {'; '.join(each['reasons'])}" for each in ranking[kind]),
        )
    ]
    say(ranking, words, as_json=as_json)


@watchlist_app.command()
def rate(
    key: Annotated[str, typer.Argument(help="The `key` of a recommendation.")],
    thumb: Annotated[Thumb, typer.Argument(help="up, down, or none to withdraw the rating.")],
    profile: Profile = None,
    state: State = None,
    run: Run = None,
) -> None:
    """Rate a recommendation; similar ones move with it."""
    from services.alerts.recommend import rate as rated
    from shared.clients.redis import connect
    from shared.clock import SystemClock
    from shared.reading.archive.tables import ArchiveTables

    settings = settings_of(state, run)
    value = {Thumb.up: 1, Thumb.down: -1, Thumb.none: 0}[thumb]
    client, now, archive = connect(settings.redis), SystemClock().now(), ArchiveTables.of(settings)
    rated(client, settings.run, profile or settings.profile, key, value, now, archive)


def _followed(text: str, chosen: str, events: set[str]) -> Follow:
    """What is to be unfollowed; an event that a former version took up, whatever its name, by that name."""
    from shared.analyst.following import follow_of
    from shared.reading.readers.profiles import Follow

    kind, _, name = text.partition(":")
    if kind == "event" and (recorded := "_".join(name.lower().replace("_", " ").split())) in events:
        return Follow(chosen, "event", recorded)
    return follow_of(text, chosen)


def _open(profile: str | None, state: Path | None) -> tuple[str, Profiles]:
    from shared.clients.redis import connect
    from shared.reading.readers.profiles import Profiles, checked_name

    settings = settings_of(state)
    return checked_name(profile or settings.profile), Profiles(connect(settings.redis))


def _print(profile: str, follows: list[Follow], *, as_json: bool) -> None:
    lists: dict[str, dict[str, list[str]]] = {}
    kinds = {"company": "companies", "sector": "sectors", "event": "events"}
    for follow in follows:
        by_kind = lists.setdefault(follow.list, {kind: [] for kind in kinds.values()})
        by_kind[kinds[follow.kind]].append(follow.value)
    say({"profile": profile, "lists": lists}, _words(profile, lists), as_json=as_json)


def _words(profile: str, lists: dict[str, dict[str, list[str]]]) -> Iterator[str]:
    if not lists:
        yield f"{profile} follows nothing yet; try: bellwether watchlist add AAPL sector:Energy event:earnings"
    for name, by_kind in lists.items():
        parts = [f"{kind}: {', '.join(values)}" for kind, values in by_kind.items() if values]
        yield f"{profile}/{name}  {'; '.join(parts)}"
