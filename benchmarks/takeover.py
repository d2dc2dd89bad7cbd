"""How long a killed scoring worker's partitions stay unread: by a worker that lives, and by itself started again.

    python -m benchmarks.takeover [--repeats N] [--session SECONDS ...]

Documents come at 200 a second on every partition. The gap is the time from `kill -9` to the first opinion whose origin
is on a partition that the dead worker had and behind all that it had sent: what a reader waits for.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from services.embedded.kafka import EmbeddedKafka
from services.embedded.redis import EmbeddedRedis
from shared.clients.kafka import client_config, ensure_topics
from shared.clients.redis import connect
from shared.clock import SystemClock
from shared.contract.events import CHANNELS, Document, Opinion, decode_opinion, encode
from shared.contract.keys import worker_key
from shared.contract.operation.health import WorkerReport, decode_report
from shared.contract.topics import Topics
from shared.settings import Settings, load_settings

RATE = 25  # documents a second and partition


def start(settings: Settings, name: str) -> subprocess.Popen[bytes]:
    """`bellwether worker scoring --name NAME`."""
    place = ("--name", name, "--state", str(settings.state_dir), "--run", settings.run)
    command = [sys.executable, "-m", "services.commands.main", "worker", "scoring", *place]
    return subprocess.Popen(command, start_new_session=True)  # for the kernel a service of its own, as anywhere else


class Feed(threading.Thread):
    """Documents on every partition, evenly, until stopped."""

    def __init__(self, settings: Settings, topics: Topics) -> None:
        super().__init__(daemon=True)
        self._producer = KafkaProducer(**client_config(settings.kafka))
        self._topics, self._partitions = topics, settings.kafka.document_partitions
        self.ending = threading.Event()

    def run(self) -> None:
        number = 0
        while not self.ending.wait(1 / RATE):
            for channel in CHANNELS:
                for partition in range(self._partitions):
                    number += 1
                    now = SystemClock().now()
                    document = Document(
                        id=f"{number:032x}",
                        channel=channel,
                        source="benchmark",
                        text=f"$AAPL {number}",
                        published_at=now,
                        received_at=now,
                        available_at=now,
                    )
                    topic = self._topics.documents(channel)
                    self._producer.send(topic, key=document.key.encode(), value=encode(document), partition=partition)


class Watch:
    """Reads `opinions` as it grows, and knows the highest origin of every origin partition."""

    def __init__(self, settings: Settings, topics: Topics) -> None:
        self._consumer = KafkaConsumer(**client_config(settings.kafka), enable_auto_commit=False)
        self._partitions = [TopicPartition(topics.opinions, n) for n in range(settings.kafka.opinion_partitions)]
        self._consumer.assign(self._partitions)
        self._consumer.seek_to_beginning(*self._partitions)
        self.highest: dict[str, int] = {}

    def read(self) -> None:
        for batch in self._consumer.poll(timeout_ms=50).values():
            for record in batch:
                message = decode_opinion(record.value)
                if isinstance(message, Opinion):
                    stream = message.origin.stream
                    self.highest[stream] = max(self.highest.get(stream, -1), message.origin.offset)

    def catch_up(self) -> None:
        """Read all that there is now."""
        ends = self._consumer.end_offsets(self._partitions)
        while any(self._consumer.position(partition) < end for partition, end in ends.items()):
            self.read()

    def until(self, condition: Any, seconds: float = 240) -> float:
        """Read until `condition()`; the seconds that it took."""
        started = time.monotonic()
        while not condition():
            self.read()
            if time.monotonic() - started > seconds:
                raise SystemExit(f"nothing within {seconds} s")
        return time.monotonic() - started


def report_of(settings: Settings, name: str) -> WorkerReport | None:
    """What the worker last said of itself; None before it said anything."""
    with connect(settings.redis) as client:
        raw: bytes | None = client.get(worker_key(settings.run, "scoring", name))  # type: ignore[assignment]
    return decode_report(raw) if raw else None


def partitions_of(settings: Settings, name: str) -> list[str]:
    """What the worker's report says that it reads; empty before there is a report."""
    report = report_of(settings, name)
    return report.partitions if report is not None else []


def gap(settings: Settings, workers: int) -> float:
    """Seconds without an opinion from the partitions of a worker that was killed; the lone one is started again."""
    topics = Topics.of(settings)
    made = ensure_topics(settings.kafka, topics.all())
    streams = {
        f"{topics.documents(c)}[{n}]": f"{made[topics.documents(c)].topic_id}:{n}" for c in CHANNELS for n in range(4)
    }
    feed, watch = Feed(settings, topics), Watch(settings, topics)
    feed.start()
    running = [start(settings, str(n)) for n in range(workers)]
    try:
        share = len(streams) // workers
        watch.until(lambda: all(len(partitions_of(settings, str(n))) == share for n in range(workers)))
        watch.until(lambda: len(watch.highest) == len(streams))
        mine = [streams[partition] for partition in partitions_of(settings, "0")]
        os.kill(running[0].pid, signal.SIGKILL)
        at = time.monotonic()
        running[0].wait()
        watch.catch_up()  # with all that it had sent before it died
        sent = dict(watch.highest)
        if workers == 1:
            time.sleep(1.0)  # the supervisor's first back-off
            running.append(start(settings, "0"))
        watch.until(lambda: all(watch.highest[stream] > sent[stream] for stream in mine))
        return time.monotonic() - at
    finally:
        feed.ending.set()
        for process in running:
            process.kill()
            process.wait()


@contextmanager
def services(state: Path) -> Iterator[dict[str, Any]]:
    kafka, redis = EmbeddedKafka(state / "kafka"), EmbeddedRedis(state / "redis")
    kafka.start()
    redis.start()
    try:
        yield {"kafka": kafka.settings(), "redis": redis.settings()}
    finally:
        redis.stop()
        kafka.stop()


def measure(state: Path, repeats: int, session: float) -> dict[str, object]:
    """Medians and worst gaps at one session timeout."""
    with services(state) as sections:
        sections |= {
            "model": {"name": "stub"},
            "worker": {"session_timeout_seconds": session, "heartbeat_seconds": session / 4},
        }
        (state / "bellwether.yaml").write_text(json.dumps(sections))
        gaps: dict[int, list[float]] = {2: [], 1: []}
        for repeat in range(repeats):
            for workers, found in gaps.items():
                found.append(gap(load_settings(state, run=f"t{workers}{repeat}"), workers))
                sys.stderr.write(f"session {session} s, {workers} worker(s): {found[-1]:.1f} s\n")
    beside, alone = gaps[2], gaps[1]
    return {
        "session_s": session,
        "beside_another_median_s": round(statistics.median(beside), 2),
        "beside_another_worst_s": round(max(beside), 2),
        "alone_restarted_median_s": round(statistics.median(alone), 2),
        "alone_restarted_worst_s": round(max(alone), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Seconds until a killed worker's partitions are read on.")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--session", type=float, nargs="+", default=[6.0])
    options = parser.parse_args()
    rows = []
    for session in options.session:
        with tempfile.TemporaryDirectory(prefix="bellwether-takeover-") as folder:
            rows.append(measure(Path(folder), options.repeats, session))
    worst = max(float(str(row["beside_another_worst_s"])) for row in rows)
    result = {"ratio": round(15 / worst, 2), "ours": worst, "peer": 15.0, "unit": "s", "sessions": rows}
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
