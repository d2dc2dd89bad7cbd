"""The Arrow schemas of the archive's tables (shared/contract/archive.py says what the columns mean)."""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from shared.contract.archive import APPLIED, DOCUMENTS, OPINIONS, READINGS, SIGNALS

_SMALL: Final = {"lance-encoding:compression": "zstd"}  # of what is long and read by the row
_PLACE: Final = [
    pa.field("topic_id", pa.string()),
    pa.field("partition", pa.int32()),
    pa.field("offset", pa.int64()),
    pa.field("appended_at", pa.int64()),
    pa.field("key", pa.string()),
    pa.field("value", pa.binary(), metadata=_SMALL),
]


def _schema(**columns: pa.DataType) -> pa.Schema:
    return pa.schema([*_PLACE, *(pa.field(name, kind) for name, kind in columns.items())])


_TEXT: Final = pa.string()
_NUMBER: Final = pa.int64()

SCHEMAS: Final[dict[str, pa.Schema]] = {
    DOCUMENTS: _schema(
        channel=_TEXT, document_id=_TEXT, source=_TEXT, language=_TEXT, available_at=_NUMBER, words=_TEXT
    ),
    OPINIONS: _schema(
        kind=_TEXT,
        company=_TEXT,
        document_id=_TEXT,
        available_at=_NUMBER,
        channel=_TEXT,
        event=_TEXT,
        label=_TEXT,
        origin=_TEXT,
        story=_TEXT,
        source=_TEXT,
        author=_TEXT,
        item=_TEXT,
        language=_TEXT,
        weight=_NUMBER,
        score=_NUMBER,
        second_event=_TEXT,
        role=_TEXT,
        rumour=pa.bool_(),
    ),
    READINGS: _schema(
        document_id=_TEXT, available_at=_NUMBER, model=_TEXT, bits=pa.binary(), embedding=pa.binary(), scale=_NUMBER
    ),
    SIGNALS: _schema(company=_TEXT, strategy=_TEXT, at=_NUMBER, revision=_NUMBER, available_at=_NUMBER),
    APPLIED: _schema(slot=_NUMBER, at=_NUMBER, position=_NUMBER),
}
