"""Rows as JSON, CSV, Parquet or Arrow, by `?format=` or `Accept`; one column set whatever the rows hold."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, get_args

from services.api.wire.problems import Problem
from shared.formulas import guarded

Format = Literal["json", "csv", "parquet", "arrow"]
MEDIA: Final[dict[Format, str]] = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "arrow": "application/vnd.apache.arrow.stream",
}
_ANY: Final = ("*/*", "application/*")
Row = Mapping[str, Any]


def chosen(asked: str | None, accept: str) -> Format:
    """The format of an answer. Raises Problem (406) where `Accept` names none of ours."""
    for name in get_args(Format):
        if name == asked:
            return name  # type: ignore[no-any-return]
    wanted = _by_preference(accept)
    if not wanted:
        return "json"
    for kind in wanted:
        for name, media in MEDIA.items():
            if (
                kind == media.partition(";")[0]
                or (kind == "text/*" and name == "csv")
                or (kind in _ANY and name == "json")
            ):
                return name
    raise Problem(406, f"none of {', '.join(wanted[:5])} is offered", f"accept one of {', '.join(MEDIA.values())}")


def _by_preference(accept: str) -> list[str]:
    found = []
    for place, part in enumerate(accept.split(",")[:20]):
        kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = 1.0
        for each in parameters:
            if each.startswith("q="):
                try:
                    quality = float(each[2:])
                except ValueError:
                    quality = 0.0
        if kind and quality > 0:
            found.append((-quality, place, kind))
    return [kind for _, _, kind in sorted(found)]


def table(rows: Sequence[Row], form: Format) -> bytes:
    """The rows alone, in one of the three forms of tables."""
    if form == "csv":
        return _csv(rows)
    import pyarrow as pa

    columns = pa.Table.from_pylist([dict(row) for row in rows]) if rows else pa.table({})
    sink = io.BytesIO()
    if form == "parquet":
        import pyarrow.parquet as pq

        pq.write_table(_storable(columns), sink)
    else:
        with pa.ipc.new_stream(sink, columns.schema) as writer:
            writer.write_table(columns)
    return sink.getvalue()


def _storable(columns: Any) -> Any:
    """Parquet has no struct without a field, which is what a column of empty mappings becomes."""
    import pyarrow as pa

    empty = [field.name for field in columns.schema if pa.types.is_struct(field.type) and field.type.num_fields == 0]
    return columns.drop_columns(empty)


def _csv(rows: Sequence[Row]) -> bytes:
    out = io.StringIO(newline="")
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.writer(out)
    writer.writerow(names)
    for row in rows:
        writer.writerow([_cell(row.get(name)) for name in names])
    return out.getvalue().encode("utf-8", "replace")


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, dict | list | tuple) else guarded(value)
