"""What somebody typed, as something to follow: a company by id, ticker or name, a sector, an event class. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from shared.event_classes.selection import UnknownEvent, about_former, event_name
from shared.reading.readers.profiles import DEFAULT_LIST, Follow, ProfileError
from shared.universe.securities import Catalogue


def follow_of(text: str, chosen: str = DEFAULT_LIST) -> Follow:
    """`AAPL`, `$AAPL`, `Apple`, `sector:Energy`, `event:earnings`. Raises ProfileError naming what is known."""
    prefix, colon, rest = text.partition(":")
    if colon and prefix == "sector":
        return Follow(chosen, "sector", _sector(rest))
    if colon and prefix == "event":
        return Follow(chosen, "event", event_class(rest))
    return Follow(chosen, "company", _company(rest if colon and prefix == "company" else text))


def event_class(text: str) -> str:
    """An event class, or a group of them, by name or in words. One of former versions stays what it is, so that what
    was followed before can be found. Raises ProfileError naming the nearest.
    """
    try:
        return event_name(text)
    except UnknownEvent as error:
        raise ProfileError(str(error)) from None


def about_former_names(follows: Iterable[Follow]) -> list[str]:
    """What to tell somebody who follows event classes of former versions."""
    return [said for follow in follows if follow.kind == "event" and (said := about_former(follow.value))]


def _sector(text: str) -> str:
    known = Catalogue.load().sectors
    found = [sector for sector in known if sector.lower() == " ".join(text.lower().split())]
    if not found:
        raise ProfileError(f"unknown sector {text!r}; choose from {', '.join(known)}")
    return found[0]


def _company(text: str) -> str:
    catalogue = Catalogue.load()
    known = catalogue.by_ticker(text) or catalogue.by_id.get(text.strip()) or catalogue.named(text)
    if known is None:
        raise ProfileError(f"unknown company {text!r}; give a ticker or a name of the catalogue, e.g. AAPL")
    return known.id
