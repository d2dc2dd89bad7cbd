"""When a process that ended is started again (docs/architecture.md, exit codes). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from services.runtime.exits import ExitCode
from shared.backoff import Delays

DELAYS: Final = Delays((0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0))  # seconds before the n-th start in a row
DEPENDENCY_DELAYS: Final = Delays((0.0, 0.5, 1.0, 2.0))  # Kafka or Redis was lost: they come back soon
STEADY_SECONDS: Final = 30.0  # a process that lived this long is not in a crash loop

HELD: Final = frozenset({ExitCode.REFUSED, ExitCode.DEAD_LETTER_LIMIT, ExitCode.OUTSIDE_LOG})


@dataclass(slots=True)
class Restarts:
    """Counts deaths in a row of one process."""

    in_a_row: int = 0

    def delay_after(self, exit_code: int, lived_seconds: float) -> float | None:
        """Seconds until the next start; None: not before an operator says so."""
        if exit_code in HELD:
            return None
        self.in_a_row = 0 if lived_seconds >= STEADY_SECONDS else self.in_a_row
        delays = DEPENDENCY_DELAYS if exit_code == ExitCode.RESTART else DELAYS
        self.in_a_row += 1
        return delays.after(self.in_a_row)
