"""What `bellwether universe` says of instruments and of files of them. No options and no wiring: universe.py."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from shared.clients.state_folder import make_folder
from shared.universe.instrument import Instrument, Listing, Name
from shared.universe.layers import override
from shared.universe.own_files import FOLDER, own_rows, read_own
from shared.universe.rows import CatalogueError
from shared.universe.securities import Catalogue

_GRADES: Final = ("sure", "doubtful", "everyday")
_MOST_DOUBTS: Final = 20
_SHORT: Final = 3  # letters of a name that is mostly something else


def summary_of(each: Instrument) -> dict[str, Any]:
    """One line of a list, as data."""
    return {
        "id": each.id,
        "kind": each.kind,
        "name": each.name,
        "country": each.country,
        "sector": each.sector,
        "symbols": [listing.symbol for listing in each.listings],
        "source": each.source,
    }


def line_of(each: Instrument) -> str:
    """One line of a list, for a person."""
    symbols = " ".join(listing.symbol for listing in each.listings[:6])
    return f"{each.id:18} {each.kind:9} {each.country or '--'}  {each.name}  ({symbols})"


def facts_of(each: Instrument, catalogue: Catalogue) -> dict[str, Any]:
    """All of an instrument, as data."""
    names = [
        {
            "text": name.text,
            "language": name.language,
            "grade": _GRADES[name.grade],
            "brand": name.brand,
            "from": name.start,
            "until": name.end,
        }
        for name in each.names
    ]
    listings = [
        {"symbol": one.symbol, "mic": one.mic, "from": one.start, "until": one.end, "class": one.share_class}
        for one in each.listings
    ]
    identifiers = [{"scheme": one.scheme, "value": one.value, "source": one.source} for one in each.identifiers]
    more = {"exchange": each.exchange, "industry": each.industry, "parent": each.parent}
    return {
        **summary_of(each),
        **more,
        "names": names,
        "listings": listings,
        "identifiers": identifiers,
        "affiliates": [other.id for other in catalogue.instruments if other.parent == each.id],
    }


def described(each: Instrument, catalogue: Catalogue) -> Iterator[str]:
    """All of an instrument, for a person."""
    about = (each.kind, each.country, each.exchange, each.sector, each.industry)
    yield f"{each.id}  {each.name}  ({', '.join(filter(None, about))})"
    for name in each.names:
        marks = [_GRADES[name.grade], *(["brand"] if name.brand else []), *([name.language] if name.language else [])]
        yield f"  name    {name.text}{_days(name)} ({', '.join(marks)})"
    for one in each.listings:
        where = f" at {one.mic}" if one.mic else ""
        yield f"  symbol  {one.symbol}{_days(one)}{where}{f', {one.share_class}' if one.share_class else ''}"
    for found in each.identifiers:
        yield f"  {found.scheme:7} {found.value} (from {found.source})"
    if each.parent:
        parent = catalogue.by_id.get(each.parent)
        yield f"  parent  {each.parent}{f' {parent.name}' if parent else ''}"
    for other in (other for other in catalogue.instruments if other.parent == each.id):
        yield f"  has     {other.id} {other.name}"
    yield f"  source  {each.source}"


def _days(of: Name | Listing) -> str:
    return f"{f' from {of.start}' if of.start else ''}{f' until {of.end}' if of.end else ''}"


def checked(path: Path) -> dict[str, Any]:
    """What a file adds and changes, and what in it a person should look at. Raises CatalogueError."""
    catalogue = Catalogue.load()
    rows = _rows(path, catalogue)
    if not rows:
        raise CatalogueError(f"{path} has no rows; give each instrument a line: ticker,name")
    doubts = [doubt for row in rows for doubt in _doubts(row, catalogue)]
    if len(doubts) > _MOST_DOUBTS:
        doubts = [*doubts[:_MOST_DOUBTS], f"and {len(doubts) - _MOST_DOUBTS} more"]
    new = sum(row.id not in catalogue.by_id for row in rows)
    return {"file": str(path), "rows": len(rows), "new": new, "changed": len(rows) - new, "doubts": doubts}


def changes(path: Path) -> list[dict[str, Any]]:
    """What a file would change: {id, change: new or changed, what: the fields}. Raises CatalogueError."""
    catalogue = Catalogue.load()
    found = []
    for row in _rows(path, catalogue):
        known = catalogue.by_id.get(row.id)
        if known is None:
            names = [name.text for name in row.names]
            found.append({"id": row.id, "change": "new", "what": [*names, *(one.symbol for one in row.listings)]})
            continue
        laid = override(known, row)
        fields = ("names", "kind", "sector", "industry", "country", "exchange", "listings", "identifiers", "parent")
        what = [field for field in fields if getattr(laid, field) != getattr(known, field)]
        if what:
            found.append({"id": row.id, "change": "changed", "what": what})
    return found


def take_in(path: Path, state: Path) -> Path:
    """Copy a file to STATE/universe; one of that name is replaced."""
    folder = state / FOLDER
    make_folder(folder)
    if path.resolve() != (folder / path.name).resolve():
        shutil.copyfile(path, folder / path.name)
    return folder / path.name


def _rows(path: Path, catalogue: Catalogue) -> list[Instrument]:
    if path.suffix.lower() not in (".csv", ".parquet"):
        raise CatalogueError(f"{path} is neither .csv nor .parquet; name it so, or convert it")
    rows = list(own_rows(read_own(path), path.name, catalogue.holders()))
    twice = {row.id for row in rows if sum(other.id == row.id for other in rows) > 1} if len(rows) < 1_000 else set()
    if twice:
        raise CatalogueError(f"{path}: two rows are the same instrument, {min(twice)}; keep one")
    if nameless := next((row.id for row in rows if not row.names and row.id not in catalogue.by_id), ""):
        raise CatalogueError(f"{path}: {nameless} has no name; fill the column name")
    return rows


def _doubts(row: Instrument, catalogue: Catalogue) -> Iterator[str]:
    for one in row.listings:
        holder = catalogue.by_ticker(one.symbol)
        if holder is not None and holder.id != row.id and not one.end:
            yield f"{row.id}: {one.symbol} is {holder.id} ({holder.name}) already, which keeps it; date one of them"
    for name in row.names:
        known = catalogue.named(name.text)
        if known is not None and known.id != row.id:
            yield f"{row.id}: {name.text!r} is a name of {known.id}, too; give one of them a ? or a longer name"
        elif not name.grade and (len(name.text) <= _SHORT or name.text.islower()):
            yield f"{row.id}: {name.text!r} is short or a word; ?{name.text} asks for evidence, ??{name.text} for more"
