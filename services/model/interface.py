"""What an engine takes and gives. Everything that scores text (worker, replay, API, CLI) knows only this."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

Span = tuple[int, int]  # [start, end) in characters of Request.text


class Request(msgspec.Struct, frozen=True):
    """One document: its text (title and body already joined) and, per company, where it is mentioned (may be empty)."""

    text: str
    companies: tuple[tuple[Span, ...], ...] = ()
    language: str = ""  # BCP 47 primary tag; "" or "und": not known


class Sentiment(msgspec.Struct, frozen=True):
    """Three calibrated probabilities in integer micro-units; they sum to 1,000,000 exactly."""

    negative: int
    neutral: int
    positive: int


class Answer(msgspec.Struct, frozen=True):
    """One pass of the model. `companies` is parallel to Request.companies; `event` is "" without an event head.

    What a model's configuration gives it no head for stays at its default, so its opinions stay as they were.
    """

    document: Sentiment
    companies: tuple[Sentiment, ...] = ()
    event: str = ""
    event_probability: int = 0
    embedding: tuple[float, ...] | None = None
    events: tuple[tuple[str, int], ...] = ()  # the most probable ones with their chances; the first is `event`
    packed: bytes = b""  # the embedding in 8 bits, and its scale: see shared/contract/readings.py
    scale: int = 0
    second_event: str = ""  # another event that the text tells; "": none, or a model that names one alone
    second_probability: int = 0
    roles: tuple[
        str, ...
    ] = ()  # of shared.contract.events.ROLES, parallel to `companies`; (): a model without that head
    rumour: bool | None = None  # whether it is told as hearsay; None: a model without that head
    model: str = ""  # id of the model that gave it: with language packs not always the engine's own


class DeviceLost(RuntimeError):
    """Out of memory, or the device is gone: no document's fault; the worker stops, nothing becomes a dead letter."""


class Engine(Protocol):
    """A loaded model. `encode` (tokenising) and `forward` may run in different threads, so that they overlap."""

    name: str  # as named in the settings
    model_id: str  # 16 hex digits: hash of weights, tokenizer, precision, kind of device (design 2.2)
    device: str
    precision: str
    packs: Mapping[str, str]  # language -> id of the model that reads it; empty: `model_id` reads everything
    invariant: bool  # True: an answer never depends on a document's neighbours in the batch

    def encode(self, requests: Sequence[Request]) -> Any:
        """Tokenise. Opaque to the caller, who passes it to `forward`."""

    def forward(self, encoded: Any) -> list[Answer]:
        """One answer per request, in order. Raises DeviceLost, or any other error when a row cannot be scored."""

    def score(self, requests: Sequence[Request]) -> list[Answer]:
        """encode + forward."""
