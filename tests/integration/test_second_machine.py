"""Two state folders, as two machines have them, on one Kafka and one Redis: by the commands, with the stub model."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.embedded.redis import EmbeddedRedis
from tests.system import System, until, write_documents

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(900)]
ALONE = ("--workers-only", "--scoring", "1", "--aggregation", "1")


class Machines:
    """State folders by host, all of them on the same servers."""

    def __init__(self, folder: Path, kafka: dict[str, Any], redis: EmbeddedRedis) -> None:
        self._folder, self._kafka, self._redis = folder, kafka, redis
        self._made: dict[str, System] = {}

    def __getitem__(self, host: str) -> System:
        if host not in self._made:
            made = self._made[host] = System(self._folder / host, run=None)
            made.set(**{f"BELLWETHER_KAFKA__{name.upper()}": str(value) for name, value in self._kafka.items()})
            made.set(
                BELLWETHER_MACHINE=host,
                BELLWETHER_REDIS__URL=self._redis.url,
                BELLWETHER_WORKER__SESSION_TIMEOUT_SECONDS="6",
            )
        return self._made[host]

    def end(self) -> None:
        for system in self._made.values():
            system.end()


@pytest.fixture
def machines(tmp_path: Path, kafka: dict[str, Any], own_redis: EmbeddedRedis) -> Iterator[Machines]:
    made = Machines(tmp_path, kafka, own_redis)
    yield made
    made.end()


def dump(system: System, run: str) -> str:
    return system.call("aggregates", "dump", "--json", "--run", run)


def up(system: System, run: str, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        system.call("up", "--detach", "--json", "--run", run, *arguments).splitlines()[-1]
    )
    assert found["run"] == run
    return found


def test_two_machines_give_what_one_gives(machines: Machines, tmp_path: Path, run_name: str) -> None:
    left, right, far = machines["left"], machines["right"], machines["far"]
    documents, opinions = write_documents(tmp_path / "documents.jsonl")
    load = ("ingest", "file", str(tmp_path / "documents.jsonl"), "--channel", "news")
    alone, both = f"{run_name}a", f"{run_name}b"

    up(left, alone, *ALONE, "--ingest", "1")
    left.call(*load)
    left.call("wait", "--drained")
    wanted = dump(left, alone)
    assert len(wanted.splitlines()) > 100
    left.call("down")

    assert up(left, both, *ALONE, "--ingest", "1")["healthy"]
    assert up(right, both, "--workers-only", "--scoring", "2", "--aggregation", "1")["healthy"]
    for system in (left, right):  # both see all, and neither throws the other out
        until(lambda system=system: system.status()["hosts"] == ["left", "right"])  # type: ignore[misc]
        assert system.status()["run"] == both
    names = sorted(f"{report['role']} {report['name'].split('-')[0]}" for report in right.status()["workers"])
    assert names == [
        "aggregation left", "aggregation right", "ingest left", "scoring left", "scoring right", "scoring right",
    ]  # fmt: skip
    assert "is fed from left" in right.said_by(*load)
    left.call(*load)
    victim = right.pid_of("worker", "scoring")
    assert victim is not None
    os.kill(victim, signal.SIGKILL)
    right.call("wait", "--drained")
    assert dump(right, both) == wanted
    status = left.status()
    assert (status["documents_scored"], status["opinions_applied"]) == (documents, opinions)
    assert {child["restarts"] for child in status["processes"]} == {0}  # nobody was thrown out

    answer = far.run("status", "--run", both)  # no supervisor on the spot
    assert (answer.returncode, "healthy on left, right" in answer.stdout) == (0, True), answer.stdout
    far.set(BELLWETHER_AGGREGATION__LATENESS_SECONDS="5")
    said = far.said_by("up", "--detach", "--run", both, "--workers-only", "--scoring", "0")
    assert "'60'" in said
    assert "'5'" in said
    assert "lateness_seconds" in said
    far.call("down")


def test_an_ingest_worker_elsewhere_stands_by_and_takes_over(machines: Machines, tmp_path: Path, run_name: str) -> None:
    left, right = machines["left"], machines["right"]
    write_documents(tmp_path / "documents.jsonl")
    up(left, run_name, *ALONE, "--ingest", "1")
    refused = right.said_by("up", "--detach", "--run", run_name, "--workers-only", "--scoring", "0", "--ingest", "1")
    assert "author_key" in refused
    assert "STATE/author.key" in refused
    right.call("down")
    shutil.copy(left.state / "author.key", right.state / "author.key")
    assert up(right, run_name, "--workers-only", "--scoring", "0", "--aggregation", "0", "--ingest", "1")["healthy"]

    def standing_by() -> list[str]:
        reports = right.status()["workers"]
        return [each["detail"].get("standing by for", "") for each in reports if each["host"] == "right"]

    until(lambda: any(words.startswith("left ") for words in standing_by()))
    up_left = left.pid_of("worker", "ingest")
    left.call("down")
    assert up_left is not None
    until(lambda: standing_by() == [""], 60)
    load = right.call("ingest", "file", str(tmp_path / "documents.jsonl"), "--channel", "news", "--json")
    assert json.loads(load.splitlines()[-1])["published"] > 0


def test_what_workers_only_cannot_do_is_said(machines: Machines, tmp_path: Path, run_name: str) -> None:
    nowhere = System(tmp_path / "nowhere", run=None)
    said = nowhere.said_by("up", "--workers-only", "--detach")
    assert "--bootstrap-servers" in said
    assert "--redis-url" in said
    here = machines["here"]
    said = here.said_by("up", "--workers-only", "--archive", "1", "--detach", "--run", run_name)
    assert "BELLWETHER_ARCHIVE__ADDRESS" in said
    said = here.said_by("up", "--workers-only", "--scoring", "0", "--aggregation", "0", "--detach", "--run", run_name)
    assert "no worker" in said
