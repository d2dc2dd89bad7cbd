"""A signal: what a strategy makes of a company's opinions at one moment. The contract of writer, topic,
Redis and pages.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from shared.contract.events import SCHEMA

Action = Literal["strong sell", "sell", "hold", "buy", "strong buy"]
ACTIONS: Final[tuple[Action, ...]] = ("strong sell", "sell", "hold", "buy", "strong buy")


class Reason(msgspec.Struct, frozen=True, array_like=True):
    """One feature's part in a score. Micro-units: the value itself, and what it added to the score."""

    feature: str
    value: int
    contribution: int


class Signal(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="signal", omit_defaults=True):
    """A recommendation on one company for time T. Key on Kafka: `company`.

    It is a pure function of the opinions with `available_at` < `at` and of the strategy; a later opinion gives it out
    again with `revision` + 1. It is known from `available_at` on (T plus the allowed lateness), never before.
    """

    schema: int = SCHEMA
    id: str  # "STRATEGY:COMPANY:T:REVISION"
    strategy: str
    strategy_hash: str
    company: str
    at: int  # T, microseconds
    revision: int = 0
    available_at: int
    score: int  # micro-units, -MICRO..MICRO
    confidence: int  # micro-units, 0..MICRO
    action: Action
    horizon_hours: int
    documents: int  # that the features are made of
    reasons: tuple[Reason, ...] = ()  # largest contribution first
    features: dict[str, int] = {}  # every feature that is not 0, weighted or not, micro-units: what alert rules read
    evidence: tuple[str, ...] = ()  # document ids
    model: str = ""
    synthetic: bool = False


def signal_id(strategy: str, company: str, at: int, revision: int) -> str:
    """The id on which alerts de-duplicate."""
    return f"{strategy}:{company}:{at}:{revision}"


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Signal)
_list_decoder = msgspec.json.Decoder(list[Signal])


def encode_signal(signal: Signal) -> bytes:
    return _encoder.encode(signal)


def decode_signal(raw: bytes) -> Signal:
    return _decoder.decode(raw)


def encode_revisions(signals: list[Signal]) -> bytes:
    return _encoder.encode(signals)


def decode_revisions(raw: bytes) -> list[Signal]:
    return _list_decoder.decode(raw)
