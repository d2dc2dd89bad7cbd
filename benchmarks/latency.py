"""Publish to visible in Redis at a steady rate, against a bare trip through Kafka at the same rate in the same run.

    python -m benchmarks.latency [--rate 50] [--seconds 30] [--model bellwether-mini]

Each document names one company; it is visible when its id stands among that company's recent documents. The peer is a
kafka-python producer and consumer on one topic of the same broker. `ratio` is the peer's median over ours (1 would be
no cost at all). The last line is one JSON object; times in milliseconds.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import threading
import time

from kafka import KafkaConsumer

from benchmarks.whole_system import peak_memory, producer, system
from shared.clients.kafka import client_config, ensure_topics
from shared.clients.redis import connect
from shared.clock import SystemClock
from shared.contract.events import Document, encode
from shared.contract.keys import Keys
from shared.contract.topics import Topic, Topics
from shared.settings import Settings

COMPANY = "AAPL"
POLL_SECONDS = 0.001
DEADLINE_SECONDS = 60.0


def in_redis(settings: Settings, rate: float, seconds: float, first: int = 0) -> list[float]:
    """Milliseconds from `send` until the document is among the company's recent ones."""
    client, sender = connect(settings.redis), producer(settings)
    recent = Keys(settings.run, settings.kafka.opinion_partitions).recent(COMPANY)
    topic, waiting, found = Topics.of(settings).documents("news"), {}, []
    lock, ended = threading.Lock(), threading.Event()

    def watch() -> None:
        while not ended.is_set() or waiting:
            with lock:
                names = list(waiting)
            if names:
                there = client.hmget(recent, names)
                now = time.perf_counter()
                with lock:
                    found.extend((now - waiting.pop(n)) * 1000 for n, raw in zip(names, there, strict=True) if raw)  # type: ignore[arg-type]
            time.sleep(POLL_SECONDS)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    started = time.perf_counter()
    for number in range(first, first + int(rate * seconds)):
        time.sleep(max(0.0, started + (number - first) / rate - time.perf_counter()))
        now = SystemClock().now()
        document = Document(
            id=f"{number:032x}", channel="news", source="benchmark", title=f"Apple raises guidance, part {number}",
            text=f"Apple said orders rose for the {number}th time.", published_at=now, received_at=now,
            available_at=now,
            companies=(COMPANY,),
        )  # fmt: skip
        with lock:
            waiting[document.id] = time.perf_counter()
        sender.send(topic, key=document.key.encode(), value=encode(document))
    ended.set()
    watcher.join(DEADLINE_SECONDS)
    if waiting:
        raise SystemExit(f"{len(waiting)} documents did not become visible within {DEADLINE_SECONDS:.0f} s")
    sender.close()
    return found


def bare(settings: Settings, rate: float, seconds: float) -> list[float]:
    """Milliseconds from `send` until a consumer has the record."""
    ensure_topics(settings.kafka, [Topic("benchmark.bare", 1)])
    sender = producer(settings)
    consumer = KafkaConsumer("benchmark.bare", **client_config(settings.kafka), auto_offset_reset="earliest")
    count, found = int(rate * seconds), []

    def read() -> None:
        for record in consumer:
            found.append((time.perf_counter() - float(record.value)) * 1000)
            if len(found) == count:
                return

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    started = time.perf_counter()
    for number in range(count):
        time.sleep(max(0.0, started + number / rate - time.perf_counter()))
        sender.send("benchmark.bare", value=repr(time.perf_counter()).encode())
    reader.join(DEADLINE_SECONDS)
    consumer.close()
    sender.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=50.0)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--model", default="bellwether-mini")
    options = parser.parse_args()
    with system(options.model) as settings:
        in_redis(settings, options.rate, 3.0)  # connections, caches
        peer = bare(settings, options.rate, options.seconds)
        ours = in_redis(settings, options.rate, options.seconds, first=1_000_000)
        peaks = peak_memory(settings.state_dir)
    cuts = statistics.quantiles(ours, n=100)
    result = {
        "ratio": round(statistics.median(peer) / statistics.median(ours), 3),
        "ours": round(statistics.median(ours), 1),
        "peer": round(statistics.median(peer), 1),
        "unit": "ms, median",
        "p99": round(cuts[98], 1),
        "peer_p99": round(statistics.quantiles(peer, n=100)[98], 1),
        "documents": len(ours),
        "peak_memory_bytes": peaks,
    }
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
