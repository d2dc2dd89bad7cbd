"""Status, findings and progress as a person reads them."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.status import Status as Spinner
from rich.table import Table

from services.supervisor.status.finding import Finding
from services.supervisor.status.status import ELSEWHERE, Status
from shared.clock import to_iso
from shared.contract.operation.health import SHADOW, SHADOW_SHARES

_COUNTS = (
    "documents_in", "documents_scored", "documents_dead", "documents_unscored", "opinions_out", "opinions_applied",
    "opinions_dropped",     "duplicates", "late", "retracted", "lag",
)  # fmt: skip


def print_status(status: Status) -> None:
    """Counts, processes, problems."""
    console = _console()
    where = f" on {', '.join(map(escape, status.hosts))}" if status.phase == ELSEWHERE else ""
    state = f"[green]healthy{where}[/]" if status.healthy else f"[red]{status.phase}, not healthy{where}[/]"
    console.print(f"run {status.run}: {state}   {status.dashboard}   {status.api}".rstrip())
    counts = Table(show_header=False, box=None)
    for name in _COUNTS:
        value = getattr(status, name)
        counts.add_row(name.replace("_", " "), "unknown" if value is None else f"{value:,}")
    counts.add_row("documents/s", f"{status.documents_per_s:,.1f}")
    if status.model:
        counts.add_row("model", f"{status.model} ({status.model_id}) on {status.device}, {status.precision}")
    console.print(counts)
    if status.processes:
        processes = _table("process", "state", "pid", "restarts", "last exit", "said")
        for child in status.processes:
            exit_code = "" if child.exit_code is None else str(child.exit_code)
            processes.add_row(
                f"{child.role} {child.name}".strip(), child.state, str(child.pid or ""), str(child.restarts),
                exit_code, child.message[:80],
            )  # fmt: skip
        console.print(processes)
    _print_elsewhere(console, status)
    _print_shadows(console, status)
    _print_sources(console, status)
    for problem in status.problems:
        console.print(f"[red]•[/] {escape(problem)}", highlight=False)
    for warning in status.warnings:
        console.print(f"[yellow]•[/] {escape(warning)}", highlight=False)


def _print_elsewhere(console: Console, status: Status) -> None:
    """Workers that report and that no supervisor here has started."""
    own = {(child.role, child.pid) for child in status.processes}
    others = [each for each in status.workers if (each.role, each.pid) not in own and each.role != SHADOW]
    if not others:
        return
    table = _table("elsewhere", "host", "pid", "records/s", "queue", "heard")
    for each in others:
        speed, heard = f"{each.per_second:,.1f}", to_iso(each.reported_at)
        table.add_row(f"{each.role} {each.name}", escape(each.host), str(each.pid), speed, f"{each.queue:,}", heard)
    console.print(table)


def _print_shadows(console: Console, status: Status) -> None:
    """Other models that read the same beside the run's own, and how far they agree with it."""
    shadows = [each for each in status.workers if each.role == SHADOW]
    if not shadows:
        return
    table = _table("shadow", "model id", "opinions", *(name.replace("_", " ") for name in SHADOW_SHARES), "heard")
    for each in shadows:
        shares = (each.detail.get(name, "") for name in SHADOW_SHARES)
        table.add_row(escape(each.name), each.model_id, f"{each.processed:,}", *shares, to_iso(each.reported_at))
    console.print(table)


def _print_sources(console: Console, status: Status) -> None:
    sources = [(name, each) for worker in status.workers for name, each in sorted(worker.sources.items())]
    if not sources:
        return
    table = _table("source", "state", "last success", "read", "taken", "refused", "copies", "gaps", "next poll")
    for name, each in sources:
        heard, due = (to_iso(at) if at else "" for at in (each.heard_at, each.next_poll_at))
        counts = (f"{value:,}" for value in (each.read, each.taken, each.refused, each.copies, each.gaps))
        table.add_row(escape(name), each.state, heard, *counts, due)
    console.print(table)


def print_findings(findings: Sequence[Finding]) -> None:
    """One line per finding, with the remedy where there is one."""
    console = _console()
    shown = {"ok": "[green]ok[/]", "mind": "[yellow]warning[/]", "missing": "[red]missing[/]"}
    table = _table("", "what", "found", "remedy")
    for finding in findings:
        table.add_row(shown[finding.state], finding.name, finding.found, finding.remedy)
    console.print(table)


def _table(*headings: str) -> Table:
    """Without lines; what is too wide goes on in the next line, for a name that is cut is another one."""
    table = Table(box=None)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=200)  # a file does not wrap


class DrainProgress:
    """A spinner on standard error with what is left."""

    def __init__(self) -> None:
        self.stage = "documents"
        self.left = 0
        self._spinner = Spinner("waiting …", console=Console(stderr=True))

    def update(self, stage: str, left: int) -> None:
        self.stage, self.left = stage, left
        self._spinner.update(f"{left:,} records of {stage} left" if left >= 0 else "Kafka or Redis is restarting")

    def __enter__(self) -> Self:
        self._spinner.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._spinner.stop()
