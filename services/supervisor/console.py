"""What `bellwether up` shows in a terminal: the page's address, then one line that keeps moving."""

from __future__ import annotations

import sys
import time
from typing import Final

from rich.console import Console
from rich.live import Live
from rich.text import Text

from services.supervisor.exposition.exporter import Exporter
from services.supervisor.processes.specs import SAMPLE_NOTE
from services.supervisor.status.status import Status
from services.supervisor.supervisor import Supervisor
from services.supervisor.watch import Watch

PLAIN_EVERY_SECONDS: Final = 10.0


def line(status: Status | None, restarts: int) -> str:
    """documents in, opinions out, documents/s, lag, restarts, and what is not well."""
    if status is None:
        return "starting …"
    numbers = (
        f"documents in {_number(status.documents_in)} · opinions out {_number(status.opinions_out)} · "
        f"{status.documents_per_s:,.0f} documents/s · lag {_number(status.lag)} · restarts {restarts}"
    )
    return numbers if not status.problems else f"{numbers} · {status.problems[0]}"


def _number(value: int | None) -> str:
    return "?" if value is None else f"{value:,}"


class ConsoleView:
    """Hooks of Supervisor.run. All of it goes to standard error."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._live: Live | None = None
        self._watch: Watch | None = None
        self._told = False
        self._printed = float("-inf")

    def started(self, supervisor: Supervisor) -> None:
        self._watch = attach_watch(supervisor)
        if self._console.is_terminal:
            self._live = Live(Text("starting …"), console=self._console, refresh_per_second=2, transient=False)
            self._live.start()

    def tick(self, supervisor: Supervisor) -> None:
        watch = self._watch
        if watch is None:
            return
        if not self._told and watch.page_up and watch.status is not None:
            self._told = True
            where = f"run {supervisor.view.run}, state {supervisor.state}"
            self._console.print(f"Dashboard: {supervisor.view.dashboard or 'none'}   ({where})", soft_wrap=True)
            if supervisor.view.api:
                self._console.print(f"API: {supervisor.view.api}/v1", soft_wrap=True)
            if supervisor.options.sample:
                self._console.print(SAMPLE_NOTE.format(run=supervisor.view.run), highlight=False, soft_wrap=True)
            self._console.print("Ctrl-C stops everything that was started.")
        text = line(watch.status, sum(child.restarts for child in supervisor.children))
        if self._live is not None:
            self._live.update(Text(text, overflow="ellipsis", no_wrap=True))
        elif time.monotonic() - self._printed >= PLAIN_EVERY_SECONDS:
            self._printed = time.monotonic()
            print(text, file=sys.stderr, flush=True)  # noqa: T201

    def close(self) -> None:
        if self._live is not None:
            self._live.stop()
        if self._watch is not None:
            self._watch.stop()


def attach_watch(supervisor: Supervisor) -> Watch:
    """A started watch whose findings the supervisor writes to its state file."""
    watch = Watch(supervisor.settings(), supervisor.view.dashboard, lambda: supervisor.children)
    supervisor.problems = lambda: watch.problems
    watch.start()
    exporter = Exporter(supervisor.settings(), lambda: watch.status)
    supervisor.view.metrics = f"http://{exporter.start()}/metrics"
    return watch
