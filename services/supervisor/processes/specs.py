"""The command lines of the processes that `bellwether up` starts."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from services.embedded.errors import EmbeddedError
from services.embedded.ports import free_port, is_free
from shared.settings import DashboardSettings

DEMO_STRATEGIES: Final = ("pulse", "hourly")
WORKER_ROLES: Final = ("scoring", "aggregation", "alerts", "archive", "ingest")
_PORTS_TRIED: Final = 50
SAMPLE_NOTE: Final = (
    "The synthetic week is fed once. To drop it, or play it again with `up --sample`: "
    "bellwether reset --topics --run {run}"
)
# `--redis-url` by the environment: the address may hold a password, and a command line is everybody's to read
UP_REDIS_URL: Final = "BELLWETHER_UP_REDIS_URL"


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line of `up` asks for."""

    bootstrap_servers: str | None = None
    redis_url: str | None = None
    sample: bool | None = None  # None: as the settings say
    dashboard: bool = True
    dashboard_port: int | None = None
    scoring: int = 1
    aggregation: int = 1
    api: bool = True
    api_port: int | None = None
    insecure: bool = False
    workers_only: bool = (
        False  # beside a system that runs elsewhere: no page, no API, and of the roles only what is named
    )
    alerts: int | None = None  # None: one, but with `workers_only` none
    archive: int | None = None
    ingest: int | None = None

    def counts(self) -> dict[str, int]:
        """Role to number of workers."""
        rest = 0 if self.workers_only else 1
        single = {"alerts": self.alerts, "archive": self.archive, "ingest": self.ingest}
        counts = {name: rest if count is None else count for name, count in single.items()}
        return {"scoring": self.scoring, "aggregation": self.aggregation, **counts}

    def arguments(self) -> list[str]:
        """The same, as arguments of a command line; but for the address of Redis, see `addresses`."""
        found: list[str] = []
        for name, value in (
            ("--bootstrap-servers", self.bootstrap_servers),
            ("--dashboard-port", self.dashboard_port),
            ("--scoring", self.scoring),
            ("--aggregation", self.aggregation),
            ("--api-port", self.api_port),
            ("--alerts", self.alerts),
            ("--archive", self.archive),
            ("--ingest", self.ingest),
        ):
            if value is not None:
                found += [name, str(value)]
        if self.sample is not None:
            found.append("--sample" if self.sample else "--no-sample")
        if not self.dashboard:
            found.append("--no-dashboard")
        if not self.api:
            found.append("--no-api")
        if self.insecure:
            found.append("--insecure")
        if self.workers_only:
            found.append("--workers-only")
        return found


@dataclass(frozen=True, slots=True)
class Spec:
    """One process to keep running."""

    role: str
    name: str
    command: list[str]
    env: dict[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        return self.role if self.name in ("", self.role) else f"{self.role}-{self.name}"


def program() -> list[str]:
    """How to call `bellwether` from here: the script beside this Python, else the module."""
    script = Path(sys.executable).parent / "bellwether"
    return [sys.executable, str(script)] if script.exists() else [sys.executable, "-m", "services.commands.main"]


def worker_specs(
    state: Path,
    options: Options,
    run: str,
    *,
    sample: bool,
    strategies: Sequence[str] = (),
    named: Callable[[int], str] = str,
) -> list[Spec]:
    """Workers of the run, in the order in which they are started. `strategies`: as the user chose them, if so; beside
    the synthetic week, () means both built-in ones. `named`: what the n-th of a role is called.
    """
    counts = options.counts()
    env = os.environ | _addresses(options)
    specs: list[Spec] = []
    for role in WORKER_ROLES:
        for number in range(1, counts[role] + 1):
            name = named(number)
            command = [*program(), "worker", role, "--name", name, "--run", run, "--state", str(state)]
            extra = {"BELLWETHER_INGEST__SAMPLE": str(sample).lower()} if role == "ingest" else {}
            if role == "aggregation" and sample and not strategies:
                extra["BELLWETHER_AGGREGATION__STRATEGIES"] = json.dumps(DEMO_STRATEGIES)
            specs.append(Spec(role, name, command, env | extra))
    return specs


def dashboard_spec(state: Path, options: Options, host: str, port: int, run: str, base: str = "") -> Spec | None:
    """The Streamlit server, which shows `run` below the path `base`; None in an installation without the page."""
    script = _dashboard_script()
    if script is None:
        return None
    command = [sys.executable, "-m", "dashboard", "streamlit", "run", str(script)]
    command += ["--server.address", host, "--server.port", str(port), "--server.headless", "true"]
    command += ["--server.baseUrlPath", base] if base else []
    command += ["--", "--state", str(state)]
    env = os.environ | _addresses(options) | {"BELLWETHER_STATE_DIR": str(state), "BELLWETHER_RUN": run}
    env |= {"BELLWETHER_DASHBOARD__INSECURE": "true"} if options.insecure else {}
    return Spec("dashboard", "", command, env)


def api_spec(state: Path, options: Options, run: str, port: int, name: str = "1") -> Spec:
    """The API on `port`."""
    command = [*program(), "worker", "api", "--name", name, "--run", run, "--state", str(state)]
    return Spec("api", name, command, os.environ | _addresses(options) | {"BELLWETHER_API__PORT": str(port)})


def base_path(settings: DashboardSettings) -> str:
    """Where the page lies on its server, without slashes around it: the setting, or else Streamlit's own variable."""
    return (settings.base_path or os.environ.get("STREAMLIT_SERVER_BASE_URL_PATH", "")).strip("/")


def port_for(role: str, wanted: int | None, configured: int, host: str) -> int:
    """The port that was asked for (an error when it is taken), else the configured one or the next free one."""
    if wanted:
        if not is_free(wanted, host):
            raise EmbeddedError(f"port {wanted} for the {role} is in use; pass another --{role}-port, or 0")
        return wanted
    if wanted == 0 or configured == 0:
        return free_port()
    for port in range(configured, configured + _PORTS_TRIED):
        if is_free(port, host):
            return port
    raise EmbeddedError(f"no free port from {configured} on for the {role}; pass --{role}-port")


def _dashboard_script() -> Path | None:
    spec = importlib.util.find_spec("dashboard")
    if spec is None or not spec.origin:
        return None
    script = Path(spec.origin).parent / "server.py"
    return script if script.exists() else None


def _addresses(options: Options) -> dict[str, str]:
    """Addresses given on the command line win over the environment, in the children too."""
    found: dict[str, str] = {}
    if options.bootstrap_servers:
        found["BELLWETHER_KAFKA__BOOTSTRAP_SERVERS"] = options.bootstrap_servers
    if options.redis_url:
        found["BELLWETHER_REDIS__URL"] = options.redis_url
    return found
