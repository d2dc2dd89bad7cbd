"""What every kind of rule is given and gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from shared.clock import to_iso
from shared.contract.aggregates import RecentDocument
from shared.contract.events import MICRO
from shared.contract.signals import EVENT_PREFIX, FEATURES, Signal, event_share
from shared.event_classes.selection import UnknownEvent, classes_of_all

OWN = ("score", "confidence")  # what a rule may watch besides the features


@dataclass(frozen=True, slots=True)
class Heard:
    """A signal with what was known when it was given out. `earlier`: its company's and strategy's, oldest first."""

    signal: Signal
    earlier: Sequence[Signal] = ()
    before: Signal | None = None  # the revision before this one, of the same T
    documents: Callable[[], Sequence[RecentDocument]] = field(default=lambda: ())  # the evidence, read when asked for


class Kind(Protocol):
    """The keys of one kind of rule (a frozen msgspec Struct), and when such a rule speaks."""

    @property
    def hours(self) -> int:
        """How far back `earlier` must reach."""
        ...

    def problem(self) -> str:
        """What is wrong with the values, and the remedy; "" when nothing is."""
        ...

    def why(self, heard: Heard) -> str | None:
        """Why the rule speaks of this signal, for a person; None when it does not. Pure."""
        ...


def value_of(signal: Signal, feature: str) -> float:
    """`score`, `confidence` or a feature; 0 where the signal has none."""
    if feature.startswith(EVENT_PREFIX):
        return event_share(signal.features, feature.removeprefix(EVENT_PREFIX)) / MICRO
    micro = getattr(signal, feature) if feature in OWN else signal.features.get(feature, 0)
    return int(micro) / MICRO


def unknown_feature(name: str) -> str:
    """What is wrong with a feature's name, with the known ones; "" when nothing is."""
    if name in OWN or name in FEATURES:
        return ""
    if name.startswith(EVENT_PREFIX):
        return unknown_event("feature", [name.removeprefix(EVENT_PREFIX)])
    known = ", ".join([*OWN, *FEATURES, EVENT_PREFIX + "NAME"])
    return f"feature: unknown feature {name!r}; choose from {known}"


def unknown_event(key: str, names: Iterable[str]) -> str:
    """What is wrong with names of events, with those that come nearest; "" when nothing is."""
    try:
        classes_of_all(names)
    except UnknownEvent as error:
        return f"{key}: {error}"
    return ""


def since(earlier: Sequence[Signal], feature: str) -> str:
    """`before: +0.31 at 2026-03-02T12:00Z`, or that there was nothing."""
    if not earlier:
        return "no earlier signal"
    last = earlier[-1]
    return f"before: {value_of(last, feature):+.2f} at {to_iso(last.at).removesuffix(':00Z')}Z"
