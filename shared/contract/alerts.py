"""An alert: what a rule made of a signal. The contract of the alerts worker, Redis, pages and commands."""

from __future__ import annotations

from typing import Final

import msgspec

from shared.contract.events import SCHEMA
from shared.contract.signals import Action
from shared.event_classes.former import class_of_former

DASHBOARD: Final = "dashboard"  # the channel that needs no set-up: every alert is kept for the page
KEPT_ALERTS: Final = 1_000  # for the page; older ones are forgotten
KEPT_MARKS: Final = 20_000  # marks of what was alerted; the oldest T are forgotten first


class AlertDocument(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A document behind an alert. Text from outside: escape."""

    id: str
    title: str
    source: str = ""
    url: str = ""
    available_at: int = 0
    event: str = ""
    item: str = ""  # the document's, so that a deletion can name it
    contribution: int = 0  # to the level that the signal is made of, micro-units; 0: of an older version's signal

    @property
    def event_class(self) -> str:
        """The event class that it is shown under."""
        return class_of_former(self.event)


class Alert(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One rule spoke of one signal. The same signal and rule make the same alert, to the byte."""

    schema: int = SCHEMA
    id: str  # 16 hex digits of rule, strategy, company, T and action
    rule: str
    kind: str
    company: str
    signal: str  # id, with the revision
    strategy: str
    at: int  # T, microseconds
    available_at: int
    action: Action
    score: int  # micro-units
    confidence: int
    text: str  # why the rule spoke, in words of ours
    documents: tuple[AlertDocument, ...] = ()
    channels: tuple[str, ...] = ()  # outside channels that it goes to
    inside: str = ""  # why it goes to none of them although the rule names some
    revision: int = 0
    synthetic: bool = False
    test: bool = False


class Delivery(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One alert on its way to one channel. `id` goes out with it: a copy carries the same one."""

    id: str  # "ALERT_ID.CHANNEL"
    channel: str
    alert: Alert
    made_at: int  # wall clock, microseconds
    attempts: int = 0
    next_at: int = 0  # not before this
    error: str = ""  # of the latest attempt; without secrets


class ChannelState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of a channel's deliveries since the run began."""

    kind: str = ""
    sent: int = 0
    retried: int = 0
    failed: int = 0  # given up
    sent_at: int = 0  # wall clock, microseconds
    error: str = ""
    error_at: int = 0


def encode(value: Alert | Delivery | ChannelState) -> bytes:
    return msgspec.json.encode(value)


_alert = msgspec.json.Decoder(Alert)
_delivery = msgspec.json.Decoder(Delivery)
_channel = msgspec.json.Decoder(ChannelState)


def decode_alert(raw: bytes) -> Alert:
    return _alert.decode(raw)


def decode_delivery(raw: bytes) -> Delivery:
    return _delivery.decode(raw)


def decode_channel(raw: bytes) -> ChannelState:
    return _channel.decode(raw)
