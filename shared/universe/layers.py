"""One row over another of the same id: packs complete what is there, a user's file wins over it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from shared.universe.instrument import Identifier, Instrument, Kind, Listing, Name


def complete(known: Instrument, more: Instrument) -> Instrument:
    """`known`, and from `more` what it does not say: its fields stay, names, symbols and identifiers are added."""
    return _laid(known, more)


def override(known: Instrument, own: Instrument) -> Instrument:
    """`own` row of a user, and from `known` what it leaves empty: names and symbols of both, the user's first."""
    return _laid(own, known, kind=own.kind if own.kind != "unknown" else known.kind)


def _laid(first: Instrument, second: Instrument, kind: Kind | None = None) -> Instrument:
    return Instrument(
        id=first.id,
        names=_names(first.names, second.names),
        kind=kind or first.kind,
        sector=first.sector or second.sector,
        industry=first.industry or second.industry,
        country=first.country or second.country,
        exchange=first.exchange or second.exchange,
        listings=_listings(first.listings, second.listings),
        identifiers=_identifiers((*first.identifiers, *second.identifiers)),
        parent=first.parent or second.parent,
        evidence=first.evidence or second.evidence,
        against=first.against or second.against,
        source=_sources(first.source, second.source),
    )


def _names(first: tuple[Name, ...], second: tuple[Name, ...]) -> tuple[Name, ...]:
    said = {name.text for name in first}
    return (*first, *(name for name in second if name.text not in said))


def _listings(first: tuple[Listing, ...], second: tuple[Listing, ...]) -> tuple[Listing, ...]:
    """A symbol of both keeps the first one's days and takes the second one's market."""
    others = {listing.symbol: listing for listing in second}
    return (*[_listing(each, others.pop(each.symbol, each)) for each in first], *others.values())


def _listing(first: Listing, second: Listing) -> Listing:
    if first.mic or not (second.mic or second.share_class):
        return first
    return replace(first, mic=second.mic, share_class=first.share_class or second.share_class)


def _identifiers(identifiers: Iterable[Identifier]) -> tuple[Identifier, ...]:
    return tuple({each.scheme: each for each in reversed(tuple(identifiers))}.values())


def _sources(first: str, second: str) -> str:
    return first if not second or second in first else f"{first}; {second}"
