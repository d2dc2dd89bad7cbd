"""What lies on documents.*, read back partition by partition."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from shared.clients.kafka import describe, read_log
from shared.contract.events import CHANNELS, Document, Tick, decode_document
from shared.contract.topics import Topics
from shared.settings import KafkaSettings, RedisSettings, Settings

DEADLINE_SECONDS = 90.0


def in_environment(section: KafkaSettings | RedisSettings) -> str:
    """A section as the value of one variable of the environment (BELLWETHER_KAFKA), with its password."""
    plain = {name: getattr(value, "get_secret_value", lambda value=value: value)() for name, value in section}
    return msgspec.json.encode(plain).decode()


@dataclass(slots=True)
class Found:
    """Records of both topics. `broken`: documents behind a tick that had promised that none so early would come."""

    documents: list[Document] = field(default_factory=list)
    ticks: dict[tuple[str, int], list[int]] = field(default_factory=dict)
    broken: list[Document] = field(default_factory=list)

    @property
    def ids(self) -> set[str]:
        return {document.id for document in self.documents}


def read_documents(settings: Settings) -> Found:
    """Everything that is there now."""
    topics = Topics.of(settings)
    found = Found()
    states = describe(settings.kafka, [topics.documents(channel) for channel in CHANNELS])
    for record in read_log(settings.kafka, {name: state.partitions for name, state in states.items()}):
        _add(found, record, decode_document(record.value))
    return found


def _add(found: Found, record: Any, message: Document | Tick) -> None:
    promised = found.ticks.setdefault((record.topic, record.partition), [])
    if isinstance(message, Tick):
        promised.append(message.watermark)
        return
    assert record.key == message.key.encode()
    found.documents.append(message)
    if promised and message.available_at < max(promised):
        found.broken.append(message)


def wait_for(condition: Callable[[], bool], what: str) -> None:
    """Until `condition`; fails after DEADLINE_SECONDS."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"not within {DEADLINE_SECONDS:.0f} s: {what}"
        time.sleep(0.05)
