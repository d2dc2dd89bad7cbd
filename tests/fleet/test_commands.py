"""Every command that the chart renders, run as a process on a real Kafka and Redis, with the probes that it renders."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from services.embedded.kafka import EmbeddedKafka
from services.embedded.redis import EmbeddedRedis
from tests.fleet.chart import EXAMPLE, of_kind, pods, render
from tests.fleet.pod_processes import NODE, Container
from tests.system import write_documents

pytestmark = [pytest.mark.fleet, pytest.mark.kafka, pytest.mark.timeout(900)]
START_SECONDS: Final = 240.0
PODS: Final = {"scoring": 2, "aggregation": 2}  # as many as values say; of the others one


@pytest.fixture
def fleet(tmp_path: Path, own_kafka: EmbeddedKafka, own_redis: EmbeddedRedis) -> Iterator[dict[str, Container]]:
    """Pod and container -> process, not started; of the topics job, too."""
    kafka, redis = own_kafka.settings(), own_redis.settings()
    settings: tuple[str, ...] = (
        f"kafka.bootstrapServers={kafka['bootstrap_servers']}",
        f"kafka.securityProtocol={kafka['security_protocol']}",
        f"kafka.saslMechanism={kafka['sasl_mechanism']}",
        f"kafka.saslUsername={kafka['sasl_username']}",
        "kafka.caSecret.name=", "kafka.replication=1", "kafka.minInsyncReplicas=1", "kafka.documentPartitions=4",
        "kafka.opinionPartitions=4", "keda.enabled=false", f"redis.url={redis['url']}",
        "settings.BELLWETHER_MODEL__NAME=stub", "settings.BELLWETHER_INGEST__TICK_SECONDS=0.5",
        "ingest.sources=[]",
    )  # fmt: skip
    objects = render(*settings, values=(EXAMPLE,))
    secrets = {"bellwether": kafka["sasl_password"], "redis": redis["password"], "bellwether-author": "an author key",
               "object-store": "{}"}  # fmt: skip
    rules = of_kind(objects, "ConfigMap")["fleet-bellwether-rules"]["data"]["rules.yaml"]
    made: dict[str, Container] = {}
    for role, template in pods(objects):
        for number in range(PODS.get(role, 1)):
            pod = f"fleet-bellwether-{role}-{number}"
            for manifest in template["spec"]["containers"]:
                container = Container(pod, role, manifest, tmp_path / pod, secrets, {"/config/rules.yaml": rules})
                # the object store is a folder here
                container.env["BELLWETHER_ARCHIVE__ADDRESS"] = str(tmp_path / "archive")
                made[f"{manifest['name']}-{number}"] = container
    yield made
    for container in made.values():
        if container.alive():
            container.end()


def wait_for(what: str, containers: dict[str, Container]) -> None:
    deadline = time.monotonic() + START_SECONDS
    waiting = dict(containers)
    while waiting:
        for name, container in list(waiting.items()):
            assert container.alive(), f"{name} ended: {container.said()}"
            if container.passes(what):
                del waiting[name]
        assert time.monotonic() < deadline, {name: container.said() for name, container in waiting.items()}


def test_every_rendered_command_runs_and_its_probes_pass(fleet: dict[str, Container], tmp_path: Path) -> None:
    job = fleet.pop("topics-0")
    for _ in range(2):  # at installing, and before an upgrade
        done = job.run(*job.command())
        assert done.returncode == 0, done.stderr
        assert "opinions" in done.stdout
    assert sorted(fleet) == [
        "aggregation-0", "aggregation-1", "alerts-0", "api-0", "archive-0", "dashboard-0", "exporter-0", "ingest-0",
        "push-0", "scoring-0", "scoring-1",
    ]  # fmt: skip
    for container in fleet.values():
        container.start()
    wait_for("startupProbe", fleet)
    wait_for("readinessProbe", fleet)
    wait_for("livenessProbe", fleet)

    documents, opinions = write_documents(tmp_path / "documents.jsonl")
    load = ("bellwether", "ingest", "file", str(tmp_path / "documents.jsonl"), "--channel", "news")
    elsewhere = fleet["api-0"].run(*load)
    assert "is fed from node-1-example-com" in elsewhere.stderr
    loaded = fleet["ingest-0"].run(*load)
    assert loaded.returncode == 0, loaded.stderr
    drained = fleet["api-0"].run("bellwether", "wait", "--drained")
    assert drained.returncode == 0, drained.stderr
    answer = fleet["api-0"].run("bellwether", "status", "--json")
    status: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    assert (status["documents_scored"], status["opinions_applied"]) == (documents, opinions)
    assert (answer.returncode, status["hosts"], status["problems"]) == (0, [NODE.replace(".", "-")], [])
    names = {(report["role"], report["name"]) for report in status["workers"]}
    assert len(names) == len(fleet) - 2  # all but the dashboard and the exporter; the push container is one more API
    assert ("scoring", "fleet-bellwether-scoring-1") in names

    ends = {name: container.end() for name, container in fleet.items()}
    assert ends.pop("dashboard-0") in (0, -signal.SIGTERM)  # Streamlit lets the signal end it
    assert set(ends.values()) == {0}, ends
