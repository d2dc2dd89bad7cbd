"""What a worker tells of itself: every two seconds to Redis, and at /metrics to Prometheus."""

from __future__ import annotations

import asyncio
import logging
import math
import os
import time
from collections.abc import Callable
from contextlib import closing, suppress

import psutil
import redis

from services.runtime.claims import Claims
from shared.clients.machine import host_name
from shared.clients.redis import connect
from shared.clock import Clock, SystemClock
from shared.contract.keys import worker_key
from shared.contract.operation.health import REPORT_EVERY_SECONDS, REPORT_TTL_SECONDS, WorkerReport, encode_report
from shared.contract.operation.metrics import RECORD_SECONDS
from shared.measured import MEASURED
from shared.settings import Settings

HALF_LIFE_SECONDS = 5.0
LATENCIES_KEPT = 2000
FORGET_SECONDS = 1.0  # a Redis that is away is not waited for
log = logging.getLogger(__name__)


class Pace:
    """Records per second as an exponential average, and percentiles of the latest latencies.

    The start is over when the first records are done: what waited before that waited for the start (for a worker that
    was away, a model that warms up), and tells nothing of how quick the running worker is.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.processed = 0
        self.per_second = 0.0
        self._counted = 0
        self._monotonic = monotonic
        self._at = monotonic()
        self._ready_at: float | None = None
        self._latencies: list[float] = []

    def add(self, records: int, latency_ms: float) -> None:
        """`records` are done; the oldest of them took `latency_ms`."""
        self.processed += records
        now = self._monotonic()
        if self._ready_at is None:
            self._ready_at = now
        if now - latency_ms / 1000 <= self._ready_at:
            return
        self._latencies.append(latency_ms)
        MEASURED.observe(RECORD_SECONDS, value=latency_ms / 1000)
        if len(self._latencies) > 2 * LATENCIES_KEPT:
            del self._latencies[:LATENCIES_KEPT]

    def tick(self) -> None:
        """Bring `per_second` up to date; call it every few seconds."""
        now = self._monotonic()
        elapsed = max(now - self._at, 1e-6)
        keep = math.exp(-elapsed * math.log(2) / HALF_LIFE_SECONDS)
        self.per_second = self.per_second * keep + (self.processed - self._counted) / elapsed * (1 - keep)
        self._counted, self._at = self.processed, now

    def percentile(self, share: float) -> float:
        """Milliseconds; 0 before there is anything behind the start."""
        latest = sorted(self._latencies[-LATENCIES_KEPT:])
        return latest[min(len(latest) - 1, int(share * len(latest)))] if latest else 0.0


class Reporter:
    """Sends the report until it is cancelled. A Redis that is away is no reason to stop scoring: it tries again."""

    def __init__(
        self,
        settings: Settings,
        role: str,
        name: str,
        fill: Callable[[WorkerReport], None],
        pace: Pace | None = None,
        claims: Claims | None = None,
    ) -> None:
        self._settings = settings
        self._role = role
        self._name = name
        self._fill = fill
        self._clock: Clock = SystemClock()
        self._started_at = self._clock.now()
        self._process = psutil.Process()
        self._client = connect(settings.redis)
        self._metrics = ""
        self._host = host_name(settings)
        self._claims = claims
        self.pace = pace or Pace()

    def open_metrics(self) -> None:
        """Serve /metrics on the port of the settings, or a free one; the report tells the address."""
        from services.runtime.telemetry.metrics import serve_metrics

        worker = self._settings.worker
        self._metrics = serve_metrics(self.glance, self._settings.run, worker.metrics_port, worker.metrics_host)

    def current(self) -> WorkerReport:
        """The report as of now, with the rate brought up to date: for the one who sends it."""
        self.pace.tick()
        return self.glance()

    def glance(self) -> WorkerReport:
        """The report as of now, with the rate of the latest `current`; from any thread."""
        report = WorkerReport(
            role=self._role,
            name=self._name,
            host=self._host,
            pid=os.getpid(),
            started_at=self._started_at,
            reported_at=self._clock.now(),
            processed=self.pace.processed,
            per_second=round(self.pace.per_second, 3),
            latency_p50_ms=round(self.pace.percentile(0.5), 3),
            latency_p99_ms=round(self.pace.percentile(0.99), 3),
            resident_bytes=self._process.memory_info().rss,
        )
        self._fill(report)
        if self._metrics:
            report.detail["metrics"] = self._metrics
        return report

    async def run(self) -> None:
        """Report every REPORT_EVERY_SECONDS, and serve /metrics."""
        lost = False
        self.open_metrics()
        try:
            while True:
                raw = encode_report(self.current())
                try:
                    await asyncio.to_thread(self._send, raw)
                    lost = False
                except redis.RedisError as error:
                    if not lost:
                        log.warning("the report did not reach Redis, retrying: %s", error)
                    lost = True
                await asyncio.sleep(REPORT_EVERY_SECONDS)
        finally:
            self.forget()

    def _send(self, raw: bytes) -> None:
        if self._claims is not None:
            self._claims.renew()
        self._client.set(worker_key(self._settings.run, self._role, self._name), raw, ex=REPORT_TTL_SECONDS)

    def forget(self) -> None:
        """Take the report back at the end: a worker that was stopped is not to be taken for one that lives."""
        hasty = self._settings.redis.model_copy(update={"timeout_seconds": FORGET_SECONDS})
        with suppress(redis.RedisError, OSError), closing(connect(hasty)) as client:
            client.delete(worker_key(self._settings.run, self._role, self._name))
            if self._claims is not None:
                self._claims.give_up(client)
