"""What follows from a batch of signals: alerts, what is to be sent, marks and limits. `fresh` is pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from services.alerts.evaluate import alert_id, make_alert, spoken
from services.alerts.kinds.kind import Heard
from services.alerts.past import Past
from services.alerts.rules import Rule, Rules
from services.alerts.store import AlertStore, Step
from shared.contract.alerts import Alert, Delivery
from shared.contract.signals import Signal
from shared.token_bucket import Tokens, take

LIMITED: Final = "limited"
INVALID: Final = "invalid"
Spoken = tuple[Heard, Rule, str]  # a signal, a rule that speaks of it, and why


def step_of(
    signals: Sequence[Signal],
    rules: Rules,
    past: Past,
    store: AlertStore,
    inside: Callable[[Signal], str],
    now: int,
    invalid: int = 0,
) -> Step:
    """`inside` says why alerts on a signal stay inside; `now` is the wall clock; `invalid` records were no signals."""
    said = [(heard, *each) for heard in past.heard(signals) for each in spoken(rules.rules, heard, past.followed)]
    marked = store.marked([alert_id(rule.name, heard.signal) for heard, rule, _ in said])
    totals = store.totals() if said or invalid else {}
    step = fresh(said, marked, store.tokens("rule") if said else {}, inside, now)
    if step.totals.get(LIMITED):
        step.totals[LIMITED] += totals.get(LIMITED, 0)
    if invalid:
        step.totals[INVALID] = totals.get(INVALID, 0) + invalid
    return step


def fresh(
    said: Sequence[Spoken],
    marked: set[str],
    tokens: Mapping[str, Tokens],
    inside: Callable[[Signal], str],
    now: int,
) -> Step:
    """The step that gives out what was not alerted on before, as far as the rules' limits let it.

    `totals["limited"]` is what was held back here. What was held back is marked, too: it will not come later.
    """
    step = Step()
    held = 0
    for heard, rule, why in said:
        signal = heard.signal
        name = alert_id(rule.name, signal)
        if name in marked or name in step.marks:
            continue
        step.marks[name] = signal.at
        known = step.limits.get(rule.name) or tokens.get(rule.name)
        allowed, step.limits[rule.name] = take(known, rule.limit, signal.available_at)
        if not allowed:
            held += 1
            continue
        alert = make_alert(rule, signal, why, heard.documents(), inside=inside(signal))
        step.alerts.append(alert)
        step.deliveries += deliveries_of(alert, now)
    if held:
        step.totals[LIMITED] = held
    return step


def deliveries_of(alert: Alert, now: int) -> list[Delivery]:
    """One for each outside channel."""
    return [
        Delivery(id=f"{alert.id}.{channel}", channel=channel, alert=alert, made_at=now) for channel in alert.channels
    ]
