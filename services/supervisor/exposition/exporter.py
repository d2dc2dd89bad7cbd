"""The exporter of a run: /metrics, looked up when it is asked, and /targets, which tells Prometheus where each worker
answers /metrics (`http_sd_configs`). It asks for no key, and shows neither texts nor secrets."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

import redis
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

from services.runtime.telemetry.metrics import family_of, reachable
from services.supervisor.exposition.figures import Figures, RunFigures
from services.supervisor.status.status import Status
from shared.contract.operation.health import WorkerReport
from shared.contract.operation.metrics import RUN_METRICS
from shared.settings import Settings

FRESH_SECONDS: Final = 1.0  # a look is good for so long: several servers may scrape
TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"
log = logging.getLogger(__name__)


class Exporter:
    """Of the run of the settings. `start` it once; it answers until the process ends or `stop`."""

    def __init__(self, settings: Settings, status: Callable[[], Status | None]) -> None:
        self._settings = settings
        self._figures = RunFigures(settings, status)
        self._lock = threading.Lock()
        self._latest: Figures = {}
        self._looked = float("-inf")
        self._server: ThreadingHTTPServer | None = None

    def start(self) -> str:
        """Listen as the settings say, on a free port where theirs is in use; returns host:port as others reach it."""
        wanted = self._settings.metrics
        try:
            server = _Server((wanted.host, wanted.port), self)
        except OSError as error:
            log.warning(
                "/metrics: port %d on %s is not available (%s); using a free one", wanted.port, wanted.host, error
            )
            server = _Server((wanted.host, 0), self)
        self._server = server
        threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
        return f"{reachable(wanted.host)}:{server.server_port}"

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
        with self._lock:
            self._figures.close()

    def text(self) -> bytes:
        """The figures in Prometheus' text format."""
        with self._lock:
            if time.monotonic() - self._looked >= FRESH_SECONDS:
                self._latest, self._looked = self._figures.look(), time.monotonic()
            return text_of(self._latest, self._settings.run)

    def targets(self) -> bytes:
        """For `http_sd_configs`. Raises redis.RedisError."""
        with self._lock:
            return targets_of(self._figures.reports())


def text_of(figures: Figures, run: str) -> bytes:
    """Metrics without a figure are there without a sample."""

    class Found(Collector):
        def collect(self) -> Iterator[Family]:
            return (family_of(metric, (run,), figures.get(metric, {})) for metric in RUN_METRICS)

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Found())
    return generate_latest(registry)


def targets_of(reports: Iterable[WorkerReport]) -> bytes:
    found = sorted({report.detail["metrics"] for report in reports if "metrics" in report.detail})
    return json.dumps([{"targets": found, "labels": {}}] if found else []).encode()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], exporter: Exporter) -> None:
        self.exporter = exporter
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 10  # of a client that sends nothing

    def do_GET(self) -> None:
        answers = {"/metrics": (self.server.exporter.text, TEXT), "/targets": (self.server.exporter.targets, _JSON)}
        asked = answers.get(self.path.partition("?")[0])
        if asked is None:
            return self._send(404, b"there is /metrics, and /targets\n", TEXT)
        try:
            body, kind = asked[0](), asked[1]
        except redis.RedisError:
            return self._send(503, b"Redis does not answer\n", TEXT)
        self._send(200, body, kind)

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads that a scrape was answered."""


_JSON: Final = "application/json"
