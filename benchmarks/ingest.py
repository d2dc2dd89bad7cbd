"""Documents/s of `bellwether ingest file` (read, normalise, mask, link, ledger, idempotent producer, acknowledged) as a
ratio to a bare kafka-python producer that sends the lines of the same file, also idempotent and acknowledged.

    python benchmarks/ingest.py [--documents 50000] [--runs 3] [--bootstrap-servers HOST:PORT]

Both take turns in one run; medians. Without --bootstrap-servers a real Kafka is started for it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kafka import KafkaProducer

from services.embedded.kafka import EmbeddedKafka
from services.ingest.documents.normalise import Reading
from services.ingest.file_load import load_file
from services.ingest.sample.week import sample_week
from services.ingest.sources.in_house.files import FileSource
from shared.clients.kafka import client_config, ensure_topics
from shared.clock import SystemClock
from shared.contract.topics import Topics
from shared.settings import Settings, load_settings


def write_tweets(path: Path, documents: int) -> None:
    """Tweet-sized synthetic texts, each with an id, an author and a company of its own."""
    posts = [item.raw() for item in sample_week() if item.channel == "social"]
    with path.open("w") as file:
        for number in range(documents):
            post = posts[number % len(posts)]
            row = post | {"external_id": str(number), "author": f"trader_{number % 5000}", "company": "AAPL"}
            file.write(json.dumps(row) + "\n")


def ours(settings: Settings, path: Path) -> None:
    """A load into a fresh run and a fresh ledger."""
    result = load_file(settings, FileSource(path, {}, Reading("social", "bench")), SystemClock())
    assert result["published"] == result["read"], result


def peer(settings: Settings, path: Path) -> None:
    """Lines as they are, key: their number."""
    topics = Topics.of(settings)
    ensure_topics(settings.kafka, topics.all())
    producer = KafkaProducer(**client_config(settings.kafka), linger_ms=5, batch_size=128 * 1024)
    futures = []
    with path.open("rb") as file:
        for number, line in enumerate(file):
            futures.append(producer.send(topics.documents("social"), value=line, key=str(number).encode()))
    for future in futures:
        future.get(timeout=120)
    producer.close()


@contextmanager
def broker(given: str | None, folder: Path) -> Iterator[dict[str, Any]]:
    if given:
        yield {"bootstrap_servers": given}
        return
    server = EmbeddedKafka(folder / "kafka")
    server.start()
    try:
        yield server.settings()
    finally:
        server.stop(10)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=50_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--bootstrap-servers")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, broker(options.bootstrap_servers, Path(name)) as kafka:
        path = Path(name) / "posts.jsonl"
        write_tweets(path, options.documents)
        rates: dict[str, list[float]] = {"ours": [], "peer": []}
        for _ in range(options.runs):
            for what, load in (("ours", ours), ("peer", peer)):
                run = f"bench{uuid.uuid4().hex[:8]}"
                settings = load_settings(Path(name) / run, run=run, kafka=kafka)
                ensure_topics(settings.kafka, Topics.of(settings).all())  # making topics is no part of either
                start = time.perf_counter()
                load(settings, path)
                rates[what].append(options.documents / (time.perf_counter() - start))
    medians = {what: round(statistics.median(found), 1) for what, found in rates.items()}
    print(  # noqa: T201
        json.dumps({"ratio": round(medians["ours"] / medians["peer"], 3), **medians, "unit": "documents/s"})
    )


if __name__ == "__main__":
    main()
