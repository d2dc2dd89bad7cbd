"""Child processes of benchmarks/plumbing.py: a bare Faust agent, or a worker, over the same records.

Each writes one line `RATE <records per second> <CPU microseconds per record>`, from its first WARM records to its last.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import uvloop

from services.runtime.faust_app import credentials
from services.runtime.telemetry.report import Pace
from shared.settings import Settings, load_settings

WARM = 2_000


class Stopwatch(Pace):
    """Ends the process when `total` records are done."""

    def __init__(self, total: int) -> None:
        super().__init__()
        self._total = total
        self._started: tuple[int, float, float] | None = None

    def add(self, records: int, latency_ms: float) -> None:
        super().add(records, latency_ms)
        if self._started is None and self.processed >= WARM:
            self._started = self.processed, time.perf_counter(), time.process_time()
        elif self.processed >= self._total and self._started is not None:
            before, at, cpu_at = self._started
            done, elapsed, cpu = self.processed - before, time.perf_counter() - at, time.process_time() - cpu_at
            sys.stdout.write(f"RATE {done / elapsed:.1f} {cpu / done * 1e6:.1f}\n")
            sys.stdout.flush()
            os._exit(0)  # at once: a Faust that is told to stop may wait for its tasks for good


async def bare(settings: Settings, topic: str, total: int) -> None:
    """What Faust alone can do: its default settings, one agent, one JSON decode a record."""
    import faust

    app = faust.App(
        f"bare-{time.monotonic_ns()}",
        broker=f"aiokafka://{settings.kafka.bootstrap_servers}",
        broker_credentials=credentials(settings.kafka),
        consumer_auto_offset_reset="earliest",
        topic_disable_leader=True,
        topic_allow_declare=False,
        web_enabled=False,
        value_serializer="raw",
        key_serializer="raw",
    )
    watch = Stopwatch(total)

    async def read(stream: Any) -> None:
        decode, pending = msgspec.json.decode, 0
        async for value in stream:
            decode(value)
            pending += 1
            if pending == 100:
                pending = 0
                watch.add(100, 0.0)

    app.agent(app.topic(topic, value_type=bytes, key_type=bytes))(read)
    await app.start()
    await asyncio.Event().wait()


async def scoring(settings: Settings, total: int) -> None:
    """The scoring worker with the model of the settings."""
    from services.scoring.main import work

    await work(settings, "benchmark", Stopwatch(total))


async def aggregation(settings: Settings, total: int) -> None:
    """The aggregation worker, with the stopwatch in the place of its pace."""
    from services.aggregation import main as worker
    from services.aggregation import pipeline as app

    vars(app)["Pace"] = lambda: Stopwatch(total)
    await worker._main(settings, "benchmark")


def main() -> None:
    """STATE RUN TOTAL KIND [TOPIC]"""
    state, run, total, kind, *topic = sys.argv[1:]
    settings = load_settings(Path(state), run=run)
    if kind == "bare":
        uvloop.run(bare(settings, topic[0], int(total)))
    elif kind == "scoring":
        uvloop.run(scoring(settings, int(total)))
    elif kind == "aggregation":
        uvloop.run(aggregation(settings, int(total)))
    else:
        raise SystemExit(f"{kind}: expected bare, scoring or aggregation")


if __name__ == "__main__":
    main()
