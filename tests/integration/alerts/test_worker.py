"""The alerts worker as a process, on a Kafka, a Redis and an HTTP server of its own; killed between send and note."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from kafka import KafkaProducer

from services.alerts.store import AlertStore
from services.embedded.kafka import EmbeddedKafka
from services.embedded.redis import EmbeddedRedis
from shared.clients.kafka import client_config, ensure_topics
from shared.contract.alerts import Alert
from shared.contract.keys import Keys
from shared.contract.signals import Signal, encode_revisions, encode_signal
from shared.contract.topics import LIVE, Topics
from shared.reading.run import RunView
from shared.settings import KafkaSettings
from tests.alert_servers import WebServer
from tests.unit.alerts.samples import signal
from tests.worker_process import BELLWETHER, WorkerProcess, wait_until, write_settings

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(600)]
RULES = """
version: 1
channels:
  desk: {{kind: webhook, url: "{url}", secret: "${{DESK_SECRET}}"}}
  gone: {{kind: webhook, url: "http://127.0.0.1:1/gone"}}
rules:
  - {{name: strong, kind: threshold, above: 0.5, channels: [dashboard, desk, gone]}}
"""
SECRET = "a-secret-of-the-desk"
TOPICS = Topics(LIVE, 1, 4)


class System:
    """Signals go in, alerts come out."""

    def __init__(self, folder: Path, kafka: EmbeddedKafka, server: EmbeddedRedis, url: str, run: str = LIVE) -> None:
        self.kafka = KafkaSettings(**kafka.settings())
        self.topics = Topics(run, 1, 4)
        ensure_topics(self.kafka, self.topics.all())
        self.client = redis.Redis.from_url(server.url)
        self.keys = Keys(run, 4)
        self.store = AlertStore(self.client, self.keys)
        self.rules = rules = folder / "rules.yaml"
        rules.write_text(RULES.format(url=url))
        self.state = write_settings(
            folder / f"state-{run}",
            run=run,
            kafka=kafka.settings() | {"document_partitions": 1, "opinion_partitions": 4},
            redis={"url": server.url, "timeout_seconds": 3.0},
            worker={"session_timeout_seconds": 6.0, "heartbeat_seconds": 1.0},
            alerts={"rules": str(rules), "secrets": {"DESK_SECRET": SECRET}, "outside_hours": 0},
        )
        self.worker = WorkerProcess("alerts", self.state)

    def give_out(self, *signals: Signal) -> None:
        """As the aggregation worker does: Redis first, then the topic."""
        producer = KafkaProducer(**client_config(self.kafka))
        for each in signals:
            self.client.hset(self.keys.signals(each.company, each.strategy), str(each.at), encode_revisions([each]))
            self.client.hset(self.keys.latest_signals(self.keys.slot_of(each.company)), each.id, encode_signal(each))
            producer.send(self.topics.signals, value=encode_signal(each)).get(30)
        producer.close()

    def alerts(self) -> list[Alert]:
        return [alert for _, alert in RunView(self.client, self.keys).alerts.numbered()]

    def read(self, records: int) -> bool:
        position = self.store.position()
        return position is not None and position[1] == records


@pytest.fixture
def web() -> Iterator[tuple[WebServer, threading.Event, threading.Event]]:
    """A server; set `holding` and it waits for `go` before it answers."""
    holding, go = threading.Event(), threading.Event()
    with WebServer(hold=lambda: holding.is_set() and go.wait(60)) as server:
        yield server, holding, go
        go.set()


def test_each_alert_arrives_and_a_kill_between_send_and_note_brings_a_copy_with_the_same_id(
    tmp_path: Path,
    own_kafka: EmbeddedKafka,
    own_redis: EmbeddedRedis,
    web: tuple[WebServer, threading.Event, threading.Event],
) -> None:
    server, holding, go = web
    system = System(tmp_path, own_kafka, own_redis, f"{server.url}/hook")
    worker = system.worker
    worker.start()
    system.give_out(signal(0, 0.9, "AAPL"), signal(0, 0.1, "MSFT"), signal(0, 0.9, "AAPL"))
    wait_until(lambda: len(server.taken) == 1 and not _waits(system, "desk"), 90, worker.output)
    assert [alert.company for alert in system.alerts()] == ["AAPL"]

    holding.set()
    system.give_out(signal(0, 0.8, "BA"))
    wait_until(lambda: len(server.requests) == 2, 60, worker.output)
    worker.kill()  # the POST has arrived, nobody has noted it
    go.set()
    holding.clear()
    worker.start()
    wait_until(lambda: len(server.requests) == 3 and not _waits(system, "desk"), 90, worker.output)
    first, again = server.requests[1:]
    assert first.raw == again.raw
    assert first.headers["Idempotency-Key"] == again.headers["Idempotency-Key"]

    system.give_out(signal(0, 0.8, "BA"), signal(0, 0.95, "JPM"))
    wait_until(lambda: system.read(6) and len(server.requests) == 4, 60, worker.output)
    assert sorted(alert.company for alert in system.alerts()) == ["AAPL", "BA", "JPM"]
    rules = system.rules.read_text()
    system.rules.write_text(rules.replace("above", "abve"))
    logs = system.state / "logs" / "alerts-1.jsonl"
    wait_until(lambda: "keeping the previous rules" in logs.read_text(), 30, worker.output)
    assert worker.running()
    system.rules.write_text(rules + "# changed\n")
    assert worker.wait(30) == 75
    worker.start()
    wait_until(lambda: logs.read_text().count("continuing from 6") == 1, 60, worker.output)
    assert _waits(system, "gone") == 3  # the channel that nobody answers on holds up no other
    assert system.store.channels()["gone"].error.startswith("no answer")
    assert worker.stop() == 0
    log = "".join(path.read_text() for path in (system.state / "logs").glob("alerts*"))
    assert "sent" in log
    assert SECRET not in log

    tried = subprocess.run(
        [str(BELLWETHER), "alerts", "test", "strong", "--state", str(system.state), "--json"],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert tried.returncode == 1, tried.stderr  # `gone` failed
    found = json.loads(tried.stdout.splitlines()[-1])
    assert {each["channel"]: each["state"] for each in found["channels"]} == {
        "dashboard": "sent", "desk": "sent", "gone": "failed",
    }  # fmt: skip
    assert (server.requests[-1].body["test"], found["speaks_of"]) == (True, 3)
    assert system.alerts()[0].test


def _waits(system: System, channel: str) -> int:
    return sum(delivery.channel == channel for delivery in system.store.waiting())


def test_nothing_of_a_replay_leaves_the_house(
    tmp_path: Path, own_kafka: EmbeddedKafka, own_redis: EmbeddedRedis
) -> None:
    with WebServer() as server:
        system = System(tmp_path, own_kafka, own_redis, server.url, run="past")
        system.worker.start()
        system.give_out(signal(0, 0.9, "AAPL"))
        wait_until(lambda: system.read(1), 90, system.worker.output)
        (alert,) = system.alerts()
        assert (alert.inside, alert.channels) == ("replay", ())
        assert system.store.waiting() == []
        assert system.worker.stop() == 0
        assert server.requests == []


def test_a_wrong_rule_file_is_refused_with_the_remedy(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text("version: 1\nrules: [{name: one, kind: threshold, abve: 1}]\n")
    worker = WorkerProcess("alerts", write_settings(tmp_path / "state", alerts={"rules": str(rules)}))
    worker.start()
    assert worker.wait(90) == 3
    assert f"{rules}: rule 'one': unknown key 'abve'; choose from name" in worker.output()
