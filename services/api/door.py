"""What every route needs: the settings, the run in Redis, the companies, the clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import redis
from starlette.requests import Request

from services.api.answers import About
from services.api.problems import Problem
from shared.clock import Clock, SystemClock, to_iso
from shared.reading.run import RunView
from shared.settings import Settings
from shared.universe.securities import Catalogue


@dataclass
class Door:
    """One process' view of one run."""

    settings: Settings
    client: redis.Redis
    clock: Clock = field(default_factory=SystemClock)

    @property
    def state(self) -> Path:
        return self.settings.state_dir

    @property
    def catalogue(self) -> Catalogue:
        return Catalogue.load()

    def run(self) -> RunView:
        """Made anew for every request, so that a resize is seen at once."""
        return RunView.of(self.client, self.settings.run, self.settings.kafka.opinion_partitions)

    def about(self, run: RunView) -> About:
        """What an answer of now follows from."""
        bound = run.bound_to()
        universe = bound.get("universe") or self.catalogue.digest()
        return About(to_iso(self.clock.now()), bound.get("model_id") or None, universe)

    def company(self, asked: str) -> str:
        """The id that somebody means by an id, a ticker or a name. Raises Problem (404)."""
        found = self.catalogue.by_id.get(asked) or self.catalogue.resolve(asked)
        if found is not None:
            return found.id
        if asked in self.run().newest():  # `_MARKET`, or a company of another universe
            return asked
        raise Problem(404, "no company is known by this id, ticker or name", "GET /v1/instruments?q= finds companies")


def door_of(request: Request) -> Door:
    """Of the application that answers `request`."""
    door: Door = request.app.state.door
    return door
