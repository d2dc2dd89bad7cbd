"""What the model read in a document beside its opinions: embedding and events. Topic `readings`, key: document id.

One pass of the model gives both. The embedding travels in 8 bits: value i is `embedding[i]` (signed) times `scale`
thousand-millionths. A document that is scored again (a worker that died) is read again: readers take one per document.
"""

from __future__ import annotations

from typing import Final

import msgspec

from shared.contract.events import SCHEMA, Origin

EVENTS_READ: Final = 3  # the most probable ones
SCALE: Final = 1_000_000_000  # one, in the unit of `scale`


class Reading(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="reading", omit_defaults=True, gc=False):
    """Of one document, by one model."""

    schema: int = SCHEMA
    origin: Origin  # of the document; `index` is 0
    document_id: str
    available_at: int
    model: str
    events: tuple[tuple[str, int], ...] = ()  # (class, micro-units), most probable first, at most EVENTS_READ
    embedding: bytes = b""  # one signed byte a dimension; empty: the model has none
    scale: int = 0  # see above


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Reading)


def encode_reading(reading: Reading) -> bytes:
    return _encoder.encode(reading)


def decode_reading(raw: bytes) -> Reading:
    """Raises msgspec.MsgspecError."""
    return _decoder.decode(raw)
