"""Parquet times that Python has no date for cost their row alone."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from services.ingest.sources.tabular.rows import _parquet_rows
from shared.clock import to_micros


def test_a_time_beyond_the_calendar_costs_its_row(tmp_path: Path) -> None:
    texts = ["$AAPL a", "$AAPL b", "$AAPL c", "$AAPL d"]
    far = pa.array([-(10**18), 2 * 10**18, 1_700_000_000_000_000, None], pa.timestamp("us", "UTC"))
    days = pa.array([-90_000_000, 90_000_000, 19_000, None], pa.int32()).cast(pa.date32())
    pq.write_table(pa.table({"text": texts, "published_at": far, "day": days}), tmp_path / "far.parquet")
    with (tmp_path / "far.parquet").open("rb") as file:
        rows = list(_parquet_rows(file, 0))
    assert [row["text"] for row in rows] == texts
    assert rows[0]["published_at"] == "timestamp[us, tz=UTC] -1000000000000000000 is beyond the calendar"
    assert to_micros(rows[2]["published_at"]) == 1_700_000_000_000_000
    assert rows[3]["published_at"] is None
    assert [isinstance(row["day"], str) for row in rows] == [True, True, False, False]
