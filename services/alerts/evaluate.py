"""From a signal to alerts. Pure: the same signal, past and rules make the same alerts, to the byte.

A revision is looked at only when its action differs from that of the revision before it, and its alert has an id of its
own: the id is made of rule, strategy, company, T and action, and whoever has seen an id does not alert on it again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from services.alerts.kinds.kind import Heard
from services.alerts.rules import Only, Rule
from shared.clock import HOUR
from shared.contract.aggregates import RecentDocument
from shared.contract.alerts import Alert, AlertDocument
from shared.contract.contributions import largest_first
from shared.contract.events import MICRO
from shared.contract.signals import Signal, events_of
from shared.reading.deleted import DELETED
from shared.reading.readers.profiles import Interests
from shared.universe.securities import Catalogue

SHOWN_DOCUMENTS: Final = 3
HISTORY: Final = "history"  # why an alert stays inside
REPLAY: Final = "replay"
Followed = Callable[[str], Interests]  # "PROFILE" or "PROFILE/LIST" -> what it follows


def alert_id(rule: str, signal: Signal) -> str:
    """16 hex digits; the same for every revision with the same action."""
    parts = (rule, signal.strategy, signal.company, str(signal.at), signal.action)
    return hashlib.blake2b("|".join(parts).encode(), digest_size=8).hexdigest()


def concerns(rule: Rule, signal: Signal, followed: Followed) -> bool:
    """Whether the rule may speak of this signal at all."""
    if rule.strategy and rule.strategy != signal.strategy:
        return False
    if signal.confidence < rule.minimum_confidence * MICRO:
        return False
    return rule.only is None or bool(matches(rule.only, signal, followed))


def matches(only: Only, signal: Signal, followed: Followed) -> list[str]:
    """What of the filter the signal is, in words; empty when it is none of it."""
    known = Catalogue.load().by_id.get(signal.company)
    wanted = only.interests | (followed(only.watchlist) if only.watchlist else Interests())
    return wanted.reasons(signal.company, known.sector if known else "", events_of(signal))


def spoken(rules: Iterable[Rule], heard: Heard, followed: Followed) -> list[tuple[Rule, str]]:
    """The rules that speak of this signal, and why."""
    signal = heard.signal
    if heard.before is not None and heard.before.action == signal.action:
        return []
    found = []
    for rule in rules:
        if not concerns(rule, signal, followed):
            continue
        begin = signal.at - rule.condition.hours * HOUR
        own = Heard(signal, [s for s in heard.earlier if s.at >= begin], heard.before, heard.documents)
        if why := rule.condition.why(own):
            found.append((rule, _why(rule, signal, why, followed)))
    return found


def make_alert(
    rule: Rule, signal: Signal, why: str, documents: Iterable[RecentDocument], *, inside: str = "", test: bool = False
) -> Alert:
    """The alert that a rule makes of a signal; of its evidence, what moved the score most its way is shown first."""
    shown = tuple(_shown(document, part) for part, document in _moved(signal, documents)[:SHOWN_DOCUMENTS])
    return Alert(
        id=alert_id(rule.name, signal),
        rule=rule.name,
        kind=rule.kind,
        company=signal.company,
        signal=signal.id,
        strategy=signal.strategy,
        at=signal.at,
        available_at=signal.available_at,
        action=signal.action,
        score=signal.score,
        confidence=signal.confidence,
        text=f"revised: {why}" if signal.revision else why,
        documents=shown,
        channels=() if inside else rule.outside,
        inside=inside if rule.outside else "",
        revision=signal.revision,
        synthetic=signal.synthetic,
        test=test,
    )


def kept_inside(signal: Signal, *, live: bool, outside_hours: float, now: int) -> str:
    """Why alerts on this signal do not leave the house, or "". `now` is the wall clock."""
    if not live:
        return REPLAY
    old = outside_hours > 0 and now - signal.available_at > outside_hours * HOUR
    return HISTORY if old and not signal.synthetic else ""


def _why(rule: Rule, signal: Signal, why: str, followed: Followed) -> str:
    if rule.only is None or not rule.only.watchlist:
        return why
    return f"{why}; followed: {', '.join(matches(rule.only, signal, followed))}"


def _moved(signal: Signal, documents: Iterable[RecentDocument]) -> list[tuple[int, RecentDocument]]:
    """(contribution, document) of the evidence that is kept. A signal of an older version names none: by sentiment."""
    if signal.contributions:
        parts = dict(zip(signal.evidence, signal.contributions, strict=True))
        by_id = {document.id: document for document in documents if document.id in parts}
        ordered = largest_first(((parts[name], name) for name in by_id), signal.score)
        return [(part, by_id[name]) for part, name in ordered]
    sign = 1 if signal.score >= 0 else -1
    return [(0, document) for document in sorted(documents, key=lambda d: sign * (d.negative - d.positive))]


def _shown(document: RecentDocument, contribution: int) -> AlertDocument:
    title = DELETED if document.deleted else document.title or document.excerpt[:160]
    return AlertDocument(
        id=document.id, title=title, source=document.source, url=document.url, available_at=document.available_at,
        event=document.event, contribution=contribution, item=document.item,
    )  # fmt: skip


def earlier_of(signal: Signal, revisions: Mapping[int, list[Signal]]) -> tuple[list[Signal], Signal | None]:
    """(earlier signals oldest first, the revision before this one), as known when `signal` was given out.

    `revisions`: T -> every revision of the same company and strategy; what became available later is left out.
    """
    earlier = []
    for at in sorted(revisions):
        known = [s for s in revisions[at] if s.available_at <= signal.available_at]
        if at < signal.at and known:
            earlier.append(known[-1])
    mine = [s for s in revisions.get(signal.at, []) if s.revision < signal.revision]
    return earlier, mine[-1] if mine else None
