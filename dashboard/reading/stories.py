"""What was said of one company: a strategy's signals, alerts, and documents that are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.reading.moment.known import Known
from shared.contract.aggregates import RecentDocument
from shared.contract.alerts import Alert
from shared.contract.signals import Signal
from shared.reading.values.documents import EVER


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


def of_company(run: Known, company: str) -> Story:
    """Of several strategies, the one that speaks most often."""
    own = [signal for signal in run.signals.latest() if signal.company == company]
    histories = [run.signals.history(company, signal.strategy) for signal in own]
    signals = max(histories, key=lambda each: (len(each), each[-1].strategy), default=[])
    alerts = [alert for _, alert in run.alerts.numbered() if alert.company == company]
    return Story(signals, alerts, run.documents.between([company], *EVER))
