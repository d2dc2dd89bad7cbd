"""A company as the live system knew it at a moment: the archive's answer, in the form that routes and tools read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from services.api.wire.answers import About
from services.api.wire.problems import Problem, unavailable
from services.archive.as_of.moments import NotKnown
from services.archive.as_of.past import Past, PastBuckets, PastRuns, signals_of, without_deleted
from services.archive.as_of.proof import Proof, live_proof, past_proof
from shared.clock import to_iso
from shared.contract.aggregates import RecentDocument
from shared.contract.signals import Signal
from shared.reading.archive.tables import NoArchive


class PastCompany:
    """`buckets` are asked as a run's are."""

    def __init__(self, past: Past, company: str, at: int, shown: Callable[..., list[RecentDocument]] = list) -> None:
        self._past, self._company, self._shown = past, company, shown
        self.buckets = PastBuckets(past.folded.store)
        entry = past.moment.entry
        self.about = About(to_iso(at), entry.model or None, entry.universe or None)

    def documents(self) -> list[RecentDocument]:
        """The latest; of what is gone at its source since, nothing but the numbers."""
        return self._shown(list(self._past.folded.store.recent(self._company)))

    @property
    def silent(self) -> str:
        """Why signals are not known; "" where they are."""
        return self._past.silent

    def signals(self) -> Sequence[Signal]:
        """Every revision that was known, in the order of T."""
        return signals_of(self._past.folded.store, self._company, self._past.strategies)


def past_company(runs: PastRuns, company: str, at: int, now: int) -> PastCompany:
    """Raises Problem: 422 for a moment to come, 404 for one of which nothing is known."""
    require_past(at, now)
    with _as_problems():
        return PastCompany(runs.slot(company, at), company, at, runs.shown)


def proof_of(runs: PastRuns, settings: Any, client: Any, company: str, at: int | None, now: int) -> Proof:
    """What `bellwether verify` checks. Raises Problem."""
    with _as_problems():
        if at is None:
            found = live_proof(settings, client, company, now)
        else:
            require_past(at, now)
            found = past_proof(settings, runs.slot(company, at), company, at)
    found.answer = without_deleted(found.answer, client, settings.run, found.slots)
    return found


@contextmanager
def _as_problems() -> Iterator[None]:
    """What the archive does not know, as an answer."""
    try:
        yield
    except NotKnown as error:
        raise Problem(404, str(error), "ask for a later moment, or without as_of") from None
    except NoArchive as error:
        raise unavailable(str(error), "as_of needs the archive; see: bellwether archive status") from None


def require_past(at: int, now: int) -> None:
    """Raises Problem for a moment that is still to come."""
    if at > now:
        raise Problem(422, "as_of is still to come", "name a moment that has passed")
