"""Workers as the processes that they are, and what they wrote to Kafka: for tests of scoring."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kafka import KafkaProducer, TopicPartition
from pydantic import SecretStr

from shared.clients.kafka import client_config, describe, ensure_topics, log_consumer, read_log
from shared.contract.events import Document, Tick, encode
from shared.contract.topics import Topics
from shared.settings import Settings

PATIENCE = 150.0  # seconds; a busy machine takes a minute to start a worker


def wait_for(condition: Callable[[], bool], *workers: Worker, seconds: float = PATIENCE) -> None:
    """Return when `condition` holds; fails after `seconds` with what the workers said."""
    deadline = time.monotonic() + seconds
    while not condition():
        said = [f"{worker.name}: rc {worker.process.poll()} {worker.errors()}" for worker in workers]
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s; {said}"
        time.sleep(0.1)


def make_topics(settings: Settings) -> Topics:
    """The run's topics, created."""
    kafka = settings.kafka
    topics = Topics.of(settings)
    ensure_topics(kafka, topics.all())
    return topics


class Worker:
    """`bellwether worker scoring` as a child process."""

    def __init__(self, settings: Settings, name: str = "1", role: str = "scoring") -> None:
        self.settings, self.name, self.role = settings, name, role
        write_settings(settings)
        self._errors = (settings.state_dir / f"{role}-{name}.err").open("a+")
        place = ("--state", str(settings.state_dir), "--run", settings.run)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "services.commands.main", "worker", role, "--name", name, *place],
            stderr=self._errors,
            stdout=self._errors,
            cwd=Path(__file__).parents[2],
            env={key: value for key, value in os.environ.items() if not key.startswith("BELLWETHER_")},
        )

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        self.process.terminate()
        return self.process.wait(60)

    def exit_code(self, seconds: float = PATIENCE) -> int:
        return self.process.wait(seconds)

    def errors(self) -> str:
        self._errors.seek(0)
        return self._errors.read()

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.kill()
        self._errors.close()


@contextmanager
def running(settings: Settings, name: str = "1") -> Iterator[Worker]:
    """A worker that is surely gone afterwards."""
    worker = Worker(settings, name)
    try:
        yield worker
    finally:
        worker.close()


def write_settings(settings: Settings) -> None:
    """Put the settings where a child process of this state folder reads them."""
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    sections = settings.model_dump(exclude={"state_dir", "run"}, exclude_none=True)
    (settings.state_dir / "bellwether.yaml").write_text(json.dumps(sections, default=_as_written))


def _as_written(value: object) -> str:
    """A secret as it is: the child needs it."""
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def document(number: int, text: str, **more: Any) -> Document:
    """A document whose id is its number; a minute of market time apart from the one before."""
    at = 1_700_000_000_000_000 + number * 60_000_000
    fields: dict[str, Any] = {
        "id": f"{number:032x}",
        "channel": "news",
        "source": "test",
        "text": text,
        "published_at": at,
        "received_at": at,
        "available_at": at,
    }
    return Document(**(fields | more))


def publish(settings: Settings, topic: str, messages: Sequence[Document | Tick | bytes], partition: int = 0) -> None:
    """Send messages (or raw bytes) to one partition, in order."""
    producer = KafkaProducer(**client_config(settings.kafka), max_request_size=16_000_000)
    try:
        sent = [
            producer.send(
                topic,
                key=message.key.encode() if isinstance(message, Document) else None,
                value=message if isinstance(message, bytes) else encode(message),
                partition=partition,
            )
            for message in messages
        ]
        for future in sent:
            future.get(timeout=30)
    finally:
        producer.close()


def records(settings: Settings, topic: str) -> list[Any]:
    """Everything on a topic now, partition by partition, in order."""
    topics = {name: state.partitions for name, state in describe(settings.kafka, [topic]).items()}
    return sorted(read_log(settings.kafka, topics), key=lambda record: (record.partition, record.offset))


class Counter:
    """Counts the records of a topic, again and again, over one connection."""

    def __init__(self, settings: Settings, topic: str) -> None:
        self._consumer = log_consumer(settings.kafka)
        self._partitions = [TopicPartition(topic, n) for n in self._consumer.partitions_for_topic(topic) or ()]

    def __call__(self) -> int:
        return sum(self._consumer.end_offsets(self._partitions).values())

    def close(self) -> None:
        self._consumer.close()


def count(settings: Settings, topic: str) -> int:
    """How many records a topic holds now."""
    counter = Counter(settings, topic)
    try:
        return counter()
    finally:
        counter.close()
