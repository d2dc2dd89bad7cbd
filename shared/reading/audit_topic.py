"""The topic `audit`, read whole: entries in the order in which Kafka took them; a copy is left out."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from shared.clients.kafka import describe, read_log
from shared.contract.audit import Entry, decode_entry
from shared.contract.topics import AUDIT
from shared.reading.offsets import require_broker
from shared.settings import KafkaSettings


def entries(kafka: KafkaSettings) -> Iterator[Entry]:
    """Every entry that the topic holds; none where there is no such topic yet. Raises KafkaUnreachable, LogCut,
    LogStalled."""
    require_broker(kafka)
    if AUDIT.name not in describe(kafka, [AUDIT.name]):
        return
    seen: set[str] = set()
    for record in read_log(kafka, {AUDIT.name: AUDIT.partitions}):
        try:
            entry = decode_entry(record.value)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            continue  # of a later version, or a stranger's
        if entry.id not in seen:
            seen.add(entry.id)
            yield entry
