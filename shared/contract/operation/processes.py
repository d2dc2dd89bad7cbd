"""What the supervisor writes down of its processes for every reader: STATE/supervisor.json."""

from __future__ import annotations

from typing import Final

import msgspec

PAUSED: Final = "paused"  # state of a process that stands aside while a command works on the run


class ChildState(msgspec.Struct):
    """One process as the supervisor sees it."""

    role: str
    name: str
    state: str
    pid: int | None = None
    restarts: int = 0
    exit_code: int | None = None
    message: str = ""


class SupervisorState(msgspec.Struct):
    """STATE/supervisor.json."""

    phase: str = "stopped"  # starting | running | stopping | stopped
    run: str = ""  # that its workers belong to
    healthy: bool = False
    problems: list[str] = []
    dashboard: str = ""
    api: str = ""
    metrics: str = ""  # where Prometheus asks for the run as a whole
    embedded_kafka: bool = False
    embedded_redis: bool = False
    children: list[ChildState] = []
