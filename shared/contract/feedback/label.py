"""A person's answer to one question about one document. Topic `feedback`, key: document id; of no run, kept for ever.

It holds no text: what the document says is read from the archive, so that a deletion takes it from here, too. It
changes no count of the past: nothing that counts reads this topic.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple, get_args

import msgspec

from shared.contract.audit import Via
from shared.contract.events import SCHEMA

Aspect = Literal["sentiment", "event", "link"]
ASPECTS: Final[tuple[Aspect, ...]] = get_args(Aspect)
SENTIMENTS: Final = ("negative", "neutral", "positive")
NO_COMPANY: Final = "none"  # of a link: the text speaks of no company that is listed
UNSURE: Final = ""  # who cannot tell says so: it counts for nothing, and is not asked of them again


class Asked(NamedTuple):
    """What a label answers. `company`: whose sentiment or link it is; "" for the event, which is the document's."""

    document_id: str
    aspect: Aspect
    company: str = ""


class Label(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="label", omit_defaults=True):
    """`id` tells copies: a label may reach Kafka twice. Of one reviewer's labels on a question the latest holds."""

    schema: int = SCHEMA
    id: str  # 16 hex digits, random
    at: int  # wall clock, microseconds
    reviewer: str  # name of a key, of a user, or of the account that ran a command
    via: Via
    run: str  # whose answer was looked at
    document_id: str
    item: str = ""  # the document's
    aspect: Aspect
    company: str = ""
    said: str = ""  # the model's answer; "" where it gave none
    probability: int = 0  # of `said`, micro-units
    answer: str = ""  # what is right: a class, a company's id, "none"; or UNSURE
    model: str = ""  # model id

    @property
    def asked(self) -> Asked:
        return Asked(self.document_id, self.aspect, self.company)


def encode_label(label: Label) -> bytes:
    return msgspec.json.encode(label)


def decode_label(raw: bytes) -> Label:
    """Raises msgspec.MsgspecError or UnicodeDecodeError."""
    return _decoder.decode(raw)


_decoder = msgspec.json.Decoder(Label)
