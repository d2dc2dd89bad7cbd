"""The whole system under a temporary state folder, for benchmarks/pipeline.py and benchmarks/latency.py."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from kafka import KafkaProducer

from benchmarks.engine import mixed_texts
from services.ingest.documents.masker import Masker
from services.ingest.documents.normalise import Reading, Rejected, normalise
from services.ingest.sample.week import sample_week
from shared.clients.kafka import client_config
from shared.clock import SystemClock
from shared.contract.events import Document
from shared.settings import Settings, load_settings


@contextmanager
def system(model: str) -> Iterator[Settings]:
    """`bellwether up --no-sample` with this model; down at the end."""
    with tempfile.TemporaryDirectory(prefix="bellwether-benchmark-") as folder:
        state = Path(folder) / "state"
        environment = os.environ | {"BELLWETHER_MODEL__NAME": model}
        command(state, "up", "--detach", "--no-sample", "--dashboard-port", "0", environment=environment)
        try:
            yield load_settings(state)
        finally:
            command(state, "down")


def command(state: Path, *words: str, environment: dict[str, str] | None = None) -> str:
    """A `bellwether` command; raises CalledProcessError when it fails."""
    line = [sys.executable, "-m", "services.commands.main", *words, "--state", str(state)]
    return subprocess.run(line, check=True, stdout=subprocess.PIPE, text=True, env=environment).stdout


def status(state: Path) -> dict[str, Any]:
    """`bellwether status --json`."""
    found: dict[str, Any] = json.loads(command(state, "status", "--json").splitlines()[-1])
    return found


def producer(settings: Settings) -> KafkaProducer:
    return KafkaProducer(**client_config(settings.kafka), linger_ms=5)


def documents(count: int) -> list[Document]:
    """Items of the synthetic week as documents, made again under other ids when it has too few."""
    items = list(sample_week())
    return _normalised(items[number % len(items)].raw() for number in range(count))


def mixed_documents(count: int) -> list[Document]:
    """The texts of benchmarks/engine.py, from a tweet to a long article."""
    return _normalised({"text": text, "published_at": "2026-01-05T12:00:00Z"} for text in mixed_texts(count))


def _normalised(items: Iterable[dict[str, str]]) -> list[Document]:
    reading, now, made = Reading("news", "benchmark"), SystemClock().now(), []
    masker = Masker(b"benchmark")
    for number, item in enumerate(items):
        document = normalise(item | {"external_id": str(number), "url": "", "source": "benchmark"}, reading, now)
        if not isinstance(document, Rejected):
            made.append(masker.apply(document))
    return made


def peak_memory(state: Path) -> dict[str, int]:
    """Peak resident bytes by role, of every process that names the state folder."""
    peaks: dict[str, int] = {}
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if not any(str(state) in word for word in words):
            continue
        roles = ("scoring", "aggregation", "ingest", "supervisor", "streamlit", "redis-server", "java")
        role = next((r for r in roles if any(r in word for word in words)), "other")
        try:
            text = Path(f"/proc/{process.pid}/status").read_text()
        except OSError:
            continue
        peak = next((int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("VmHWM")), 0)
        peaks[role] = max(peaks.get(role, 0), peak)
    return peaks
