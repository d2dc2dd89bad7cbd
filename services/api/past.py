"""A run as the live system knew it at a moment: the archive's answer, in the form that routes and tools read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from services.api.wire.answers import About
from services.api.wire.parameters import instant
from services.api.wire.problems import Problem, unavailable
from services.archive.as_of.market import PastMarkets
from services.archive.as_of.moments import NotKnown
from services.archive.as_of.past import PastRuns, without_deleted
from services.archive.as_of.proof import Proof, live_proof, past_proof
from services.archive.as_of.view import PastRun, past_company
from shared.clock import to_iso
from shared.reading.archive.tables import NoArchive


def company_then(runs: PastRuns, company: str, at: int, now: int) -> PastRun:
    """What is known of one company. Raises Problem: 422 for a moment to come, 404 for one of which nothing is known."""
    require_past(at, now)
    with as_problems():
        return past_company(runs, company, at)


def market_then(markets: PastMarkets, at: int, now: int) -> PastRun:
    """Every company's counts and latest signals. Raises Problem, as company_then."""
    require_past(at, now)
    with as_problems():
        return markets.at(at)


def about_then(past: PastRun) -> About:
    """What an answer as of a moment follows from."""
    return About(to_iso(past.at), past.model or None, past.universe or None)


def require_signals(past: PastRun) -> None:
    """Raises Problem (404) where signals of then cannot be made again."""
    if past.silent:
        raise Problem(404, past.silent, "ask for a moment at which today's strategies ran")


def proof_of(runs: PastRuns, settings: Any, client: Any, company: str, at: int | None, now: int) -> Proof:
    """What `bellwether verify` checks. Raises Problem."""
    with as_problems():
        if at is None:
            found = live_proof(settings, client, company, now)
        else:
            require_past(at, now)
            found = past_proof(settings, runs.slot(company, at), company, at)
    found.answer = without_deleted(found.answer, client, settings.run, found.slots)
    return found


@contextmanager
def as_problems() -> Iterator[None]:
    """What the archive does not know, as an answer."""
    try:
        yield
    except NotKnown as error:
        raise Problem(404, str(error), "ask for a later moment, or without as_of") from None
    except NoArchive as error:
        raise unavailable(str(error), "as_of needs the archive; see: bellwether archive status") from None


def past_instant(as_of: str, now: int) -> int:
    """Microseconds. Raises Problem (422) for what is no time, or still to come."""
    at = instant(as_of, "as_of")
    require_past(at, now)
    return at


def require_past(at: int, now: int) -> None:
    """Raises Problem for a moment that is still to come."""
    if at > now:
        raise Problem(422, "as_of is still to come", "name a moment that has passed")
