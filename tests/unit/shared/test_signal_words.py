"""Features and event classes as people call them, and what a signal is said to be about."""

from __future__ import annotations

from shared.contract.events import MICRO
from shared.contract.signals import EVENT_PREFIX, FEATURES, Signal, event_share, events_of, feature_words
from shared.event_classes.classes import EVENT_CLASSES
from shared.event_classes.selection import event_words


def test_words_are_words() -> None:
    assert feature_words("level") == "level of sentiment"
    assert feature_words("source_diversity") == "source diversity"
    assert feature_words(f"{EVENT_PREFIX}central_banks") == "share of central bank"
    names = [feature_words(name) for name in [*FEATURES, *(EVENT_PREFIX + event for event in EVENT_CLASSES)]]
    assert len(set(names)) == len(names)
    assert not any(mark in name for name in names for mark in "_.")
    assert event_words("") == ""


def test_an_event_counts_from_a_tenth_of_the_documents() -> None:
    signal = Signal(
        id="s:AAPL:0:0",
        strategy="s",
        strategy_hash="",
        company="AAPL",
        at=0,
        available_at=0,
        score=0,
        confidence=0,
        action="hold",
        horizon_hours=1,
        documents=10,
        features={"level": MICRO, "event.layoffs": MICRO // 10, "event.energy": MICRO // 10 - 1},
    )
    assert events_of(signal) == ["layoffs"]
    assert event_share(signal.features, "people") == event_share(signal.features, "layoffs") == MICRO // 10
    assert event_share(signal.features, "macro") == MICRO // 10 - 1  # energy is commodities now
