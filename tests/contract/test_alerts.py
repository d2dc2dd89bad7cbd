"""Alerts in a real Redis: one step is all or nothing, what is kept is bounded, and deliveries survive failure."""

from __future__ import annotations

import msgspec
import pytest
import redis

from services.alerts.channels import Channel
from services.alerts.channels.webhook import IDEMPOTENCY, Webhook
from services.alerts.delivery import Deliverer, pause
from services.alerts.evaluate import make_alert
from services.alerts.kinds.threshold import Threshold
from services.alerts.past import Past
from services.alerts.rules import Rules
from services.alerts.step import LIMITED, deliveries_of, step_of
from services.alerts.store import AlertStore, Step
from shared.clock import HOUR, SECOND, ReplayClock
from shared.contract.alerts import Alert
from shared.contract.keys import Keys
from shared.contract.signals import Signal, encode_revisions
from shared.reading.run import RunView
from shared.settings import AlertSettings
from shared.token_bucket import Tokens
from tests.alert_servers import WebServer
from tests.unit.alerts.samples import T, document, rule, signal


@pytest.fixture
def store(redis_url: str, run_name: str) -> AlertStore:
    return AlertStore(redis.Redis.from_url(redis_url), Keys(run_name, 4))


@pytest.fixture
def view(redis_url: str, run_name: str) -> RunView:
    return RunView(redis.Redis.from_url(redis_url), Keys(run_name, 4))


def alert(number: int, *channels: str) -> Alert:
    made = make_alert(rule("threshold", Threshold(above=0.2)), signal(number, 0.6), "why", [document(1)])
    return msgspec.structs.replace(made, channels=channels)


def step(*alerts: Alert) -> Step:
    deliveries = [delivery for each in alerts for delivery in deliveries_of(each, T)]
    return Step(list(alerts), deliveries, {each.id: each.at for each in alerts}, {"one": Tokens(5, T)}, {LIMITED: 3})


def test_a_step_is_written_once_and_only_at_its_position(store: AlertStore, view: RunView) -> None:
    first = alert(1, "desk", "chat")
    assert store.position() is None
    assert store.commit(step(first), "topic", None, 7)
    assert not store.commit(step(alert(2, "desk")), "topic", None, 7)
    assert not store.commit(step(alert(2, "desk")), "topic", 6, 8)
    assert not store.commit(step(alert(2, "desk")), "another", 7, 8)
    assert store.position() == ("topic", 7)
    assert view.alerts.numbered() == [(1, first)]
    assert [each.id for each in store.waiting()] == sorted(f"{first.id}.{name}" for name in ("desk", "chat"))
    assert store.marked([first.id, "other"]) == {first.id}
    assert store.tokens("rule") == {"one": Tokens(5, T)}
    assert store.totals() == {"given": 1, LIMITED: 3}
    assert store.commit(step(alert(2)), "topic", 7, 8)
    assert [number for number, _ in view.alerts.numbered()] == [2, 1]


def test_what_is_kept_is_bounded(store: AlertStore, view: RunView, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.alerts.store.KEPT_ALERTS", 5)
    monkeypatch.setattr("services.alerts.store.KEPT_MARKS", 8)
    for number in range(12):
        assert store.commit(step(alert(number)), "topic", number or None, number + 1)
    assert [number for number, _ in view.alerts.numbered()] == [12, 11, 10, 9, 8]
    marked = [number for number in range(12) if store.marked([alert(number).id])]
    assert 6 <= len(marked) <= 8
    assert marked[-1] == 11  # the oldest T went


def test_the_past_and_the_rules_make_the_step(store: AlertStore, view: RunView, redis_url: str, run_name: str) -> None:
    client, keys = redis.Redis.from_url(redis_url), Keys(run_name, 4)
    past, now = signal(0, 0.6), signal(1, 0.7, "MSFT")
    for each in (past, signal(1, 0.7), now):
        client.hset(keys.signals(each.company, "pulse"), str(each.at), encode_revisions([each]))
    rules = Rules(file=__file__, rules=(rule("threshold", Threshold(above=0.5)),))  # type: ignore[arg-type]

    def take(signals: list[Signal]) -> list[str]:
        return [each.company for each in step_of(signals, rules, Past(view, rules), store, _no, T).alerts]

    assert take([signal(1, 0.7), now, now]) == ["MSFT"]  # AAPL was there before
    assert store.commit(step_of([now], rules, Past(view, rules), store, _no, T), "topic", None, 1)
    assert take([now]) == []


def _no(_: Signal) -> str:
    return ""


def deliverer(store: AlertStore, clock: ReplayClock, channel: Channel, **more: float) -> Deliverer:
    rules = Rules(file=__file__, rules=(), channels={"desk": channel}, kinds={"desk": "webhook"})  # type: ignore[arg-type]
    return Deliverer(store, rules, AlertSettings(**more), clock, lambda: True)  # type: ignore[arg-type]


def test_a_server_that_fails_and_recovers_gets_everything_once(store: AlertStore) -> None:
    clock = ReplayClock(T)
    store.commit(step(*(alert(n, "desk") for n in range(3))), "topic", None, 1)
    with WebServer([500, 503]) as server:
        channel = Webhook(url=server.url)
        work = deliverer(store, clock, channel)
        work.round("desk", channel)  # the first fails for itself, the second says: not now
        assert [each.attempts for each in store.waiting()] == [1, 1, 0]
        work.round("desk", channel)
        assert len(server.requests) == 2  # it is left alone for a while
        clock.advance_to(T + 2 * SECOND)
        work.round("desk", channel)
        assert store.waiting() == []
        keys = [request.headers[IDEMPOTENCY] for request in server.taken]
    assert len(keys) == len(set(keys)) == 3
    state = store.channels()["desk"]
    assert (state.sent, state.retried, state.failed, state.error) == (3, 2, 0, "answered 503")


def test_what_was_sent_and_not_noted_goes_out_again_with_the_same_id(store: AlertStore) -> None:
    store.commit(step(alert(1, "desk")), "topic", None, 1)
    with WebServer() as server:
        channel = Webhook(url=server.url)
        (delivery,) = store.waiting()
        channel.send(delivery, "", 5.0)  # and then the worker was killed
        deliverer(store, ReplayClock(T), channel).round("desk", channel)
        first, again = server.requests
    assert first.raw == again.raw
    assert first.headers[IDEMPOTENCY] == again.headers[IDEMPOTENCY]
    assert store.waiting() == []


def test_what_is_refused_or_too_old_is_given_up_and_holds_up_nothing(store: AlertStore) -> None:
    clock = ReplayClock(T)
    store.commit(step(*(alert(n, "desk") for n in range(3))), "topic", None, 1)
    with WebServer([404]) as server:
        channel = Webhook(url=server.url)
        deliverer(store, clock, channel).round("desk", channel)
        assert len(server.taken) == 2
    assert store.channels()["desk"].failed == 1
    store.commit(step(alert(9, "desk")), "topic", 1, 2)
    work = deliverer(store, clock, channel, give_up_hours=1.0)
    work.round("desk", channel)
    assert len(store.waiting()) == 1
    clock.advance_to(T + HOUR)
    work.round("desk", channel)
    assert store.waiting() == []
    assert store.channels()["desk"].failed == 2


def test_a_channels_limit_makes_wait_and_loses_nothing(store: AlertStore) -> None:
    clock = ReplayClock(T)
    store.commit(step(*(alert(n, "desk") for n in range(5))), "topic", None, 1)
    with WebServer() as server:
        channel = Webhook(url=server.url, per_minute=60, burst=2)
        for seconds, taken in ((0, 2), (0, 2), (1, 3), (9, 5)):
            clock.advance_to(T + seconds * SECOND)
            deliverer(store, clock, channel).round("desk", channel)  # a new process knows the limit, too
            assert len(server.taken) == taken


def test_the_pauses_grow_to_five_minutes_or_to_what_is_asked_for() -> None:
    assert [pause(n) for n in (1, 2, 3, 20, 10_000)] == [1, 2, 4, 300, 300]
    assert pause(1, asked=900) == 900
