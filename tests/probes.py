"""What the live system says now, recorded, to be compared with the answer as of that moment later."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec
import redis

from services.aggregation.stores.redis_store import RedisStore
from services.archive.as_of.market import PastMarkets
from services.archive.as_of.moments import NotKnown
from services.archive.as_of.past import Bound, Past, PastRuns, told
from services.archive.as_of.proof import live_told
from services.archive.as_of.view import past_company
from shared.clock import HOUR, HOUR_SECONDS, SystemClock
from shared.contract.events import CHANNELS
from shared.contract.keys import Keys
from shared.contract.signals import Signal
from shared.reading.archive.tables import ArchiveTables
from shared.reading.known import Counted, Told
from shared.reading.measuring.market import company_rows, event_rows, snapshot, whole_row
from shared.reading.measuring.windows import WINDOWS
from shared.reading.run import RunView
from shared.reading.unfolding.company import movement
from shared.reading.unfolding.plain import plain as unfolded
from shared.settings import Settings


class Probe(NamedTuple):
    """At `moment` (wall clock) the slot stood at `position`, and this was told of the company."""

    moment: int
    company: str
    position: int
    answer: dict[str, Any]
    stretch: dict[str, Any]  # the documents of its last hours, the heaviest among them, and why it moved


def probe(client: redis.Redis, settings: Settings, company: str) -> Probe | None:
    """What Redis says of a company now, when its slot rests meanwhile; words that left it come of the archive."""
    bound = Bound.of(settings, client)
    slot = Keys(settings.run, bound.slots).slot_of(company)
    before = RedisStore(client, settings.run, bound.slots).position(slot)
    store = RedisStore(client, settings.run, bound.slots)
    answer = live_told(settings, client, store, company, tuple(bound.strategies))
    stretch = stretch_of(RunView.open(client, settings.run, ArchiveTables.of(settings)), company)
    moment = SystemClock().now()
    after = RedisStore(client, settings.run, bound.slots).position(slot)
    return Probe(moment, company, after.offset, answer, stretch) if after is not None and before == after else None


def stretch_of(run: Told, company: str) -> dict[str, Any]:
    """Of what is kept alone: the archive may be a second behind a run that lives."""
    newest = run.newest().get(company)
    if newest is None:
        return {}
    end = (newest // HOUR + 1) * HOUR_SECONDS
    kept = run.documents.behind(company, end - 3 * HOUR_SECONDS, end)
    found = movement(run, (), company, CHANNELS, end - HOUR_SECONDS, end)
    return {"documents": msgspec.to_builtins(kept), "why": unfolded(found, company)}


class MarketProbe(NamedTuple):
    """At `moment` every slot that had moved stood at its position, and this was told of all companies."""

    moment: int
    positions: dict[int, int]
    answer: dict[str, Any]


def market_probe(client: redis.Redis, settings: Settings) -> MarketProbe | None:
    """What Redis says of the market now, when every slot rests meanwhile."""
    view = RunView.open(client, settings.run)
    before = view.positions()
    answer = market_of(view, view.signals.latest())
    moment = SystemClock().now()
    after = view.positions()
    return MarketProbe(moment, {slot: at.offset for slot, at in after.items()}, answer) if before == after else None


def market_of(run: Counted, signals: Sequence[Signal]) -> dict[str, Any]:
    """The market over two windows, by events, and every company's latest signals."""
    newest = run.newest()
    wall = max(newest.values(), default=0)
    told: dict[str, Any] = {"newest": newest, "signals": msgspec.to_builtins(signals)}
    for name in ("6h", "7d"):
        found = snapshot(run, WINDOWS[name], CHANNELS, wall)
        if found is not None:
            told |= {name: company_rows(found), f"{name} whole": whole_row(found), f"{name} events": event_rows(found)}
    return told


def equal_market(past: PastMarkets, probes: Sequence[MarketProbe], draw: random.Random, most: int) -> int:
    """How many of some probes were compared; each has to be what the archive answers now."""
    count = 0
    for each in draw.sample(list(probes), min(most, len(probes))):
        try:
            found = past.at(each.moment)
        except NotKnown:
            continue
        if {slot: one.moment.offset for slot, one in found.slots.items()} == each.positions:
            assert plain(market_of(found, found.signals.latest())) == plain(each.answer)
            count += 1
    return count


def plain(value: object) -> Any:
    return json.loads(msgspec.json.encode(value))


def noted(past: PastRuns, probes: Iterable[Probe]) -> Iterator[tuple[Probe, Past]]:
    """Those whose position the journal names for their moment, with the answer as of it. The others were taken before
    its first entry, between a commit and its note, or while a worker that was killed owed the note."""
    for each in probes:
        try:
            found = past.slot(each.company, each.moment)
        except NotKnown:
            continue
        if found.moment.offset == each.position:
            yield each, found


def equal(past: PastRuns, probes: Sequence[Probe], draw: random.Random, most: int) -> int:
    """How many of some probes were compared; each has to be what the archive answers now."""
    count = 0
    for each, found in noted(past, draw.sample(list(probes), min(most, len(probes)))):
        assert plain(told(found.folded.store, each.company, found.strategies, found.silent)) == plain(each.answer)
        assert plain(stretch_of(past_company(past, each.company, each.moment), each.company)) == plain(each.stretch)
        count += 1
    return count
