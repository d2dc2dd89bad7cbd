"""`--map FIELD=column,…`: which column or key of a file, or element of a feed, holds which field of an item.

A column is a name, a dotted path (`user.name`), or a text with such names in braces (`{company} halted: {reason}`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final

from services.ingest.documents.normalise import FIELDS, RawItem

_NAMES: Final = re.compile(r"\{([^{}]+)\}")


class MappingError(ValueError):
    """A mapping that does not fit; the text lists what is known."""


def parse_map(arguments: Iterable[str]) -> dict[str, str]:
    """{"text": "body"} from ["text=body,author=user", …]. `FIELD=` (nothing behind it) leaves the field out."""
    mapping: dict[str, str] = {}
    for pair in (pair.strip() for argument in arguments for pair in argument.split(",")):
        if not pair:
            continue
        field, equals, column = (part.strip() for part in pair.partition("="))
        if not equals:
            raise MappingError(f"--map {pair}: write FIELD=column, e.g. text=body; fields: {', '.join(FIELDS)}")
        if field not in FIELDS:
            raise MappingError(f"--map {pair}: there is no field {field!r}; fields: {', '.join(FIELDS)}")
        if mapping.setdefault(field, column) != column:
            raise MappingError(f"--map {pair}: {field} is mapped twice; keep one")
    return mapping


def check_map(mapping: Mapping[str, str], columns: Collection[str], path: str) -> None:
    """Raises MappingError when a mapped column is not among `columns`, or when neither text nor title has one."""
    for field, column in mapping.items():
        parts = _NAMES.findall(column) or [column]
        if column and column not in columns and not any(part.split(".")[0] in columns for part in parts):
            raise MappingError(f"--map {field}={column}: {path} has no column {column!r}; columns: {_listed(columns)}")
    if not any(
        mapping.get(field, field) in columns or {".", "{"} & set(mapping.get(field, "")) for field in ("text", "title")
    ):
        raise MappingError(
            f"{path} has no column 'text' or 'title'; name it with --map text=COLUMN (or, of a file without a header, "
            f"its columns with --columns); columns: {_listed(columns)}"
        )


def picker(mapping: Mapping[str, str]) -> Callable[[RawItem], RawItem]:
    """A function from a row to a raw item. Fields that are not mapped come from columns of their own name."""
    direct = [(field, column) for field in FIELDS if (column := mapping.get(field, field))]

    def pick(row: RawItem) -> RawItem:
        return {field: row[column] if column in row else _nested(row, column) for field, column in direct}

    return pick


def names_in(mapping: Mapping[str, str]) -> list[str]:
    """The names of what a mapping reads, each once."""
    found = [_NAMES.findall(column) or [column] for column in mapping.values() if column]
    return list(dict.fromkeys(name for names in found for name in names))


def _filled(row: RawItem, template: str) -> str | None:
    """The text with what stands for its names; None where none of them is there."""
    values = {name: row[name] if name in row else _nested(row, name) for name in _NAMES.findall(template)}
    if all(value is None or value == "" for value in values.values()):
        return None
    return _NAMES.sub(lambda found: "" if values[found[1]] is None else str(values[found[1]]), template)


def _nested(row: RawItem, column: str) -> object:
    """`user.name` in {"user": {"name": …}}; None when it is not there."""
    value: object = row
    if "{" in column:
        return _filled(row, column)
    if "." not in column:
        return None
    for part in column.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(part)
    return value


def _listed(columns: Collection[str]) -> str:
    return ", ".join(sorted(columns)[:50]) or "none"
