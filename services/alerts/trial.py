"""A rule tried by hand: what it would say of the latest signals, and a marked test through each of its channels."""

from __future__ import annotations

from typing import Any

import msgspec
import redis

from services.alerts.channels import NotDelivered
from services.alerts.evaluate import make_alert, spoken
from services.alerts.kinds.kind import Heard
from services.alerts.past import Past
from services.alerts.rules import Rule, Rules
from services.alerts.store import AlertStore
from shared.clock import Clock
from shared.contract.alerts import DASHBOARD, Alert, Delivery
from shared.contract.signals import Signal
from shared.contract.topics import LIVE
from shared.reading.archive.tables import ArchiveTables
from shared.reading.run import RunView
from shared.settings import Settings

SHOWN = 10  # companies that the rule speaks of


def try_rule(settings: Settings, rules: Rules, name: str, client: redis.Redis, clock: Clock) -> dict[str, Any]:
    """Evaluate a rule on the latest signals and send a test through its channels; nothing of it moves the worker.

    `ok` is whether every channel took it. Raises RuleError for an unknown rule, and UnknownRun.
    """
    rule = rules.rule(name)
    run = RunView.open(client, settings.run, ArchiveTables.of(settings))
    past, store = Past(run, rules), AlertStore(client, run.keys)
    latest = run.signals.latest()
    said = [(h.signal, why) for h in _again(past, latest) for _, why in spoken([rule], h, past.followed)]
    alert = _test_alert(rule, said, latest, past, clock)
    channels = [_through(channel, alert, rules, settings, store, clock) for channel in _channels(rule)]
    return {
        "rule": rule.name,
        "kind": rule.kind,
        "evaluated": len(latest),
        "speaks": [{"company": s.company, "signal": s.id, "why": why} for s, why in said[:SHOWN]],
        "speaks_of": len(said),
        "channels": channels,
        "ok": all(each["state"] == "sent" for each in channels),
    }


def _again(past: Past, latest: list[Signal]) -> list[Heard]:
    """The latest signals as if each were new: a trial asks of the revision that stands, too."""
    return [Heard(heard.signal, heard.earlier, None, heard.documents) for heard in past.heard(latest)]


def _channels(rule: Rule) -> list[str]:
    return list(dict.fromkeys([DASHBOARD, *rule.channels]))


def _test_alert(rule: Rule, said: list[tuple[Signal, str]], latest: list[Signal], past: Past, clock: Clock) -> Alert:
    """An alert on the strongest signal that the rule speaks of, else on the strongest, else on an invented one."""
    if said:
        signal, why = said[0]
        text = f"test of rule {rule.name}: {why}"
    else:
        signal = latest[0] if latest else _invented(clock)
        text = f"test of rule {rule.name}, which matches no company at the moment"
    alert = make_alert(rule, signal, text, past.evidence(signal), test=True)
    return msgspec.structs.replace(alert, id=f"{alert.id}-test-{clock.now()}")  # every test is another alert


def _invented(clock: Clock) -> Signal:
    now = clock.now()
    return Signal(
        id="test:AAPL", strategy="test", strategy_hash="", company="AAPL", at=now, available_at=now, score=0,
        confidence=0, action="hold", horizon_hours=0, documents=0, synthetic=True,
    )  # fmt: skip


def _through(
    name: str, alert: Alert, rules: Rules, settings: Settings, store: AlertStore, clock: Clock
) -> dict[str, str]:
    """One channel, and what became of the test on it."""
    if name == DASHBOARD:
        store.give_out(alert)
        return {"channel": name, "kind": DASHBOARD, "state": "sent", "detail": "on the page Alerts"}
    found = {"channel": name, "kind": rules.kinds[name]}
    if settings.run != LIVE:
        return found | {"state": "not sent", "detail": f"run {settings.run} is a replay: its alerts stay inside"}
    delivery = Delivery(id=f"{alert.id}.{name}", channel=name, alert=alert, made_at=clock.now())
    try:
        rules.channels[name].send(delivery, settings.alerts.link, settings.alerts.timeout_seconds)
    except NotDelivered as error:
        return found | {"state": "failed", "detail": str(error)}
    return found | {"state": "sent", "detail": f"delivery {delivery.id}"}
