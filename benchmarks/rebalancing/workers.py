"""Some scoring workers of one run as processes, and when Kafka took what they made of each partition."""

from __future__ import annotations

import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any, Final

import psutil

from benchmarks.rebalancing.forked import Forked
from benchmarks.takeover import partitions_of, report_of, start
from shared.clients.kafka import TopicLog, ensure_topics
from shared.contract.events import CHANNELS, Opinion, decode_opinion
from shared.contract.topics import Topics
from shared.settings import Settings

STOP_SECONDS: Final = 60.0
Positions = Mapping[Any, int]


class Workers:
    """Started at once; `running` has them by name."""

    def __init__(self, settings: Settings, count: int) -> None:
        self.settings, self.topics = settings, Topics.of(settings)
        made = ensure_topics(settings.kafka, self.topics.all())
        self.streams = {  # as reports name a partition -> as origins do
            f"{topic}[{number}]": f"{made[topic].topic_id}:{number}"
            for topic in map(self.topics.documents, CHANNELS)
            for number in range(settings.kafka.document_partitions)
        }
        self._named = 0
        self.running: dict[str, subprocess.Popen[bytes] | Forked] = {}
        for _ in range(count):
            self.add()

    def add(self) -> str:
        """One more, under a name that nobody had."""
        name = f"w{self._named}"
        self._named += 1
        self.running[name] = Forked(self.settings.state_dir, self.settings.run, name)
        return name

    def again(self, name: str) -> None:
        """By its command, with all that a start takes: what it had waits for that."""
        self.running[name] = start(self.settings, name)

    def kill(self, name: str) -> None:
        """kill -9."""
        process = self.running.pop(name)
        process.kill()
        process.wait()

    def stop(self, name: str) -> None:
        """SIGTERM, and wait until it has ended."""
        process = self.running.pop(name)
        process.terminate()
        process.wait(STOP_SECONDS)

    def owners(self) -> dict[str, str]:
        """Stream -> the worker that says it reads it."""
        return {
            self.streams[partition]: name
            for name in self.running
            for partition in partitions_of(self.settings, name)
            if partition in self.streams
        }

    def assigned(self) -> bool:
        """Whether the partitions are shared by those that run: each by one, and everyone has some."""
        found = [partitions_of(self.settings, name) for name in self.running]
        return all(found) and sum(map(len, found)) == len({each for one in found for each in one}) == len(self.streams)

    def scored(self) -> int:
        reports = (report_of(self.settings, name) for name in self.running)
        return sum(int(report.detail.get("scored", 0)) for report in reports if report is not None)

    def cpu(self) -> float:
        """Seconds of processor time of all that run."""
        return sum(sum(psutil.Process(each.pid).cpu_times()[:2]) for each in self.running.values())

    def end(self) -> None:
        for process in self.running.values():
            process.kill()
            process.wait()

    # -- what Kafka says, which no reader that is short of processor time disturbs
    def now(self) -> Positions:
        """Where `opinions` ends."""
        with self._log() as log:
            return dict(log.ends)

    def times(self, since: Positions) -> dict[str, list[float]]:
        """Stream -> when Kafka appended each of its opinions behind `since`, Unix seconds, ascending."""
        found: dict[str, list[float]] = defaultdict(list)
        with self._log() as log:
            for record in log.records(since):  # type: ignore[arg-type]
                message = decode_opinion(record.value)
                if isinstance(message, Opinion):
                    found[message.origin.stream].append(record.timestamp / 1000)
        return {stream: sorted(times) for stream, times in found.items()}

    def _log(self) -> TopicLog:
        return TopicLog(self.settings.kafka, {self.topics.opinions: self.settings.kafka.opinion_partitions})


def wait_for(what: str, true: Callable[[], bool], seconds: float = 600, every: float = 0.2) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise SystemExit(f"not within {seconds:.0f} s: {what}")
        time.sleep(every)
