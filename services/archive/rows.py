"""From records to rows: what each is found by, taken from its value. What cannot be read is kept without that."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from services.archive.schemas import SCHEMAS
from services.runtime.record import Record
from shared.contract.applied import decode_applied
from shared.contract.archive import APPLIED, DOCUMENTS, OPINIONS, READINGS, SIGNALS, signs_of, words_of
from shared.contract.events import (
    CHANNELS,
    Deletion,
    Document,
    Echo,
    InvalidMessage,
    Outcome,
    Tick,
    decode_document,
    decode_opinion,
)
from shared.contract.readings import decode_reading
from shared.contract.signals import decode_signal
from shared.contract.topics import Topics
from shared.contract.weighing import contribution

Row = dict[str, Any]


def tables_of(topics: Topics) -> dict[str, str]:
    """Topic -> the table that keeps its records."""
    return {topics.documents(channel): DOCUMENTS for channel in CHANNELS} | {
        topics.opinions: OPINIONS,
        topics.readings: READINGS,
        topics.signals: SIGNALS,
        topics.applied: APPLIED,
    }


class Rows:
    """`tables`: of each topic; `topic_ids`: as the run is bound to them."""

    def __init__(self, tables: Mapping[str, str], topic_ids: Mapping[str, str]) -> None:
        self._tables, self._topic_ids = tables, topic_ids

    def of(self, records: Sequence[Record]) -> dict[str, list[Row]]:
        """Table -> the rows of these records, in their order.

        A promise on documents.* is kept only as the last of its partition's records here: it says how far we are.
        """
        last = {(record.topic, record.partition): record.offset for record in records}
        found: dict[str, list[Row]] = {}
        for record in records:
            table = self._tables[record.topic]
            columns = _COLUMNS[table](record.value or b"")
            if columns is None and last[record.topic, record.partition] != record.offset:
                continue
            row = dict.fromkeys(SCHEMAS[table].names) | {
                "topic_id": self._topic_ids[record.topic],
                "partition": record.partition,
                "offset": record.offset,
                "appended_at": int(record.timestamp * 1_000) * 1_000,
                "key": (record.key or b"").decode(errors="replace"),
                "value": record.value or b"",
            }
            found.setdefault(table, []).append(row | (columns or {}))
        return found


def _document(value: bytes) -> Row | None:
    """None of a promise."""
    try:
        document = decode_document(value)
    except InvalidMessage:
        return {}
    if isinstance(document, Deletion):  # search looks for it under the item's name
        return {
            "channel": document.channel,
            "document_id": f"-{document.item}",
            "source": document.source,
            "language": "",
            "available_at": document.deleted_at,
            "words": "",
        }
    if not isinstance(document, Document):
        return None
    return {
        "channel": document.channel,
        "document_id": document.id,
        "source": document.source,
        "language": document.language,
        "available_at": document.available_at,
        "words": " ".join(words_of(f"{document.title}\n{document.text}")),
    }


def _opinion(value: bytes) -> Row:
    try:
        message = decode_opinion(value)
    except InvalidMessage:
        return {"kind": ""}
    if isinstance(message, Tick):
        return {"kind": "tick"}
    if isinstance(message, Outcome):
        return {"kind": "outcome"}
    if isinstance(message, Echo):
        return {"kind": "echo", "available_at": message.available_at}
    part = contribution(message)
    return {
        "kind": "opinion",
        "company": message.company,
        "document_id": message.document_id,
        "available_at": message.available_at,
        "channel": message.channel,
        "event": message.event,
        "label": part.label,
        "origin": f"{message.origin.stream}:{message.origin.offset}:{message.origin.index}",
        "story": message.story,
        "source": message.source,
        "author": message.author,
        "item": message.item,
        "language": message.language,
        "weight": part.weight,
        "score": part.score,
        "second_event": message.second_event,
        "role": message.role,
        "rumour": message.rumour,
    }


def _reading(value: bytes) -> Row:
    try:
        reading = decode_reading(value)
    except msgspec.MsgspecError:
        return {}
    return {
        "document_id": reading.document_id,
        "available_at": reading.available_at,
        "model": reading.model,
        "bits": signs_of(reading.embedding),
        "embedding": reading.embedding,
        "scale": reading.scale,
    }


def _signal(value: bytes) -> Row:
    try:
        signal = decode_signal(value)
    except msgspec.MsgspecError:
        return {}
    return {name: getattr(signal, name) for name in ("company", "strategy", "at", "revision", "available_at")}


def _applied(value: bytes) -> Row:
    try:
        applied = decode_applied(value)
    except msgspec.MsgspecError:
        return {}
    return {"slot": applied.slot, "at": applied.at, "position": applied.offset}


_COLUMNS: Final[dict[str, Callable[[bytes], Row | None]]] = {
    DOCUMENTS: _document,
    OPINIONS: _opinion,
    READINGS: _reading,
    SIGNALS: _signal,
    APPLIED: _applied,
}
