"""The files in which a stopped broker keeps its records, and values in them written anew.

A record keeps its place, time, key and headers, its batch the producer's numbers: to whoever reads, nothing moved. Each
file is whole before it takes the place of the former one, and Kafka makes the indices of a changed file anew.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from kafka.record.default_records import DefaultRecordBatch
from kafka.record.util import calc_crc32c, decode_varint, encode_varint

from services.embedded.errors import EmbeddedError
from shared.clients.state_folder import whole_file

_HEADER: Final = DefaultRecordBatch.HEADER_STRUCT
_BEFORE_LENGTH: Final = 12  # of a batch: its first offset, and the length of what follows
_MAGIC: Final = 2
_INDICES: Final = (".index", ".timeindex")


class Held(NamedTuple):
    """One record of a file."""

    offset: int
    milliseconds: int
    key: bytes | None
    value: bytes | None


Change = Callable[[Held], bytes | None]  # another value, or None: it stays


@contextmanager
def stopped(data: Path) -> Iterator[None]:
    """No broker starts on this folder of data in the block. Raises EmbeddedError when one runs."""
    descriptor = os.open(data / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise EmbeddedError(f"Kafka runs on {data}; stop it first: bellwether down") from None
    finally:
        os.close(descriptor)


def files_of(data: Path) -> Iterator[tuple[str, int, Path]]:
    """(topic, partition, file) of everything that a folder of data holds, oldest first within a partition."""
    for folder in sorted(data.iterdir()):
        topic, _, partition = folder.name.rpartition("-")
        if topic and partition.isdigit() and (folder / "partition.metadata").exists():
            yield from ((topic, int(partition), file) for file in sorted(folder.glob("*.log")))


def rewrite(file: Path, change: Change) -> int:
    """Give records other values; how many got one. Raises EmbeddedError for a file that cannot be read, OSError."""
    if not file.stat().st_size:
        return 0
    with file.open("rb") as source, mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ) as raw:
        made: dict[int, tuple[int, bytes]] = {}  # where a batch begins -> its end, and what takes its place
        count = 0
        for begin, end in _batches(raw):
            try:
                changed, batch = _changed(raw[begin:end], change)
            except Exception as error:  # kafka-python and each codec have their own kinds
                raise EmbeddedError(f"{file} cannot be read at byte {begin:,}: {error}") from error
            if changed:
                made[begin], count = (end, batch), count + changed
        if made:
            _replace(file, raw, made)
    return count


def _replace(file: Path, raw: mmap.mmap, made: dict[int, tuple[int, bytes]]) -> None:
    with whole_file(file, durable=True) as draft:
        with draft.open("wb") as out:
            done = 0
            for begin, (end, batch) in made.items():
                out.write(raw[done:begin])
                out.write(batch)
                done = end
            out.write(raw[done:])
        for ending in _INDICES:  # before the file: Kafka makes those that are not there
            file.with_suffix(ending).unlink(missing_ok=True)


def _batches(raw: mmap.mmap) -> Iterator[tuple[int, int]]:
    """Where each batch begins and ends; what a killed broker wrote half is none."""
    begin = 0
    while begin + _HEADER.size <= len(raw):
        (length,) = struct.unpack_from(">i", raw, begin + 8)
        end = begin + _BEFORE_LENGTH + length
        if length <= 0 or end > len(raw):
            return
        yield begin, end
        begin = end


def _changed(raw: bytes, change: Change) -> tuple[int, bytes]:
    """How many values of a batch are others, and the batch with them, no longer compressed."""
    batch = DefaultRecordBatch(raw)
    if batch.magic != _MAGIC or batch.is_control_batch:
        return 0, raw
    first, held = batch.base_offset, iter(batch)
    plain, position = bytes(batch._buffer), batch._pos  # behind the header, inflated
    out, count = bytearray(), 0
    for record in held:
        begin, position = position, batch._pos
        value = change(Held(record.offset, record.timestamp, record.key, record.value))
        if value is None:
            out += plain[begin:position]
        else:
            out += _with_value(plain, begin, value)
            count += 1
    return (count, _batch(raw, bytes(out), first)) if count else (0, raw)


def _with_value(plain: bytes, begin: int, value: bytes) -> bytes:
    """A record with another value: its attributes, times, key and headers as they are."""
    length, start = _varint(plain, begin)
    at = start + 1  # the attributes
    for _ in range(2):  # time and offset, against the batch's
        _, at = _varint(plain, at)
    key, at = _varint(plain, at)
    at += max(0, key)
    size, behind = _varint(plain, at)
    body = plain[start:at] + _encoded(len(value)) + value + plain[behind + max(0, size) : start + length]
    return _encoded(len(body)) + body


def _varint(plain: bytes, at: int) -> tuple[int, int]:
    number, end = decode_varint(plain, at)
    return int(number), int(end)


def _encoded(number: int) -> bytes:
    out = bytearray()
    encode_varint(number, out.append)
    return bytes(out)


def _batch(raw: bytes, records: bytes, first: int) -> bytes:
    fields: list[Any] = list(_HEADER.unpack_from(raw))
    fields[0], fields[1] = first, _HEADER.size - _BEFORE_LENGTH + len(records)
    fields[5] &= ~DefaultRecordBatch.CODEC_MASK
    made = bytearray(_HEADER.pack(*fields) + records)
    fields[4] = calc_crc32c(memoryview(made)[DefaultRecordBatch.ATTRIBUTES_OFFSET :])
    _HEADER.pack_into(made, 0, *fields)
    return bytes(made)
