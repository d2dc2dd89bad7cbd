"""What every route needs: the settings, the run in Redis, the companies, the clock."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import redis
from starlette.requests import Request

from services.api.scorer import Scorer
from services.api.wire.answers import About
from services.api.wire.parameters import instant
from services.api.wire.problems import Problem
from shared.clock import Clock, SystemClock, to_iso
from shared.contract.topics import Topics
from shared.reading.archive.tables import ArchiveTables
from shared.reading.readers.access import ApiKey
from shared.reading.readers.audit import AuditLog
from shared.reading.readers.labels import Labels
from shared.reading.run import RunView
from shared.settings import Settings
from shared.universe.securities import Catalogue

if TYPE_CHECKING:
    from services.api.stream.hub import Hub
    from services.archive.as_of.market import PastMarkets
    from services.archive.as_of.past import PastRuns
    from services.archive.as_of.view import PastRun
    from services.ingest.push import PushDoor
    from shared.universe.instrument import Instrument

PUSH_SECONDS: Final = 20.0  # how long a push waits for Kafka


class Asked(NamedTuple):
    """What a question is answered from. `wall`: the clock of then; `past`: the run once more, where it is one as it
    was."""

    run: RunView | PastRun
    wall: int
    about: About
    past: PastRun | None


class Caller(NamedTuple):
    """Who asks: a key, or nobody on this machine while there is no key."""

    key: ApiKey | None
    address: str

    @property
    def name(self) -> str:
        return self.key.name if self.key else "local"

    @property
    def id(self) -> str:
        return self.key.id if self.key else "local"

    @property
    def role(self) -> str:
        return self.key.role if self.key else "read"


@dataclass
class Door:
    """One process' view of one run."""

    settings: Settings
    client: redis.Redis
    clock: Clock = field(default_factory=SystemClock)
    streams: int = 0  # open now
    cut: int = 0  # streams that were cut off because their clients took nothing
    _pushing: PushDoor | None = None
    _hub: Hub | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @cached_property
    def scorer(self) -> Scorer:
        return Scorer(self.settings)

    @cached_property
    def audit(self) -> AuditLog:
        return AuditLog(self.client, self.clock)

    @cached_property
    def labels(self) -> Labels:
        """What people said of the model's answers."""
        return Labels(self.client, self.audit)

    def note(self, caller: Caller, action: str, outcome: str, *, target: str = "", detail: str = "") -> None:
        """Write into the audit log. Raises redis.RedisError."""
        entry = self.audit.entry(
            caller.name, "api", action, outcome, role=caller.role, target=target, address=caller.address, detail=detail
        )
        self.audit.note(entry)

    def hub(self) -> Hub:
        """What the streams follow; opened at the first one: it connects to Kafka. Raises NoLog."""
        from services.api.stream.hub import Hub
        from services.api.stream.older import Older

        with self._lock:
            if self._hub is None:
                topics = Topics.of(self.settings)
                self._hub = Hub(self.settings.kafka, topics, older=Older(self.archive, topics))
            return self._hub

    def close(self) -> None:
        """At the end."""
        self.close_push_door()
        with self._lock:
            hub, self._hub = self._hub, None
        if hub is not None:
            hub.close()

    @cached_property
    def past_runs(self) -> PastRuns:
        """Keeps the latest few moments that were asked for."""
        from services.archive.as_of.past import PastRuns

        return PastRuns(self.settings, self.client)

    @cached_property
    def past_markets(self) -> PastMarkets:
        from services.archive.as_of.market import PastMarkets

        return PastMarkets(self.past_runs)

    def asked(self, as_of: str | None, company: str | None) -> Asked:
        """The run of now, or as of a moment, as far as one company is concerned (None: all of them). Raises Problem."""
        if as_of is None:
            run = self.run()
            return Asked(run, self.clock.now(), self.about(run), None)
        from services.api.past import about_then, company_then, market_then

        at, now = instant(as_of, "as_of"), self.clock.now()
        if company is None:
            past = market_then(self.past_markets, at, now)
        else:
            past = company_then(self.past_runs, company, at, now)
        return Asked(past, at, about_then(past), past)

    def push_door(self) -> PushDoor:
        """Opened at the first push: it connects to Kafka. Raises what PushDoor raises."""
        from services.ingest.push import PushDoor
        from shared.reading.offsets import require_broker

        with self._lock:
            if self._pushing is None:
                require_broker(self.settings.kafka)
                self._pushing = PushDoor(self.settings, self.clock, patience_seconds=PUSH_SECONDS)
            return self._pushing

    def close_push_door(self) -> None:
        """After a failure, and at the end."""
        with self._lock:
            closing, self._pushing = self._pushing, None
        if closing is not None:
            closing.close()

    @property
    def state(self) -> Path:
        return self.settings.state_dir

    @property
    def catalogue(self) -> Catalogue:
        return Catalogue.load()

    @cached_property
    def archive(self) -> ArchiveTables:
        """Where search, as-of and the signals of the past are read."""
        return ArchiveTables.of(self.settings)

    def run(self) -> RunView:
        """Made anew for every request, so that a resize is seen at once."""
        slots = self.settings.kafka.opinion_partitions
        return RunView.of(self.client, self.settings.run, slots, archive=self.archive)

    def about(self, run: RunView) -> About:
        """What an answer of now follows from."""
        bound = run.bound_to()
        universe = bound.get("universe") or self.catalogue.digest()
        return About(to_iso(self.clock.now()), bound.get("model_id") or None, universe)

    def instrument(self, asked: str) -> Instrument | None:
        """What the catalogue has under an id, a ticker or a name."""
        return self.catalogue.by_id.get(asked) or self.catalogue.resolve(asked)

    def company(self, asked: str) -> str:
        """The id that somebody means by an id, a ticker or a name. Raises Problem (404)."""
        found = self.instrument(asked)
        if found is not None:
            return found.id
        if asked in self.run().newest():  # `_MARKET`, or a company of another universe
            return asked
        raise not_known()


def not_known() -> Problem:
    """Of a company that nobody knows."""
    return Problem(404, "no company is known by this id, ticker or name", "GET /v1/instruments?q= finds companies")


def caller_of(request: Request) -> Caller:
    """Who asks, as the gate found."""
    caller: Caller = request.scope["state"]["caller"]
    return caller


def door_of(request: Request) -> Door:
    """Of the application that answers `request`."""
    door: Door = request.app.state.door
    return door
