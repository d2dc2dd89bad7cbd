"""What the plumbing costs: a worker with a model that answers at once, against a bare Faust agent on the same records.

    python -m benchmarks.plumbing [--documents N] [--repeats N]

Starts a Kafka and a Redis of its own. Every repetition has a run of its own and interleaves the contestants, so that a
busy machine is busy for both; figures are medians. `ratio` compares records per second, `cpu_ratio` the CPU time of a
record, which other work on the machine does not disturb.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from kafka import KafkaProducer

from services.embedded.kafka import EmbeddedKafka
from services.embedded.redis import EmbeddedRedis
from shared.events import Document, encode
from shared.kafka_client import client_config, ensure_topics
from shared.settings import Settings, load_settings
from shared.topics import Topics

TEXTS = (
    "Shares of Apple rose {} after earnings beat expectations by a wide margin today",
    "The weather was fine all over the country {} and nothing much happened",
    "$MSFT and $AAPL sign a deal on cloud services {}, analysts say",
    "Intel cuts its outlook {} as demand for chips falls in the quarter",
)
START = 1_700_000_000_000_000


def fill(settings: Settings, documents: int) -> Topics:
    """The run's topics with `documents` short texts on documents.news, keys spread over its partitions."""
    topics = Topics(settings.run)
    ensure_topics(settings.kafka, topics.all())
    producer = KafkaProducer(**client_config(settings.kafka), linger_ms=20)
    for number in range(documents):
        at = START + number * 1_000_000
        document = Document(
            id=f"{number:032x}",
            channel="news",
            source="benchmark",
            text=TEXTS[number % len(TEXTS)].format(number),
            published_at=at,
            received_at=at,
            available_at=at,
        )
        producer.send(topics.documents("news"), key=document.id.encode(), value=encode(document))
    producer.flush()
    producer.close()
    return topics


def measure(settings: Settings, total: int, *kind: str) -> tuple[float, float]:
    """Records per second and CPU microseconds per record of one contestant in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.plumbing_readers", str(settings.state_dir), settings.run, str(total)]
    done = subprocess.run([*command, *kind], capture_output=True, text=True, timeout=900, check=False)
    rates = [line.split() for line in done.stdout.splitlines() if line.startswith("RATE ")]
    if not rates:
        raise SystemExit(f"{kind[0]} did not finish: {done.stderr[-2000:]}")
    return float(rates[0][1]), float(rates[0][2])


def run(documents: int, repeats: int, state: Path) -> dict[str, object]:
    kafka, redis = EmbeddedKafka(state / "kafka"), EmbeddedRedis(state / "redis")
    kafka.start()
    redis.start()
    peer, ours = [], []
    try:
        for repeat in range(repeats):
            settings = load_settings(
                state,
                run=f"plumbing{repeat}",
                kafka={"bootstrap_servers": kafka.bootstrap_servers},
                redis={"url": redis.url},
                model={"name": "stub"},
            )
            write(settings)
            topics = fill(settings, documents)
            peer.append(measure(settings, documents, "bare", topics.documents("news")))
            ours.append(measure(settings, documents, "scoring"))
            sys.stderr.write(f"bare {peer[-1][0]:.0f}/s, scoring {ours[-1][0]:.0f}/s\n")
    finally:
        redis.stop()
        kafka.stop()
    bare, scoring = (statistics.median(rate for rate, _ in side) for side in (peer, ours))
    bare_cpu, scoring_cpu = (statistics.median(cpu for _, cpu in side) for side in (peer, ours))
    return {
        "ratio": round(scoring / bare, 3),
        "scoring_ratio": round(scoring / bare, 3),
        "cpu_ratio": round(bare_cpu / scoring_cpu, 3),
        "ours": round(scoring, 1),
        "peer": round(bare, 1),
        "unit": "documents/s",
        "cpu_us_ours": round(scoring_cpu, 1),
        "cpu_us_peer": round(bare_cpu, 1),
        "documents": documents,
        "repeats": repeats,
    }


def write(settings: Settings) -> None:
    sections = {
        "kafka": {"bootstrap_servers": settings.kafka.bootstrap_servers},
        "redis": {"url": settings.redis.url},
        "model": {"name": settings.model.name},
    }
    (settings.state_dir / "bellwether.yaml").write_text(json.dumps(sections))


def main() -> None:
    parser = argparse.ArgumentParser(description="The workers' plumbing against a bare Faust agent.")
    parser.add_argument("--documents", type=int, default=60_000)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bellwether-plumbing-") as folder:
        sys.stdout.write(json.dumps(run(options.documents, options.repeats, Path(folder))) + "\n")


if __name__ == "__main__":
    main()
