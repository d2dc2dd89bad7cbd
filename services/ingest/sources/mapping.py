"""`--map FIELD=column,…`: which column or key of a file holds which field of an item."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from services.ingest.documents.normalise import FIELDS, RawItem


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
        if column and column not in columns and column.split(".")[0] not in columns:
            raise MappingError(f"--map {field}={column}: {path} has no column {column!r}; columns: {_listed(columns)}")
    if not any(mapping.get(field, field) in columns or "." in mapping.get(field, "") for field in ("text", "title")):
        raise MappingError(
            f"{path} has no column 'text' or 'title'; name it with --map text=COLUMN; columns: {_listed(columns)}"
        )


def picker(mapping: Mapping[str, str]) -> Callable[[RawItem], RawItem]:
    """A function from a row to a raw item. Fields that are not mapped come from columns of their own name."""
    direct = [(field, column) for field in FIELDS if (column := mapping.get(field, field))]

    def pick(row: RawItem) -> RawItem:
        return {field: row[column] if column in row else _nested(row, column) for field, column in direct}

    return pick


def _nested(row: RawItem, column: str) -> object:
    """`user.name` in {"user": {"name": …}}; None when it is not there."""
    value: object = row
    if "." not in column:
        return None
    for part in column.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(part)
    return value


def _listed(columns: Collection[str]) -> str:
    return ", ".join(sorted(columns)[:50]) or "none"
