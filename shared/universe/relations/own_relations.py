"""A user's own relations, as CSV: laid over what follows from the universe, pair by pair.

    company,other,kind,weight,from,until
    AAPL,2317.TW,supplier,0.4,2007-01-01,
    BA,AIR.PA,rival,-0.3,,
    KO,PEP,,0,,                 a weight of 0 takes a relation out

What is said of `other` counts `weight` of itself for `company`. Only the first two columns are asked for.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Final

from shared.universe.relations.relation import MICRO, Relation
from shared.universe.rows import CatalogueError
from shared.universe.securities import Catalogue

COLUMNS: Final = ("company", "other", "kind", "weight", "from", "until")
OWN: Final = "peer"  # the kind, where none is given
WEIGHT: Final = 0.5
FILE: Final = "relations.csv"  # of the state folder, read without being named


class RelationError(CatalogueError):
    """A file of relations that cannot be used; the text names the file, the line and the remedy."""


def read_relations(path: Path, catalogue: Catalogue) -> list[Relation]:
    """Raises RelationError."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise RelationError(f"relations.files: {path} does not exist; correct the path or take it out") from None
    except UnicodeDecodeError as error:
        raise RelationError(f"{path} is not UTF-8 (byte {error.start}); save it as UTF-8") from None
    except OSError as error:
        raise RelationError(f"{path} cannot be read: {error.strerror or error}") from None
    rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    found: list[Relation] = []
    lines: dict[tuple[str, str], list[tuple[int, Relation]]] = {}
    try:
        _check_header(rows.fieldnames or (), path)
        for line, row in _rows(rows, path):
            relation = _relation(row, f"{path} line {line}", catalogue, path.name)
            earlier = lines.setdefault((relation.company, relation.other), [])
            for number, one in earlier:
                if _overlap(one, relation):
                    raise RelationError(
                        f"{path} line {line}: the same pair as line {number} on the same days; set from and until"
                    )
            earlier.append((line, relation))
            found.append(relation)
    except csv.Error as error:
        raise RelationError(f"{path} line {rows.line_num}: {error}") from None
    return found


def _check_header(header: Sequence[str], path: Path) -> None:
    names = [(name or "").strip().lower() for name in header]
    if not {"company", "other"} <= set(names):
        raise RelationError(f"{path}: no columns company and other in its first line; write {','.join(COLUMNS)}")
    if unknown := next((name for name in names if name not in COLUMNS), None):
        raise RelationError(f"{path}: unknown column {unknown!r}; use {', '.join(COLUMNS)}")


def _rows(rows: csv.DictReader[str], path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    for row in rows:
        if None in row:
            raise RelationError(f"{path} line {rows.line_num}: more cells than the header has")
        yield rows.line_num, {name.strip().lower(): (value or "").strip() for name, value in row.items()}


def _relation(row: Mapping[str, str], place: str, catalogue: Catalogue, source: str) -> Relation:
    company, other = (_company(row[name], name, place, catalogue) for name in ("company", "other"))
    if company == other:
        raise RelationError(f"{place}: {company} is related to itself; name two companies")
    start, end = _day(row, "from", place), _day(row, "until", place)
    if start and end and start >= end:
        raise RelationError(f"{place}: from {start} is not before until {end}; the day of until no longer counts")
    weight = round(_weight(row.get("weight", ""), place) * MICRO)
    return Relation(company, other, row.get("kind") or OWN, weight, start, end, source)


def _company(text: str, column: str, place: str, catalogue: Catalogue) -> str:
    known = catalogue.by_id.get(text) or (catalogue.resolve(text) if text else None)
    if known is None:
        raise RelationError(f"{place}: {column} {text!r} is not known; find its id: bellwether universe search NAME")
    return known.id


def _weight(text: str, place: str) -> float:
    try:
        value = float(text) if text else WEIGHT
    except ValueError:
        value = math.nan
    if not -1 <= value <= 1:
        raise RelationError(f"{place}: weight {text!r}; write a number from -1 to 1, 0 to take a relation out")
    return value


def _day(row: Mapping[str, str], column: str, place: str) -> str:
    text = row.get(column, "")
    try:
        return date.fromisoformat(text).isoformat() if text else ""
    except ValueError:
        raise RelationError(f"{place}: {column} {text!r} is no day; write 2024-05-02, or leave it empty") from None


def _overlap(one: Relation, other: Relation) -> bool:
    return (not one.end or other.start < one.end) and (not other.end or one.start < other.end)
