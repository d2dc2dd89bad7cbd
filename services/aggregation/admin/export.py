"""Opinions and aggregates as Parquet files, as of `available_at`: a file up to T holds nothing that came out later.

Times are UTC timestamps; probabilities and relevance are fractions in [0, 1], `sentiment` (positive - negative) is one
in [-1, 1]; `text` is the masked excerpt that an opinion carries. A bucket's sums stay integers in micro-units, exact.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from services.aggregation.core.copies import Distinct
from services.aggregation.core.decoding import not_ahead
from services.aggregation.core.store import BucketRow, Store
from shared.clients.kafka import TopicLog, describe
from shared.clients.redis import connect
from shared.clients.state_folder import whole_file
from shared.clock import SECOND, to_micros
from shared.contract.aggregates import SECONDS
from shared.contract.events import MICRO, InvalidMessage, Opinion, decode_opinion
from shared.contract.keys import Keys
from shared.contract.topics import Topics
from shared.event_classes.selection import in_classes
from shared.reading.deleted import all_deleted, is_gone
from shared.settings import Settings

ROWS: Final = 20_000  # per row group
FIRST: Final = -(2**63)
LAST: Final = 2**63 - 1
_TIME = pa.timestamp("us", tz="UTC")

OPINIONS: Final = pa.schema(
    [("available_at", _TIME), ("published_at", _TIME)]
    + [(name, pa.string()) for name in ("company", "channel", "source", "document_id", "author", "story")]
    + [(name, pa.float64()) for name in ("relevance", "sentiment", "negative", "neutral", "positive")]
    + [("event", pa.string()), ("event_probability", pa.float64())]
    + [(name, pa.string()) for name in ("title", "text", "url", "language", "model")]
    + [("synthetic", pa.bool_()), ("truncated", pa.bool_())]
    + [("second_event", pa.string()), ("second_probability", pa.float64()), ("role", pa.string())]
    + [("rumour", pa.bool_()), ("rules", pa.list_(pa.string())), ("flags", pa.list_(pa.string()))]
    + [("dropped", pa.bool_()), ("weight_left", pa.float64())]
)
_COUNTS: Final = ("documents", "positive", "neutral", "negative", "weight_sum", "score_sum", "score_square_sum")
AGGREGATES: Final = pa.schema(
    [("resolution", pa.string()), ("company", pa.string()), ("channel", pa.string()), ("start", _TIME), ("end", _TIME)]
    + [("sentiment", pa.float64())]
    + [(name, pa.int64()) for name in (*_COUNTS, "authors", "stories")]
    + [(name, pa.map_(pa.string(), pa.int64())) for name in ("sources", "events")]
)


class ExportError(ValueError):
    """Nothing to export; the text says what is expected."""


def export_opinions(opinions: Iterable[Opinion], out: Path, begin: int = FIRST, end: int = LAST) -> int:
    """Write those opinions with `available_at` in [begin, end); how many."""
    return _write(out, OPINIONS, (_opinion(each) for each in opinions if begin <= each.available_at < end))


def export_aggregates(store: Store, out: Path, begin: int = FIRST, end: int = LAST) -> int:
    """Write the buckets that lie within [begin, end), in canonical order; how many."""
    return _write_within(map(_stored, store.rows()), out, begin, end)


def export_dump(lines: Iterable[bytes], out: Path, begin: int = FIRST, end: int = LAST) -> int:
    """The same of a canonical dump."""
    return _write_within(map(_dumped, lines), out, begin, end)


def _write_within(rows: Iterable[dict[str, Any]], out: Path, begin: int, end: int) -> int:
    return _write(out, AGGREGATES, (row for row in rows if begin <= row["start"] and row["end"] <= end))


def read_opinions(settings: Settings) -> Iterator[Opinion]:
    """What counts of the topic `opinions`, partition by partition, up to its end at the call."""
    with connect(settings.redis) as client:
        gone = all_deleted(client, Keys(settings.run, 1))
    name = Topics.of(settings).opinions
    state = describe(settings.kafka, [name]).get(name)
    if state is None:
        raise ExportError(f"topic {name} does not exist: run {settings.run!r} has no opinions yet")
    with TopicLog(settings.kafka, {name: state.partitions}) as log:
        for partition, begin in log.begins.items():
            distinct = Distinct(settings.aggregation)
            for record in log.records({partition: begin}):
                try:
                    message = not_ahead(decode_opinion(record.value or b""), record.timestamp / 1000)
                except InvalidMessage:
                    continue  # counted by the worker
                if isinstance(message, Opinion) and distinct.counts(message):
                    yield _shown(message, gone)


def as_shown(settings: Settings, opinions: Iterable[Opinion]) -> Iterator[Opinion]:
    """A replay's opinions: what was deleted at its source since then is without words. Raises redis.RedisError."""
    with connect(settings.redis) as client:
        gone = all_deleted(client, Keys(settings.run, 1))
    return (_shown(each, gone) for each in opinions)


def _shown(opinion: Opinion, gone: dict[str, int]) -> Opinion:
    """Without its words where the item is gone at its source."""
    if is_gone(opinion.item, opinion.available_at, gone):
        return msgspec.structs.replace(opinion, title="", excerpt="", url="", author="")
    return opinion


def _opinion(opinion: Opinion) -> dict[str, Any]:
    row: dict[str, Any] = {name: getattr(opinion, name, None) for name in OPINIONS.names}
    row["event"], row["rules"] = opinion.event_class, opinion.spoke
    row["sentiment"], row["text"] = opinion.positive - opinion.negative, opinion.excerpt
    for name in (
        "relevance",
        "sentiment",
        "negative",
        "neutral",
        "positive",
        "event_probability",
        "second_probability",
        "weight_left",
    ):
        row[name] = row[name] / MICRO
    return row


def _stored(row: BucketRow) -> dict[str, Any]:
    bucket = row.bucket
    place = {"resolution": row.resolution, "company": row.company, "channel": row.channel}
    return _bucket(place | {name: getattr(bucket, name) for name in bucket.__struct_fields__}, row.start)


def _dumped(line: bytes) -> dict[str, Any]:
    values = msgspec.json.decode(line)
    return _bucket(values, to_micros(datetime.fromisoformat(values["start"])) // SECOND)


def _bucket(values: dict[str, Any], start: int) -> dict[str, Any]:
    """A bucket that begins at `start` (seconds) as a row of AGGREGATES."""
    weight = values["weight_sum"]
    return {
        **{name: values[name] for name in ("resolution", "company", "channel", *_COUNTS, "authors", "stories")},
        "start": start * SECOND,
        "end": (start + SECONDS[values["resolution"]]) * SECOND,
        "sentiment": values["score_sum"] / weight if weight else None,
        "sources": sorted(values["sources"].items()),
        "events": sorted(in_classes(values["events"]).items()),
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
