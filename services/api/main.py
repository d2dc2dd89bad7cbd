"""One API process from settings to exit code: connect, serve, report."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import Iterator
from typing import Final, NoReturn

import redis
import uvicorn

from services.api.app import build, gated
from services.api.audit import AuditMover
from services.api.door import Door
from services.api.feedback import FeedbackMover
from services.runtime.claims import Claims
from services.runtime.exits import ExitCode, WorkerStop
from services.runtime.process import run_process
from services.runtime.telemetry.logs import configure, secrets_of
from services.runtime.telemetry.report import Reporter
from shared.addresses import is_loopback
from shared.clients.redis import connect
from shared.contract.operation.health import WorkerReport
from shared.settings import Settings

ROLE: Final = "api"
STOP_SECONDS: Final = 5
HEADER_BYTES: Final = 64_000
log = logging.getLogger(__name__)


class Server(uvicorn.Server):
    """Ends with our exit codes, not with the signal that it was sent."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        yield

    def stop(self) -> None:
        self.should_exit = True


def run_worker(settings: Settings, name: str) -> NoReturn:
    """Be the API process `name` of the run until stopped; ends the process with a code of ExitCode."""
    run_process(lambda: _main(settings, name))


async def _main(settings: Settings, name: str) -> WorkerStop:
    configure(settings.state_dir, ROLE, name, settings.worker.log_level, secrets_of(settings))
    claims = Claims(connect(settings.redis), settings, ROLE, name)
    await asyncio.to_thread(_take, claims)
    door = Door(settings, connect(settings.redis))
    report: list[Reporter] = []
    app = build(door, lambda: report[0].glance())  # noqa: PLW0108  made below
    gate = gated(app)

    def fill(found: WorkerReport) -> None:
        found.processed = gate.counts["requests"]
        found.detail = {each: str(count) for each, count in sorted(gate.counts.items())}
        found.detail |= {"streams": str(door.streams), "cut": str(door.cut), "audited": str(mover.moved)}
        found.detail["labels"] = str(labels.moved)
        found.detail["address"] = f"{settings.api.host}:{settings.api.port}"

    mover, labels = AuditMover(door.audit, settings.kafka), FeedbackMover(door.labels, settings.kafka)
    report.append(Reporter(settings, ROLE, name, fill, claims=claims))
    _warn_of_plain_text(settings)
    server = Server(config_of(settings, gate))
    beside = [asyncio.create_task(report[0].run()), *(asyncio.create_task(each.run()) for each in (mover, labels))]
    try:
        await server.serve()
    except SystemExit:  # uvicorn's word for a port that is taken
        port = settings.api.port
        raise WorkerStop(ExitCode.RESTART, f"port {port} on {settings.api.host} is not available") from None
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        await asyncio.to_thread(door.close)
    return WorkerStop(ExitCode.WELL, "stopped")


def _take(claims: Claims) -> None:
    """A Redis that is away is no reason not to answer: the API says so itself. Raises WorkerStop."""
    try:
        claims.take()
    except redis.RedisError as error:
        log.warning("the name was not claimed: Redis: %s", error)


def config_of(settings: Settings, app: object) -> uvicorn.Config:
    """uvicorn as we run it: our logs, no banner, no address of a proxy believed."""
    api = settings.api
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        host=api.host,
        port=api.port,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        ws="none",
        lifespan="on",
        h11_max_incomplete_event_size=HEADER_BYTES,
        timeout_keep_alive=10,
        timeout_graceful_shutdown=STOP_SECONDS,
        ssl_certfile=api.tls_certfile,
        ssl_keyfile=api.tls_keyfile,
    )


def _warn_of_plain_text(settings: Settings) -> None:
    if not is_loopback(settings.api.host) and not settings.api.tls_certfile:
        log.warning(
            "the API listens on %s without TLS: keys can be read on the way; set api.tls_certfile and api.tls_keyfile, "
            "or put a proxy with TLS in front (docs/api.md)",
            settings.api.host,
        )
