"""Opinions and aggregates as Parquet files, as of `available_at`: a file up to T holds nothing that came out later.

Probabilities and relevance are floats in [0, 1]; sums stay integers in micro-units, exact.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from services.aggregation.core.copies import Distinct
from services.aggregation.core.store import BucketRow, Store
from shared.clients.kafka import TopicLog, describe
from shared.clients.state_folder import whole_file
from shared.clock import SECOND
from shared.contract.aggregates import SECONDS
from shared.contract.events import MICRO, InvalidMessage, Opinion, decode_opinion
from shared.contract.topics import Topics
from shared.settings import Settings

ROWS: Final = 20_000  # per row group
FIRST: Final = -(2**63)
LAST: Final = 2**63 - 1
_TIME = pa.timestamp("us", tz="UTC")

OPINIONS: Final = pa.schema(
    [("available_at", _TIME), ("published_at", _TIME)]
    + [(name, pa.string()) for name in ("company", "channel", "source", "document_id", "author", "story")]
    + [(name, pa.float64()) for name in ("relevance", "negative", "neutral", "positive")]
    + [("event", pa.string()), ("event_probability", pa.float64())]
    + [(name, pa.string()) for name in ("title", "url", "language", "model")]
    + [("synthetic", pa.bool_()), ("truncated", pa.bool_())]
)
_COUNTS: Final = ("documents", "positive", "neutral", "negative", "weight_sum", "score_sum", "score_square_sum")
AGGREGATES: Final = pa.schema(
    [("resolution", pa.string()), ("company", pa.string()), ("channel", pa.string()), ("start", _TIME), ("end", _TIME)]
    + [(name, pa.int64()) for name in (*_COUNTS, "authors", "stories")]
    + [(name, pa.map_(pa.string(), pa.int64())) for name in ("sources", "events")]
)


class ExportError(ValueError):
    """Nothing to export; the text says what is expected."""


def export_opinions(settings: Settings, out: Path, begin: int = FIRST, end: int = LAST) -> int:
    """Write the distinct opinions of the run with `available_at` in [begin, end); how many."""
    return _write(
        out, OPINIONS, (_opinion(each) for each in read_opinions(settings) if begin <= each.available_at < end)
    )


def export_aggregates(store: Store, out: Path, begin: int = FIRST, end: int = LAST) -> int:
    """Write the buckets that lie within [begin, end), in canonical order; how many."""
    rows = (
        row
        for row in store.rows()
        if begin <= row.start * SECOND and (row.start + SECONDS[row.resolution]) * SECOND <= end
    )
    return _write(out, AGGREGATES, map(_bucket, rows))


def read_opinions(settings: Settings) -> Iterator[Opinion]:
    """What counts of the topic `opinions`, partition by partition, up to its end at the call."""
    name = Topics.of(settings).opinions
    state = describe(settings.kafka, [name]).get(name)
    if state is None:
        raise ExportError(f"topic {name} does not exist: run {settings.run!r} has no opinions yet")
    with TopicLog(settings.kafka, {name: state.partitions}) as log:
        for partition, begin in log.begins.items():
            distinct = Distinct(settings.aggregation)
            for record in log.records({partition: begin}):
                try:
                    message = decode_opinion(record.value or b"")
                except InvalidMessage:
                    continue  # counted by the worker
                if isinstance(message, Opinion) and distinct.counts(message):
                    yield message


def _opinion(opinion: Opinion) -> dict[str, Any]:
    row = {name: getattr(opinion, name) for name in OPINIONS.names}
    for name in ("relevance", "negative", "neutral", "positive", "event_probability"):
        row[name] = row[name] / MICRO
    return row


def _bucket(row: BucketRow) -> dict[str, Any]:
    bucket, end = row.bucket, row.start + SECONDS[row.resolution]
    return {
        "resolution": row.resolution,
        "company": row.company,
        "channel": row.channel,
        "start": row.start * SECOND,
        "end": end * SECOND,
        **{name: getattr(bucket, name) for name in (*_COUNTS, "authors", "stories")},
        "sources": sorted(bucket.sources.items()),
        "events": sorted(bucket.events.items()),
    }


def _write(out: Path, schema: pa.Schema, rows: Iterable[dict[str, Any]]) -> int:
    count = 0
    with whole_file(out) as draft, pq.ParquetWriter(draft, schema, compression="zstd") as writer:
        held: list[dict[str, Any]] = []
        for row in rows:
            held.append(row)
            count += 1
            if len(held) >= ROWS:
                writer.write_table(pa.Table.from_pylist(held, schema))
                held = []
        writer.write_table(pa.Table.from_pylist(held, schema))
    return count
