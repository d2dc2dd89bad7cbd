"""The records of a drained `opinions`, laid anew over another number of partitions.

Every record carries its origin, and within one origin stream (a partition of documents.*) records were sent in the
order of their origins. So the log is first written to disk once per stream and old partition, without what was sent
twice (`spool`); merging these by origin gives each stream whole, and merging the streams by market time gives an order
in which hardly anything is late (`in_order`). A new partition that gets its records in this order is one that a run
with the new count could have had from its beginning.
"""

from __future__ import annotations

import heapq
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path
from typing import IO, Any, Final

import msgspec
from kafka import KafkaProducer

from shared.clients.kafka import TopicLog, client_config
from shared.contract.events import Echo, InvalidMessage, Opinion, OpinionMessage, Outcome, Tick, decode_opinion
from shared.contract.topics import partition_for
from shared.settings import KafkaSettings

_UNREADABLE: Final = "unreadable"
_AT_ONCE: Final = 5000  # records under way


class Frame(msgspec.Struct, frozen=True, array_like=True):
    """One record on disk."""

    offset: int  # of its origin
    index: int  # of its origin
    time: int  # market time that it tells of, microseconds; 0: none
    everywhere: bool  # a tick, which every partition has
    key: bytes | None
    value: bytes
    headers: list[tuple[str, bytes]]


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(Frame).decode


def spool(kafka: KafkaSettings, topic: str, partitions: int, folder: Path) -> int:
    """Write the topic to `folder`, one file per origin stream and partition; returns the number of records kept.

    Raises LogCut when Kafka has deleted the beginning of a partition.
    """
    with TopicLog(kafka, {topic: partitions}) as log:
        return sum(write_runs(map(_frame, log.records({part: 0})), part.partition, folder) for part in log.partitions)


def write_runs(records: Iterator[Frame], partition: int, folder: Path) -> int:
    """One old partition into the spool; returns the number of records kept."""
    kept = 0
    with ExitStack() as stack:
        files: dict[str, IO[bytes]] = {}
        for stream, frame in first_sent(records):
            if stream not in files:
                name = f"{stream.replace(':', '.')}~{partition}.run"
                files[stream] = stack.enter_context((folder / name).open("wb"))
            raw = _encode(frame)
            files[stream].write(len(raw).to_bytes(4, "big") + raw)
            kept += 1
        for file in files.values():
            file.flush()
            os.fsync(file.fileno())  # the topic is deleted once it lies here
    return kept


def first_sent(records: Iterator[Frame]) -> Iterator[tuple[str, Frame]]:
    """Stream and frame of every record that was not sent before: a stream's origins rise, but for what was re-sent."""
    last: dict[str, tuple[int, int]] = {}
    for record in records:
        stream, placed = _placed(record)
        if _origin(placed) >= last.get(stream, (-1, -1)):
            last[stream] = _origin(placed)
            yield stream, placed


def in_order(folder: Path) -> Iterator[Frame]:
    """Every frame of a spool: per stream by origin, streams by market time. A tick of all partitions comes once."""
    streams: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("*.run")):
        streams.setdefault(path.name.partition("~")[0], []).append(path)
    timed = [_timed(heapq.merge(*map(_frames, paths), key=_origin)) for _, paths in sorted(streams.items())]
    for _, frame in heapq.merge(*timed, key=lambda pair: pair[0]):
        yield frame


def lay(kafka: KafkaSettings, topic: str, partitions: int, frames: Iterator[Frame]) -> None:
    """Send frames to the partitions of their keys, each in order; returns when Kafka has all of them."""
    producer = KafkaProducer(
        **client_config(kafka), enable_idempotence=True, acks="all", linger_ms=20, max_request_size=8_388_608
    )
    waiting = []
    try:
        for frame in frames:
            for partition in partitions_of(frame, partitions):
                waiting.append(producer.send(topic, frame.value, frame.key, headers=frame.headers, partition=partition))
            if len(waiting) >= _AT_ONCE:
                for future in waiting:
                    future.get(timeout=120)
                waiting.clear()
        for future in waiting:
            future.get(timeout=120)
    finally:
        producer.close()


def partitions_of(frame: Frame, partitions: int) -> Sequence[int]:
    """Where a frame goes among so many."""
    return range(partitions) if frame.everywhere else [partition_for((frame.key or b"").decode(), partitions)]


def _placed(record: Frame) -> tuple[str, Frame]:
    """The stream of a record, and the record at its origin. What no schema reads keeps its place: it counts, too."""
    try:
        message: OpinionMessage = decode_opinion(record.value)
    except InvalidMessage:
        return _UNREADABLE, record
    origin = message.origin
    if origin is None:
        return _UNREADABLE, record
    time = 0
    if isinstance(message, Opinion | Echo):
        time = message.available_at
    elif isinstance(message, Tick):
        time = message.watermark
    place = {"offset": origin.offset, "index": origin.index, "time": time, "everywhere": _is_everywhere(message)}
    return origin.stream, msgspec.structs.replace(record, **place)


def _is_everywhere(message: OpinionMessage) -> bool:
    return isinstance(message, Tick) or (isinstance(message, Outcome) and message.state == "deleted")


def _frame(record: Any) -> Frame:
    """A record of Kafka, with its own offset and partition where the origin's will stand."""
    headers = list(record.headers)
    return Frame(record.offset, record.partition, 0, False, record.key, record.value or b"", headers)


def _frames(path: Path) -> Iterator[Frame]:
    with path.open("rb") as file:
        while size := file.read(4):
            yield _decode(file.read(int.from_bytes(size, "big")))


def _origin(frame: Frame) -> tuple[int, int]:
    return frame.offset, frame.index


def _timed(frames: Iterator[Frame]) -> Iterator[tuple[int, Frame]]:
    """Each frame with the market time that its stream has reached; of equal ones at one origin only the first."""
    clock = 0
    for _, same in groupby(frames, key=_origin):
        seen: set[tuple[bytes | None, bytes]] = set()
        for frame in same:
            clock = max(clock, frame.time)
            if (frame.key, frame.value) not in seen:
                seen.add((frame.key, frame.value))
                yield clock, frame
