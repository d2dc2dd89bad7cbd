"""The reports of a run's workers. A report lives for seconds, so what is there is alive."""

from __future__ import annotations

import redis

from shared.contract.keys import worker_key
from shared.contract.operation.health import WorkerReport, decode_report
from shared.reading.round_trip import ask


class Workers:
    """Remembers which workers there are, because finding them walks the key space. Methods raise redis.RedisError."""

    def __init__(self, client: redis.Redis, run: str) -> None:
        self._client, self._run = client, run
        self._names: set[bytes] = set()

    def find(self) -> None:
        """Look for workers that are not remembered yet. Walks the key space: call it rarely."""
        self._names |= set(self._client.scan_iter(match=worker_key(self._run, "*", "*"), count=10_000))

    def reports(self) -> list[WorkerReport]:
        """The latest report of each remembered worker that is alive, by role and name."""
        names = sorted(self._names)
        replies = ask(self._client, [("GET", name) for name in names])
        self._names = {name for name, raw in zip(names, replies, strict=True) if raw}
        reports = [decode_report(raw) for raw in replies if raw]
        return sorted(reports, key=lambda report: (report.role, report.name))

    def all_reports(self) -> list[WorkerReport]:
        """The reports of all workers that are alive now, by role and name."""
        self.find()
        return self.reports()

    def running(self, role: str) -> list[str]:
        """The names of the workers of a role that are alive now, whatever version wrote their reports."""
        prefix = worker_key(self._run, role, "")
        keys = self._client.scan_iter(match=f"{prefix}*", count=10_000)
        return sorted(key.decode().removeprefix(prefix) for key in keys)

    def alive(self, role: str, name: str) -> bool:
        """Whether this worker has reported in the last seconds."""
        return bool(self._client.exists(worker_key(self._run, role, name)))
