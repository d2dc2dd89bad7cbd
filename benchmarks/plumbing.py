"""What the plumbing costs: a worker with a model that answers at once, against a bare Faust agent on the same records.

    python -m benchmarks.plumbing [--documents N] [--repeats N]

Starts a Kafka and a Redis of its own. Every repetition has a run of its own and interleaves the contestants, so that a
busy machine is busy for both; figures are medians. `ratio` compares records per second, `…_cpu_ratio` the CPU time of
a record, which other work on the machine disturbs less. `together` is documents/s with both workers at work at once.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from services.embedded.kafka import EmbeddedKafka
from services.embedded.redis import EmbeddedRedis
from shared.clients.kafka import client_config, ensure_topics
from shared.clock import SECOND
from shared.contract.events import Document, encode
from shared.contract.topics import Topics
from shared.settings import Settings, load_settings

TEXTS = (
    "Shares of Apple rose {} after earnings beat expectations by a wide margin today",
    "The weather was fine all over the country {} and nothing much happened",
    "$MSFT and $AAPL sign a deal on cloud services {}, analysts say",
    "Intel cuts its outlook {} as demand for chips falls in the quarter",
)
START = 1_700_000_000_000_000
TIMEOUT = 400  # seconds for one contestant


def fill(settings: Settings, documents: int) -> Topics:
    """The run's topics with `documents` short texts on documents.news, keys spread over its partitions."""
    topics = Topics.of(settings)
    ensure_topics(settings.kafka, topics.all())
    producer = KafkaProducer(**client_config(settings.kafka), linger_ms=20)
    for number in range(documents):
        at = START + number * SECOND
        document = Document(
            id=f"{number:032x}",
            channel="news",
            source="benchmark",
            text=TEXTS[number % len(TEXTS)].format(number),
            published_at=at,
            received_at=at,
            available_at=at,
        )
        producer.send(topics.documents("news"), key=document.key.encode(), value=encode(document))
    producer.flush()
    producer.close()
    return topics


@dataclass(frozen=True, slots=True)
class Rate:
    """Records per second, and CPU microseconds per record, of one process."""

    per_second: float
    cpu_us: float


class Contestant:
    """One process of benchmarks/plumbing_readers.py, already running."""

    def __init__(self, settings: Settings, total: int, *kind: str) -> None:
        command = [sys.executable, "-m", "benchmarks.plumbing_readers", str(settings.state_dir), settings.run]
        self._kind = kind[0]
        self._process = subprocess.Popen(
            [*command, str(total), *kind], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def result(self) -> Rate:
        """Wait for its end."""
        try:
            out, errors = self._process.communicate(timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            out, errors = self._process.communicate()
        for line in out.splitlines():
            if line.startswith("RATE "):
                _, per_second, cpu = line.split()
                return Rate(float(per_second), float(cpu))
        raise SystemExit(f"{self._kind} did not finish within {TIMEOUT} s: {errors[-2000:]}")


def opinions_of(settings: Settings, topics: Topics) -> int:
    """How many opinions the run has."""
    consumer = KafkaConsumer(**client_config(settings.kafka), enable_auto_commit=False)
    try:
        partitions = [TopicPartition(topics.opinions, n) for n in consumer.partitions_for_topic(topics.opinions) or ()]
        return sum(consumer.end_offsets(partitions).values())
    finally:
        consumer.close()


def repetition(settings: Settings, documents: int) -> dict[str, Rate]:
    """Each contestant alone on one run, then both workers together on another, all from the same documents."""
    topics = fill(settings, documents)
    found = {
        "bare": Contestant(settings, documents, "bare", topics.documents("news")).result(),
        "scoring": Contestant(settings, documents, "scoring").result(),
    }
    opinions = opinions_of(settings, topics)
    found["bare_opinions"] = Contestant(settings, opinions, "bare", topics.opinions).result()
    found["aggregation"] = Contestant(settings, opinions, "aggregation").result()
    both = settings.model_copy(update={"run": settings.run + "both"})
    fill(both, documents)
    aggregation = Contestant(both, opinions, "aggregation")
    Contestant(both, documents, "scoring").result()
    together = aggregation.result()
    found["together"] = Rate(together.per_second * documents / opinions, together.cpu_us * opinions / documents)
    for name, rate in found.items():
        sys.stderr.write(f"{name}: {rate.per_second:.0f}/s, {rate.cpu_us:.0f} us of CPU\n")
    return found


def run(documents: int, repeats: int, state: Path) -> dict[str, object]:
    """All repetitions on a Kafka and a Redis of their own; the object to print."""
    kafka, redis = EmbeddedKafka(state / "kafka"), EmbeddedRedis(state / "redis")
    kafka.start()
    redis.start()
    try:
        settings = load_settings(
            state,
            kafka=kafka.settings(),
            redis=redis.settings(),
            model={"name": "stub"},
        )
        write(settings, kafka.settings(), redis.settings())
        rounds = [
            repetition(settings.model_copy(update={"run": f"plumbing{repeat}"}), documents) for repeat in range(repeats)
        ]
    finally:
        redis.stop()
        kafka.stop()
    return summary(rounds) | {"documents": documents, "repeats": repeats}


def summary(rounds: list[dict[str, Rate]]) -> dict[str, object]:
    """Medians over the rounds, and the ratios."""
    rate = {name: statistics.median(each[name].per_second for each in rounds) for name in rounds[0]}
    cpu = {name: statistics.median(each[name].cpu_us for each in rounds) for name in rounds[0]}
    scoring, aggregation = rate["scoring"] / rate["bare"], rate["aggregation"] / rate["bare_opinions"]
    return {
        "ratio": round(min(scoring, aggregation), 3),
        "ours": round(rate["scoring"], 1),
        "peer": round(rate["bare"], 1),
        "unit": "documents/s",
        "scoring_ratio": round(scoring, 3),
        "aggregation_ratio": round(aggregation, 3),
        "together_ratio": round(rate["together"] / rate["bare"], 3),
        "together": round(rate["together"], 1),
        "scoring_cpu_ratio": round(cpu["bare"] / cpu["scoring"], 3),
        "aggregation_cpu_ratio": round(cpu["bare_opinions"] / cpu["aggregation"], 3),
        "per_second": {name: round(value, 1) for name, value in rate.items()},
        "cpu_us": {name: round(value, 1) for name, value in cpu.items()},
    }


def write(settings: Settings, kafka: dict[str, Any], redis: dict[str, Any]) -> None:
    sections = {
        "kafka": kafka,
        "redis": redis,
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
