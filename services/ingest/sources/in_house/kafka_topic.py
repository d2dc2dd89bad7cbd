"""Any topic of any cluster as a source: JSON, text, CSV or Avro, with the record's key, headers and time beside it.

The cursor holds the next offset of each partition and the topic's id, so that it is exact through kills; what is
committed to the group, for those who watch it, is what is safe. A record without a value deletes the item that its key
names.
"""

from __future__ import annotations

import csv
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Final, Literal

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError, OffsetOutOfRangeError
from kafka.structs import OffsetAndMetadata
from pydantic import Field, SecretStr

from services.ingest.documents.dates.times import UnreadableTime, parse_time
from services.ingest.documents.normalise import EXCHANGE, GAP, RawItem, Rejected
from services.ingest.sources.kind import SourceKind, SourceOptions, Surroundings, check_fields, ledger_key, reading_of
from services.ingest.sources.polling import PolledSource, PollFailed
from services.ingest.sources.source import Batch, Cursor, SourceError
from services.ingest.sources.tabular.avro_records import NotAvro, parse_schema, read_records
from services.ingest.sources.tabular.mapping import picker
from services.ingest.sources.tabular.rows import parse_json
from shared.clients.kafka import TopicState, client_config, describe
from shared.settings import KafkaSettings

_AT_ONCE: Final = 500
_WAIT_MS: Final = 500
_LOOK_AGAIN: Final = 120  # polls between two looks at the topic: partitions may be added
_HEADERS_CHARS: Final = 10_000


class KafkaOptions(SourceOptions):
    PLACE: ClassVar[tuple[str, ...]] = ("bootstrap_servers", "topic")
    bootstrap_servers: str = Field(description="Comma-separated brokers, host:port.")
    topic: str = Field(min_length=1, description="The topic.")
    format: Literal["json", "text", "csv", "avro"] = Field("json", description="What a value is.")
    columns: tuple[str, ...] = Field((), description="csv: the names of the columns, in their order.")
    delimiter: str = Field(",", min_length=1, max_length=1, description="csv: between two cells.")
    avro_schema: str = Field("", description="avro: file of the schema; none: each value is an Avro file with its own.")
    map: dict[str, str] = Field(
        {},
        description="FIELD: path, such as user.name; also key, timestamp, partition, offset and headers.NAME.",
    )
    start: str = Field("latest", description="Where it begins: earliest, latest or a time. Later it goes on.")
    group: str = Field("", description="Group to which progress is committed, for those who watch it.")
    live: bool = Field(True, description="Available when read; false: history, available when dated.")
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="How to talk to the brokers."
    )
    ssl_cafile: str | None = Field(None, description="CA certificates (PEM) that sign the brokers' certificates.")
    ssl_certfile: str | None = Field(None, description="Client certificate (PEM) for mutual TLS.")
    ssl_keyfile: str | None = Field(None, description="Private key of the client certificate (PEM).")
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field("PLAIN", description="SASL mechanism.")
    sasl_username: str | None = Field(None, description="SASL user name.")
    sasl_password: SecretStr | None = Field(None, description="SASL password.")

    def connection(self) -> KafkaSettings:
        own = self.model_dump(include=set(KafkaSettings.model_fields) & set(KafkaOptions.model_fields))
        return KafkaSettings(**own)


class KafkaSource(PolledSource):
    """Yields a batch for each fetch. Cursor: `topic_id`, and `p.N`: the next offset of partition N."""

    def __init__(self, name: str, options: KafkaOptions, around: Surroundings) -> None:
        super().__init__(ledger_key(name, options), reading_of(name, options, live=options.live), 5.0, around.clock)
        self._options = options
        self._kafka = options.connection()
        self._start_at = _start_of(name, options)
        self._schema = _schema_of(name, options)
        if options.format == "csv" and not options.columns:
            raise SourceError(f"source {name}: format csv needs columns, the names of the cells in their order")
        check_fields(name, options.map)
        self._pick = picker(_plain_map(options))

    def poll(self, cursor: Cursor, stop: threading.Event) -> Iterator[Batch]:
        """Until `stop`, or Kafka is lost: PollFailed, and it connects anew."""
        try:
            consumer = KafkaConsumer(
                **client_config(self._kafka),
                client_id="bellwether-ingest",
                group_id=self._options.group or None,
                enable_auto_commit=False,
                auto_offset_reset="none",
                consumer_timeout_ms=_WAIT_MS,
                max_poll_records=_AT_ONCE,
            )
        except (KafkaError, OSError) as error:
            raise PollFailed(f"Kafka at {self._options.bootstrap_servers}: {type(error).__name__}: {error}") from error
        try:
            yield from self._read(consumer, cursor, stop)
        except (KafkaError, OSError) as error:
            raise PollFailed(f"Kafka: {type(error).__name__}: {error}") from error
        except KeyError as error:  # a partition that was just added has no leader for a moment
            raise PollFailed(f"Kafka does not lead {error} yet") from error
        finally:
            consumer.close()

    def _read(self, consumer: KafkaConsumer, cursor: Cursor, stop: threading.Event) -> Iterator[Batch]:
        state = self._topic()
        while not stop.is_set():
            gaps, cursor = self._assigned(consumer, state, cursor)
            yield Batch(gaps, cursor)
            for _ in range(_LOOK_AGAIN):
                if stop.is_set():
                    return
                try:
                    fetched = consumer.poll(timeout_ms=_WAIT_MS, max_records=_AT_ONCE)
                except OffsetOutOfRangeError:
                    break  # retention was faster than we are: told as a gap
                self._well()
                items = [item for records in fetched.values() for record in records for item in self._items(record)]
                ends = {f"p.{part.partition}": records[-1].offset + 1 for part, records in fetched.items() if records}
                cursor = cursor | ends
                yield Batch(items, cursor, settled=partial(self._commit, consumer, cursor) if ends else None)
            if self._topic() != state:
                return  # partitions were added, or the topic is another: a new consumer knows them

    def _topic(self) -> TopicState:
        topic = self._options.topic
        found = describe(self._kafka, [topic]).get(topic)
        if found is None:
            raise PollFailed(f"there is no topic {topic} at {self._options.bootstrap_servers}")
        return found

    def _assigned(
        self, consumer: KafkaConsumer, state: TopicState, cursor: Cursor
    ) -> tuple[list[RawItem | Rejected], Cursor]:
        """Every partition at its place, what retention took in between, and the cursor that says so."""
        parts = [TopicPartition(state.name, number) for number in range(state.partitions)]
        first, ends = consumer.beginning_offsets(parts), consumer.end_offsets(parts)
        gaps: list[RawItem | Rejected] = []
        fresh = not cursor
        if cursor and cursor.get("topic_id") != state.topic_id:
            gaps.append(Rejected(GAP, f"topic {state.name} was made anew; it is read from its start", dict(cursor)))
            cursor = {}
        places: Cursor = {"topic_id": state.topic_id}
        begin = self._begin(consumer, parts, first, ends) if fresh else first
        for part in parts:
            place = int(cursor.get(f"p.{part.partition}", begin[part]))
            if not first[part] <= place <= ends[part]:
                detail = f"partition {part.partition}: offset {place} of [{first[part]}, {ends[part]}] is not there"
                gaps.append(Rejected(GAP, detail, dict(cursor)))
                place = first[part]
            places[f"p.{part.partition}"] = place
        consumer.assign(parts)
        for part in parts:
            consumer.seek(part, int(places[f"p.{part.partition}"]))
        return gaps, places

    def _begin(self, consumer: KafkaConsumer, parts: list[TopicPartition], first: Any, ends: Any) -> Any:
        """Where a source that never read begins."""
        if self._options.start == "earliest":
            return first
        if self._options.start == "latest":
            return ends
        found = consumer.offsets_for_times(dict.fromkeys(parts, self._start_at))
        return {part: found[part].offset if found.get(part) else ends[part] for part in parts}

    def _commit(self, consumer: KafkaConsumer, safe: Cursor) -> None:
        if self._options.group:
            consumer.commit_async(
                {
                    TopicPartition(self._options.topic, int(name[2:])): OffsetAndMetadata(int(offset), "", -1)
                    for name, offset in safe.items()
                    if name.startswith("p.")
                }
            )

    def _items(self, record: Any) -> list[RawItem | Rejected]:
        around = {
            "key": _text(record.key),
            "timestamp": record.timestamp,
            "partition": record.partition,
            "offset": record.offset,
            "headers": {name: _text(value) for name, value in list(record.headers)[:100]},
        }
        if record.value is None:
            return [{"external_id": around["key"], "deleted": True}]
        values = self._values(record.value)
        if isinstance(values, Rejected):
            return [values]
        return [self._own_id(self._pick({**around, **value}), around) for value in values]

    def _own_id(self, item: RawItem, around: dict[str, Any]) -> RawItem:
        """The key names the item where nothing in the value does."""
        if item.get("external_id") in (None, "") and "external_id" not in self._options.map:
            return {**item, "external_id": around["key"]}
        return item

    def _values(self, raw: bytes) -> list[RawItem] | Rejected:
        try:
            match self._options.format:
                case "json":
                    row = parse_json(raw)
                    return row if isinstance(row, Rejected) else [row]
                case "avro":
                    return read_records(raw, self._schema)
                case "csv":
                    return self._cells(raw.decode())
                case _:
                    return [{"text": raw.decode()}]
        except (NotAvro, UnicodeDecodeError, csv.Error) as error:
            return Rejected("undecodable", f"{self._options.format}: {error}", raw)

    def _cells(self, line: str) -> list[RawItem] | Rejected:
        names = self._options.columns
        cells = next(csv.reader([line], delimiter=self._options.delimiter), [])
        if len(cells) != len(names):
            return Rejected("undecodable", f"{len(cells)} cells for {len(names)} columns", line)
        return [dict(zip(names, cells, strict=True))]


def _plain_map(options: KafkaOptions) -> dict[str, str]:
    return {**({"text": "text"} if options.format == "text" else {}), **options.map}


def _text(raw: bytes | None) -> str:
    return (raw or b"")[:_HEADERS_CHARS].decode("utf-8", "replace")


def _start_of(name: str, options: KafkaOptions) -> int:
    """Milliseconds; 0 for a word."""
    if options.start in {"earliest", "latest"}:
        return 0
    try:
        return parse_time(options.start, EXCHANGE).micros // 1000
    except UnreadableTime as error:
        raise SourceError(f"source {name}: start: earliest, latest or a time, not {options.start!r}") from error


def _schema_of(name: str, options: KafkaOptions) -> Any:
    if not options.avro_schema:
        return None
    try:
        return parse_schema(Path(options.avro_schema).expanduser().read_text())
    except (OSError, UnicodeDecodeError, NotAvro) as error:
        raise SourceError(f"source {name}: avro_schema {options.avro_schema}: {error}") from error


KIND: Final = SourceKind("A topic of any Kafka cluster: JSON, text, CSV or Avro", KafkaOptions, KafkaSource)
