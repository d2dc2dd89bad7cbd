"""What several workers score of a model that sleeps, against as many single ones."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import Final

import psutil
from kafka import KafkaProducer

from benchmarks.rebalancing.workers import Workers, wait_for
from services.scoring.pipeline import CPU_PASSES
from shared.clients.kafka import client_config
from shared.clock import SystemClock
from shared.contract.events import CHANNELS, Document, encode
from shared.settings import Settings

BATCH: Final = 64


def model_for(milliseconds: int) -> dict[str, dict[str, object]]:
    """Settings of a model that scores a batch every so many milliseconds; a worker has CPU_PASSES at once."""
    return {
        "model": {"name": f"stub:slow={milliseconds * CPU_PASSES}"},
        "scoring": {"max_batch": BATCH, "queue_documents": 4 * BATCH},
    }


def rate_of(settings: Settings, count: int, milliseconds: int, seconds: float) -> dict[str, float]:
    """Documents a second of `count` workers while all of them have work, and what that took."""
    workers = Workers(settings, count)
    try:
        wait_for("the workers share the partitions", workers.assigned)
        since, cpu, began = workers.now(), workers.cpu(), time.monotonic()
        machine = psutil.cpu_times()
        documents = _publish(settings, workers, int(count * seconds * BATCH * 1000 / milliseconds))
        published = time.time()
        wait_for("all is scored", lambda: workers.scored() >= documents)
        used, lasted = workers.cpu() - cpu, time.monotonic() - began
        idle = psutil.cpu_times().idle - machine.idle
        times = workers.times(since)
    finally:
        workers.end()
    # while documents are still being published not every worker has its fill, and at the end some have none left
    last = min(each[-1] for each in times.values())
    inside = sum(published <= at < last for each in times.values() for at in each)
    row = {
        "workers": count,
        "ms_a_pass": milliseconds,
        "wanted_a_second": round(count * BATCH * 1000 / milliseconds),
        "documents_a_second": round(inside / (last - published), 1),
        "window_s": round(last - published, 1),
        "cpu_ms_a_document": round(used * 1000 / documents, 3),
        "idle_share": round(idle / lasted / (os.cpu_count() or 1), 3),
        "load": round(os.getloadavg()[0], 1),
    }
    sys.stderr.write(f"{row}\n")
    return row


def measured(
    settings_of: Callable[[str, int], Settings], plan: Sequence[tuple[int, int]], seconds: float
) -> list[dict[str, float]]:
    """A row for each (workers, milliseconds a pass); `of_so_many_single` compares with the one worker of that model."""
    rows: list[dict[str, float]] = []
    for count, milliseconds in plan:
        row = rate_of(settings_of(f"fleet{count}x{milliseconds}", milliseconds), count, milliseconds, seconds)
        single = next(
            (each["documents_a_second"] for each in [*rows, row]
             if (each["workers"], each["ms_a_pass"]) == (1, milliseconds)), 0.0,
        )  # fmt: skip
        row["of_so_many_single"] = round(row["documents_a_second"] / (count * single), 3) if single else 0.0
        rows.append(row)
    return rows


def _publish(settings: Settings, workers: Workers, documents: int) -> int:
    """As many on every partition; returns how many."""
    producer = KafkaProducer(**client_config(settings.kafka), linger_ms=20, batch_size=256 * 1024)
    partitions = settings.kafka.document_partitions
    number = 0
    for _ in range(max(1, documents // (len(CHANNELS) * partitions))):
        for channel in CHANNELS:
            for partition in range(partitions):
                number, now = number + 1, SystemClock().now()
                document = Document(id=f"{number:032x}", channel=channel, source="benchmark", text=f"$AAPL {number}",
                                    published_at=now, received_at=now, available_at=now)  # fmt: skip
                producer.send(workers.topics.documents(channel), value=encode(document), partition=partition)
    producer.flush()
    producer.close()
    return number
