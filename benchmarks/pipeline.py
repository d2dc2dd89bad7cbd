"""Documents a second through the whole system, against the engine alone on the same texts in the same run.

    python -m benchmarks.pipeline [--documents 3000] [--short 12000] [--model bellwether-mini]

The system is a real Kafka, Redis, one scoring and one aggregation worker; it is timed from the first document published
to the last opinion in Redis. `ratio` is that over the engine alone, on the texts of benchmarks/engine.py, from a tweet
to a long article; `ratio_expected` is it over 1 / (1/engine + 1/plumbing), where plumbing is the same system with a
model that answers at once. `short` has the same figures for the headlines and posts of the synthetic week, where the
engine is ten times as fast and the plumbing weighs most. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import Any

from benchmarks.whole_system import documents, mixed_documents, peak_memory, producer, system
from services.aggregation.stores.redis_store import RedisStore
from services.model.engine import build_engine
from services.scoring.linking.linker import Linker
from services.scoring.opinions import read
from shared.clients.redis import connect
from shared.contract.events import Document, encode
from shared.contract.topics import Topics
from shared.settings import ModelSettings, Settings
from shared.universe.securities import Catalogue

BATCH = 512
DEADLINE_SECONDS = 1800.0


def engine_alone(model: str, texts: list[Document]) -> float:
    """Documents a second of linking and scoring in batches, without any transport."""
    catalogue = Catalogue.load()
    engine, linker = build_engine(ModelSettings(name=model)), Linker(catalogue)
    requests = [read(document, linker)[1] for document in texts]
    engine.score(requests[:BATCH])
    started = time.perf_counter()
    for first in range(0, len(requests), BATCH):
        engine.score(requests[first : first + BATCH])
    return len(texts) / (time.perf_counter() - started)


def through_the_system(model: str, texts: list[Document]) -> tuple[float, dict[str, int]]:
    """Documents a second from the first publish until all is applied, and the peak memory of each process."""
    with system(model) as settings:
        sender = producer(settings)
        topic = Topics.of(settings).documents("news")
        warm = [sender.send(topic, key=f"w{i}".encode(), value=encode(d)) for i, d in enumerate(texts[:64])]
        for future in warm:
            future.get(timeout=60)
        _until_applied(settings, len(warm))
        records = [(document.key.encode(), encode(document)) for document in texts]
        started = time.perf_counter()
        for key, value in records:
            sender.send(topic, key=key, value=value)
        sender.flush()
        _until_applied(settings, len({document.id for document in texts}))  # the warm ones are among them
        seconds = time.perf_counter() - started
        sender.close()
        return len(texts) / seconds, peak_memory(settings.state_dir)


def _until_applied(settings: Settings, documents: int) -> None:
    """Until so many documents, scored or dead, are counted in Redis: a look every 20 ms."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    with connect(settings.redis) as client:
        store = RedisStore(client, settings.run, settings.kafka.opinion_partitions)
        while sum(t.documents_scored + t.documents_dead for t in map(store.totals, range(store.slots))) < documents:
            if time.monotonic() > deadline:
                raise SystemExit(f"not all of {documents} documents were applied in {DEADLINE_SECONDS:.0f} s")
            time.sleep(0.02)


def compared(model: str, texts: list[Document], plumbing: float) -> dict[str, Any]:
    """The engine alone, then the whole system, on the same texts."""
    engine = engine_alone(model, texts)
    whole, peaks = through_the_system(model, texts)
    return {
        "ratio": round(whole / engine, 3),
        "ratio_expected": round(whole * (1 / engine + 1 / plumbing), 3),
        "ours": round(whole, 1),
        "peer": round(engine, 1),
        "plumbing": round(plumbing, 1),
        "unit": "documents/s",
        "peak_memory_bytes": peaks,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=3_000, help="of mixed length")
    parser.add_argument("--short", type=int, default=12_000, help="headlines and posts; 0: none")
    parser.add_argument("--model", default="bellwether-mini")
    options = parser.parse_args()
    mixed, short = mixed_documents(options.documents), documents(options.short)
    found = compared(options.model, mixed, through_the_system("stub", mixed)[0])
    if short:
        sys.stderr.write(json.dumps(found) + "\n")
        found["short"] = compared(options.model, short, through_the_system("stub", short)[0])
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
