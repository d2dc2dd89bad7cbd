"""When each kind of rule speaks, and when it does not."""

from __future__ import annotations

from services.alerts.kinds.event import EventClass
from services.alerts.kinds.kind import Heard
from services.alerts.kinds.threshold import Threshold
from services.alerts.kinds.velocity import Velocity
from services.alerts.kinds.volume import Volume
from services.alerts.kinds.watchlist import Watchlist
from shared.contract.events import MICRO
from tests.unit.alerts.samples import document, heard, signal


def test_a_threshold_speaks_when_it_is_crossed_and_not_while_it_lasts() -> None:
    rule = Threshold(above=0.5, below=-0.5)
    assert rule.why(heard(signal(0, 0.4))) is None
    assert rule.why(heard(signal(0, 0.5))) == "score is +0.50, at or above +0.50 (no earlier signal)"
    crossed = rule.why(heard(signal(0, 0.4), signal(1, 0.6)))
    assert crossed == "score is +0.60, at or above +0.50 (before: +0.40 at 2026-02-27T15:00Z)"
    assert rule.why(heard(signal(0, 0.6), signal(1, 0.7))) is None
    assert "at or below -0.50" in (rule.why(heard(signal(0, 0.6), signal(1, -0.7))) or "")


def test_a_threshold_on_a_feature_that_the_strategy_does_not_weigh() -> None:
    rule = Threshold(feature="disagreement", above=0.3)
    assert rule.why(heard(signal(features={"disagreement": 0.31})))
    assert rule.why(heard(signal())) is None


def test_velocity_is_the_change_within_the_window_and_speaks_once() -> None:
    rule = Velocity(window_hours=24, rise=0.4)
    assert rule.why(heard(signal(0, 0.9))) is None  # nothing to compare with
    assert rule.why(heard(signal(0, 0.0), signal(1, 0.2), signal(2, 0.4)))
    assert rule.why(heard(signal(0, 0.0), signal(1, 0.5), signal(2, 0.5))) is None  # it rose a signal ago
    assert rule.why(heard(signal(0, 0.0), signal(3, 0.9))) is None  # the other one is out of the window
    assert rule.why(heard(signal(0, 0.9), signal(1, 0.0))) is None
    assert "fell by 0.90" in (Velocity(fall=0.5).why(heard(signal(0, 0.9), signal(1, 0.0))) or "")


def test_volume_wants_a_spike_and_enough_documents() -> None:
    rule = Volume(z=3, documents=10)
    loud = {"buzz": 3.5}
    assert rule.why(heard(signal(features=loud)))
    assert rule.why(heard(signal(features=loud, documents=9))) is None
    assert rule.why(heard(signal(0, features={"buzz": 4.0}), signal(1, features=loud))) is None
    assert rule.why(heard(signal(features={"buzz": 2.9}))) is None


def test_an_event_class_appears() -> None:
    rule = EventClass(events=("lawsuit", "layoffs"), share=0.3)
    now = signal(1, features={"event.layoffs": 0.4})
    assert rule.why(heard(signal(0), now)) == "40% of the documents are about layoffs (before: 0%)"
    assert rule.why(heard(signal(0, features={"event.layoffs": 0.35}), now)) is None
    sure = EventClass(events=("layoffs",), share=0.3, probability=0.8)
    doubtful = document(1, event="layoffs", event_probability=MICRO // 2)
    certain = document(2, event="layoffs", event_probability=9 * MICRO // 10)
    assert sure.why(Heard(now, documents=lambda: [doubtful])) is None
    assert sure.why(Heard(now, documents=lambda: [doubtful, certain]))


def test_the_classes_of_a_group_count_together_and_former_names_go_on() -> None:
    now = signal(1, features={"event.stake": 0.2, "event.acquisition": 0.15, "event.debt": 0.5})
    for name in ("deals", "mergers_investments"):
        assert EventClass(events=(name,), share=0.3).why(heard(signal(0), now))
    assert EventClass(events=("stake",), share=0.3).why(heard(signal(0), now)) is None
    former = signal(1, features={"event.mergers_investments": 0.4, "event.financing": 0.1})  # of a former version
    assert EventClass(events=("acquisition",), share=0.3).why(heard(signal(0), former))
    assert EventClass(events=("mergers_investments",), share=0.3).why(heard(signal(0), former))
    assert EventClass(events=("debt",), share=0.1).why(heard(signal(0), former)) is None
    assert Threshold(feature="event.deals", above=0.3).why(heard(signal(0), now))
    sure = EventClass(events=("deals",), share=0.3, probability=0.8)
    told = document(2, event="mergers_investments", event_probability=9 * MICRO // 10)
    assert sure.why(Heard(now, documents=lambda: [told]))


def test_a_watchlist_speaks_of_every_other_action() -> None:
    rule = Watchlist()
    assert rule.why(heard(signal(0, 0.0), signal(1, 0.5))) == "changed from hold to buy, score +0.50"
    assert rule.why(heard(signal(0, 0.5), signal(1, 0.55))) is None
    assert rule.why(heard(signal(0, 0.0))) is None
    assert Watchlist(actions=("strong buy",)).why(heard(signal(0, 0.0), signal(1, 0.5))) is None


def test_values_that_make_no_sense_are_named() -> None:
    assert "above" in Threshold().problem()
    assert "choose from score" in Threshold(feature="lvl", above=1).problem()
    assert "above 0" in Velocity(rise=-1).problem()
    assert "events" in EventClass().problem()
    assert Threshold(feature="event.legal_regulation", above=0.1).problem() == ""
    assert "did you mean layoffs" in Threshold(feature="event.layoff", above=0.1).problem()
    assert "did you mean layoffs" in EventClass(events=("deals", "layoff")).problem()
