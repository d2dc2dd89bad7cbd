"""A signal: what a strategy makes of a company's opinions at one moment, and the features that it is made of. The
contract of writer, topic, Redis and pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeVar

import msgspec

from shared.contract.deflating.signal_words import WORDS
from shared.contract.deflating.values import deflated, inflated
from shared.contract.events import MICRO, SCHEMA
from shared.event_classes.former import class_of_former
from shared.event_classes.selection import classes_wanted, event_words, in_classes

V = TypeVar("V", int, float)

Action = Literal["strong sell", "sell", "hold", "buy", "strong buy"]
ACTIONS: Final[tuple[Action, ...]] = ("strong sell", "sell", "hold", "buy", "strong buy")

FEATURES: Final[dict[str, str]] = {
    "level": "Decayed capped sentiment, shrunk towards 0 when there is little of it; -1..1.",
    "change": "Level at a quarter of the half-life less level at three half-lives; -2..2.",
    "surprise": "Mean sentiment of the last 24 h against the baseline days, in their standard deviations.",
    "buzz": "Documents of the last 24 h against the baseline days, in their standard deviations.",
    "hour_buzz": "Documents of the last hour against the same hour of the last four weeks, in standard deviations.",
    "dispersion": "Weighted standard deviation of sentiment within the look-back; 0..1.",
    "disagreement": "Level of news less level of social; -2..2, 0 where one of them is silent.",
    "source_diversity": "Effective number of sources (inverse Simpson index) within the look-back, less 1; 0 and up.",
    "author_diversity": "Distinct authors over documents of the look-back's hours; 0..1.",
    "novelty": "Distinct story keys over documents of the last 24 h; 0..1.",
    "peers_level": "Level of what is said of related companies, each by the weight of its relation; -1..1.",
    "peers_change": "Change of what is said of related companies; -2..2.",
    "days_to_expected": "Days until the next expected date that was known at T (docs/strategies.md); 0..30.",
    "days_since_expected": "Days since the last expected date that was known at T; 0..30.",
}
PEER_FEATURES: Final = ("peers_level", "peers_change")  # made for strategies that name one of them, by weight or scale
EXPECTED_FEATURES: Final = ("days_to_expected", "days_since_expected")  # made for strategies that name one, likewise
EVENT_PREFIX: Final = "event."  # event.NAME: share of the look-back's documents of that event class; 0..1
EVENT_SHARE: Final = 0.1  # of the documents: an event class that is talked of as much counts as there
# as people call them; the others by their names
_WORDS: Final = {
    "level": "level of sentiment",
    "change": "change of sentiment",
    "surprise": "surprise against its own past",
    "buzz": "volume against its own past",
    "hour_buzz": "volume of the hour",
    "disagreement": "news against social",
    "novelty": "new stories",
    "peers_level": "level of its peers",
    "peers_change": "change of its peers",
    "days_to_expected": "days to the next expected date",
    "days_since_expected": "days since the last expected date",
}


KEPT_MOMENTS: Final = 60  # of a company and strategy, that Redis has at least before any is cut; the archive has all


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
    evidence: tuple[str, ...] = ()  # ids of the documents that moved the level most the score's way, largest first
    contributions: tuple[int, ...] = ()  # of each to the level, micro-units; see contributions.py
    cadence_hours: int = 0  # of the strategy: the next T is the next multiple; 0: an older version gave it out
    model: str = ""
    synthetic: bool = False


def signal_id(strategy: str, company: str, at: int, revision: int) -> str:
    """The id on which alerts de-duplicate."""
    return f"{strategy}:{company}:{at}:{revision}"


def feature_words(name: str) -> str:
    """A feature as a person calls it."""
    if name.startswith(EVENT_PREFIX):
        return f"share of {event_words(name.removeprefix(EVENT_PREFIX))}"
    return _WORDS.get(name, name.replace("_", " "))


def events_of(signal: Signal) -> list[str]:
    """The event classes that make up EVENT_SHARE of the look-back's documents, or more."""
    shares = in_classes(event_shares(signal.features))
    return [name for name, share in shares.items() if share >= EVENT_SHARE * MICRO]


def event_shares(features: Mapping[str, V]) -> dict[str, V]:
    """What of the features are shares of event classes, by class as they were recorded."""
    return {name.removeprefix(EVENT_PREFIX): value for name, value in features.items() if name.startswith(EVENT_PREFIX)}


def event_share(features: Mapping[str, V], event: str) -> V | int:
    """The share of a class, or of a group's classes together."""
    wanted = classes_wanted([event])
    return sum(value for name, value in event_shares(features).items() if class_of_former(name) in wanted)


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Signal)
_list_decoder = msgspec.json.Decoder(list[Signal])


def encode_signal(signal: Signal) -> bytes:
    return _encoder.encode(signal)


def decode_signal(raw: bytes) -> Signal:
    return _decoder.decode(raw)


def encode_revisions(signals: list[Signal]) -> bytes:
    """As Redis keeps them."""
    return deflated(_encoder.encode(signals), WORDS)


def decode_revisions(raw: bytes) -> list[Signal]:
    """Those of former versions, too, which are plain JSON."""
    return _list_decoder.decode(inflated(raw, WORDS))
