"""What somebody typed, as something to follow: a company by id, ticker or name, a sector, an event class. Pure."""

from __future__ import annotations

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
    """An event class as models write it: lower case, words joined by `_`. Any: classes are the model's own."""
    name = "_".join(text.lower().replace("_", " ").split())
    if not name or not name.replace("_", "").isalnum():
        raise ProfileError(f"event {text!r}: give the name of an event class, e.g. event:earnings")
    return name


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
