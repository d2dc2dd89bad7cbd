"""Values in a broker's files written anew: other records, and whatever says where and when, stay as they are."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder
from kafka.record.memory_records import MemoryRecords

from services.embedded.errors import EmbeddedError
from services.embedded.kafka_files import Held, files_of, rewrite, stopped

HEADERS = [("origin", b"x:1:2"), ("empty", None)]


class Record(NamedTuple):
    key: bytes | None
    value: bytes | None


RECORDS = st.lists(
    st.builds(Record, st.none() | st.binary(max_size=9), st.none() | st.binary(max_size=300)), min_size=1, max_size=9
)


def batch(first: int, records: list[Record], codec: int = 0) -> bytes:
    """As a broker keeps it: with its first offset, the leader's epoch and the time of appending."""
    builder = DefaultRecordBatchBuilder(2, codec, False, 77, 3, 11 + first, 10**9)
    for number, record in enumerate(records):
        builder.append(number, 1_700_000_000_000 + number, record.key, record.value, list(HEADERS))
    raw = bytearray(builder.build())
    struct.pack_into(">q", raw, 0, first)
    struct.pack_into(">i", raw, 12, 5)
    return bytes(raw)


def read(raw: bytes) -> list[tuple[object, ...]]:
    """Everything of every record, and of its batch, but for codec, length and checksum (which is checked)."""
    found: list[tuple[object, ...]] = []
    memory = MemoryRecords(raw)
    while memory.has_next():
        held = memory.next_batch()
        assert isinstance(held, DefaultRecordBatch) and held.validate_crc()
        told = (held.leader_epoch, held.producer_id, held.producer_epoch, held.base_sequence, held.last_offset_delta)
        times = (held.first_timestamp, held.max_timestamp, held.timestamp_type, held.base_offset)
        found += [(*told, *times, r.offset, r.timestamp, r.key, r.value, r.headers) for r in held]
    return found


@given(
    batches=st.lists(RECORDS, min_size=1, max_size=4), codecs=st.lists(st.sampled_from([0, 1, 2, 3, 4])), data=st.data()
)
def test_only_the_chosen_values_are_others(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[Record]], codecs: list[int], data: st.DataObject
) -> None:
    file = tmp_path_factory.mktemp("p") / "00000000000000000100.log"
    raw, offset = b"", 100
    for number, records in enumerate(batches):
        raw += batch(offset, records, codecs[number % len(codecs)] if codecs else 0)
        offset += len(records)
    torn = data.draw(st.sampled_from([b"", raw[:40], b"\0" * 90]))
    file.write_bytes(raw + torn)
    for ending in (".index", ".timeindex", ".txnindex"):
        file.with_suffix(ending).write_bytes(b"i")
    chosen = data.draw(st.dictionaries(st.integers(100, offset), st.binary(max_size=300)))
    before = read(raw)

    def change(held: Held) -> bytes | None:
        assert held.milliseconds >= 1_700_000_000_000
        return chosen.get(held.offset)

    count = rewrite(file, change)
    after = file.read_bytes()
    assert after.endswith(torn)
    wanted = [(*row[:12], chosen.get(int(str(row[9])), row[12]), row[13]) for row in before]
    assert read(after[: len(after) - len(torn)]) == wanted
    assert count == sum(100 <= each < offset for each in chosen)
    assert file.with_suffix(".index").exists() == file.with_suffix(".timeindex").exists() == (count == 0)
    assert file.with_suffix(".txnindex").exists()
    if not count:
        assert after == raw + torn


def test_a_broken_file_is_named_and_stays(tmp_path: Path) -> None:
    file = tmp_path / "00000000000000000000.log"
    raw = bytearray(batch(0, [Record(b"k", b"v" * 90)]))
    raw[61:66] = b"\xff" * 5
    file.write_bytes(raw)
    with pytest.raises(EmbeddedError, match="cannot be read"):
        rewrite(file, lambda _: b"")
    assert file.read_bytes() == raw
    file.write_bytes(b"")
    assert rewrite(file, lambda _: b"") == 0


def test_topics_and_partitions_by_their_folders(tmp_path: Path) -> None:
    for name in ("opinions-0", "run.a-b.opinions-12", "__cluster_metadata-0", "plain"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "00000000000000000000.log").write_bytes(b"")
    for name in ("opinions-0", "run.a-b.opinions-12"):
        (tmp_path / name / "partition.metadata").write_text("version: 0")
    (tmp_path / "meta.properties").write_text("")
    assert [(topic, part) for topic, part, _ in files_of(tmp_path)] == [("opinions", 0), ("run.a-b.opinions", 12)]
    with stopped(tmp_path):
        pass
