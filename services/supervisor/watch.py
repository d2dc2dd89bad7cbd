"""Is all well? A thread looks every two seconds; the supervisor and its console read `problems`."""

from __future__ import annotations

import logging
import threading
import urllib.request
from collections.abc import Callable, Sequence
from typing import Final

from services.supervisor.processes.child import Child
from services.supervisor.status.log_files import last_said
from services.supervisor.status.status import Status, StatusReader
from shared.contract.operation.health import WorkerReport
from shared.contract.operation.processes import PAUSED
from shared.settings import Settings

EVERY_SECONDS: Final = 2.0
_REPORTING: Final = frozenset({"scoring", "aggregation", "alerts", "archive", "ingest", "api"})
log = logging.getLogger(__name__)


class Watch:
    """`status` is the latest view of the run (None before the first), `problems` what keeps it from being healthy."""

    def __init__(self, settings: Settings, dashboard: str, children: Callable[[], Sequence[Child]]) -> None:
        self._settings = settings
        self._dashboard = dashboard
        self._children = children
        self._end = threading.Event()
        self._reader = StatusReader(settings)
        self.status: Status | None = None
        self.problems: list[str] = ["still starting"]
        self.page_up = False

    def start(self) -> None:
        threading.Thread(target=self._loop, name="watch", daemon=True).start()

    def stop(self) -> None:
        self._end.set()

    def _loop(self) -> None:
        while not self._end.wait(EVERY_SECONDS if self.status else 0.2):
            try:
                self._look()
            except Exception as error:  # the watch must outlive whatever it looks at
                self.problems = [f"the state cannot be read: {type(error).__name__}: {error}"]
                log.warning("watch: %s", self.problems[0])
                self._reader.close()
                self._reader = StatusReader(self._settings)

    def _look(self) -> None:
        self.page_up = not self._dashboard or answers(f"{self._dashboard}/_stcore/health")
        status = Status(run=self._settings.run, phase="running", healthy=True, problems=[])
        self._reader.fill(status)
        status.problems += [] if self.page_up else [f"the dashboard does not answer at {self._dashboard}"]
        status.problems += child_problems(self._children(), status.workers, self._doing)
        status.healthy = not status.problems
        self.status, self.problems = status, status.problems

    def _doing(self, child: Child) -> str:
        return last_said(self._settings.state_dir, child.label, child.pid)


def child_problems(
    children: Sequence[Child], reports: Sequence[WorkerReport], doing: Callable[[Child], str] = lambda _: ""
) -> list[str]:
    """Processes that do not run, or run and have not reported yet; of these, what they last said that they do."""
    found: list[str] = []
    reporting = {(report.role, report.name, report.pid) for report in reports}
    for child in children:
        if child.state == "held":
            found.append(held(child.label, child.exit_code, child.message))
        elif child.state == PAUSED:
            found.append(f"{child.label} stands aside while a command works on the run")
        elif child.state != "running":
            found.append(f"{child.label} is restarting: {child.message}")
        elif child.role in _REPORTING and (child.role, child.name, child.pid) not in reporting:
            found.append(f"{child.label} is starting: {doing(child) or 'loading its libraries'}")
        elif child.restarts and not child.steady():
            found.append(f"{child.label} has just restarted: {child.message}")
    return found


def held(label: str, exit_code: int | None, message: str) -> str:
    """Why a worker is not started again, and what lets it."""
    said = message.removeprefix("bellwether: ") or "it said nothing; see: bellwether logs"
    remedy = "" if "bellwether resume" in said else "; once that is mended: bellwether resume"
    return f"{label} stopped (exit code {exit_code}): {said}{remedy}"


def answers(url: str) -> bool:
    """Whether an HTTP GET is answered with 200 within 2 seconds."""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return bool(response.status == 200)
    except OSError:
        return False
