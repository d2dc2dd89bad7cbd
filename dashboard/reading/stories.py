"""What was said of one company: a strategy's signals, alerts, and documents that are kept."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from dashboard.reading.moment.known import Known
from shared.clock import DAY
from shared.contract.aggregates import RecentDocument
from shared.contract.alerts import Alert
from shared.contract.signals import Signal
from shared.reading.values.documents import EVER
from shared.universe.expected.expected import Expected
from shared.universe.expected.known_dates import Calendar


@dataclass(frozen=True, slots=True)
class Story:
    """Signals: of one strategy, oldest first."""

    signals: Sequence[Signal] = ()
    alerts: Sequence[Alert] = ()
    documents: Sequence[RecentDocument] = ()

    @property
    def levels(self) -> bool:
        """Whether there is a level to be drawn: a line needs two points."""
        return len(self.signals) > 1


AHEAD: Final = 30 * DAY


def expected_between(company: str, start: int, end: int, at: int) -> list[Expected]:
    """The expected dates of a company in [start, end) that were known at `at` (all in microseconds). Raises
    ExpectedError."""
    return [one for one in Calendar.load().known(company, at) if start <= one.end and one.begin < end]


def expected_of(companies: Collection[str], at: int) -> list[tuple[str, Expected]]:
    """(company, date) of the next AHEAD, as known at `at`, in order of time; what concerns a market once, with "".
    Raises ExpectedError."""
    calendar = Calendar.load()
    found = {
        (one.company, one)
        for company in companies
        for one in calendar.known(company, at)
        if one.end >= at and one.begin < at + AHEAD
    }
    return sorted(found, key=lambda pair: pair[1].order)


def of_company(run: Known, company: str) -> Story:
    """Of several strategies, the one that speaks most often."""
    own = [signal for signal in run.signals.latest() if signal.company == company]
    histories = [run.signals.history(company, signal.strategy) for signal in own]
    signals = max(histories, key=lambda each: (len(each), each[-1].strategy), default=[])
    alerts = [alert for _, alert in run.alerts.numbered() if alert.company == company]
    return Story(signals, alerts, run.documents.between([company], *EVER))
