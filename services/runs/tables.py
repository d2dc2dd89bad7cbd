"""The tables of a run on disk, in the types that others expect: UTC timestamps, fractions, lists as lists.

Inside, a frame has times as integer microseconds. A table of a former version has them so, too, and is read as well.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from shared.contract.events import MICRO

TIME: Final = pa.timestamp("us", tz="UTC")
_TIMES: Final = ("available_at", "at")
_REASONS: Final = pa.list_(
    pa.struct([("feature", pa.string()), ("value", pa.float64()), ("contribution", pa.float64())])
)
SIGNALS: Final = pa.schema(
    [("ticker", pa.string()), ("company", pa.string()), ("available_at", TIME), ("at", TIME), ("revision", pa.int64())]
    + [("score", pa.float64()), ("confidence", pa.float64()), ("action", pa.string()), ("documents", pa.int64())]
    + [(name, pa.string()) for name in ("model", "strategy", "strategy_hash")]
    + [("reasons", _REASONS), ("evidence", pa.list_(pa.string()))]
)
EVENTS: Final = pa.schema([("company", pa.string()), ("available_at", TIME), ("event", pa.string())])


def write_signals(path: Path, frame: pd.DataFrame) -> int:
    """The frame (services/runs/folder.py, `signal_frame`) as a Parquet file; how many rows. Other columns are kept."""
    named = [field for field in SIGNALS if field.name in frame]
    columns = {field.name: _column(frame[field.name], field.name, field.type) for field in named}
    more = {name: pa.array(frame[name]) for name in frame.columns if name not in columns}
    pq.write_table(pa.table(columns | more), path, compression="zstd")
    return len(frame)


def write_events(path: Path, frame: pd.DataFrame) -> None:
    columns = {field.name: _column(frame[field.name], field.name, field.type) for field in EVENTS}
    pq.write_table(pa.table(columns), path, compression="zstd")


def read_table(path: Path) -> pd.DataFrame:
    """Signals or events as a frame with integer microseconds; lists are JSON, as `signal_frame` has them."""
    frame = pd.read_parquet(path)
    for name in _TIMES:
        if name in frame and not pd.api.types.is_integer_dtype(frame[name]):
            frame[name] = frame[name].dt.as_unit("us").astype("int64")
    if "reasons" in frame and _is_listed(frame["reasons"]):
        frame["reasons"] = [json.dumps(_raw(reasons), separators=(",", ":")) for reasons in frame["reasons"]]
    if "evidence" in frame and _is_listed(frame["evidence"]):
        frame["evidence"] = [json.dumps(list(documents)) for documents in frame["evidence"]]
    return frame


def _column(values: pd.Series, name: str, kind: pa.DataType) -> pa.Array:
    if name == "reasons":
        return pa.array([_fractions(json.loads(reasons)) for reasons in values], kind)
    if name == "evidence":
        return pa.array([json.loads(documents) for documents in values], kind)
    if name in _TIMES:
        return pa.array(values.astype("int64")).cast(kind)
    return pa.array(values, kind)


def _fractions(reasons: list[list[Any]]) -> list[dict[str, Any]]:
    return [
        {"feature": feature, "value": value / MICRO, "contribution": part / MICRO} for feature, value, part in reasons
    ]


def _raw(reasons: Any) -> list[list[Any]]:
    return [[each["feature"], round(each["value"] * MICRO), round(each["contribution"] * MICRO)] for each in reasons]


def _is_listed(values: pd.Series) -> bool:
    return len(values) > 0 and not isinstance(values.iloc[0], str)
