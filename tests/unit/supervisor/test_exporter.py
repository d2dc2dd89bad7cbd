"""The exporter of a run where nothing answers, and how it writes what it found."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.embedded.ports import free_port
from services.supervisor.exposition.exporter import Exporter, targets_of, text_of
from services.supervisor.exposition.figures import behind
from services.supervisor.status.status import Status
from shared.clock import SECOND
from shared.contract.operation import metrics
from shared.contract.operation.health import WorkerReport
from shared.contract.operation.metrics import RUN_METRICS
from shared.reading.waiting import Stage
from shared.settings import load_settings

UNHEALTHY = Status(run="live", phase="running", healthy=False, problems=["a", "b"], warnings=["c"])


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Of an exporter whose Kafka and Redis are not there."""
    (tmp_path / "supervisor.json").write_text(
        json.dumps({"children": [{"role": "scoring", "name": "2", "state": "held", "restarts": 3}]})
    )
    settings = load_settings(
        tmp_path,
        run="live",
        kafka={"bootstrap_servers": f"127.0.0.1:{free_port()}"},
        redis={"url": f"redis://127.0.0.1:{free_port()}/0"},
        metrics={"port": 0},
    )
    exporter = Exporter(settings, lambda: UNHEALTHY)
    yield exporter.start()
    exporter.stop()


def read(address: str, path: str) -> str:
    with urllib.request.urlopen(f"http://{address}{path}", timeout=30) as answer:
        return str(answer.read().decode())


def test_what_is_known_is_shown_although_nothing_answers(address: str) -> None:
    text = read(address, "/metrics")
    for metric in RUN_METRICS:
        assert f"# TYPE {metric.name} {metric.kind}" in text
    for line in (
        'bellwether_kafka_up{run="live"} 0.0',
        'bellwether_redis_up{run="live"} 0.0',
        'bellwether_healthy{run="live"} 0.0',
        'bellwether_problems{run="live"} 2.0',
        'bellwether_warnings{run="live"} 1.0',
        'bellwether_process_restarts_total{process="scoring-2",run="live"} 3.0',
        'bellwether_process_held{process="scoring-2",run="live"} 1.0',
        'bellwether_process_running{process="scoring-2",run="live"} 0.0',
    ):
        assert line in text
    assert "\nbellwether_waiting_documents{" not in text, "nobody knows"


@pytest.mark.parametrize(("path", "status"), [("/targets", 503), ("/", 404), ("/metrics/../etc/passwd", 404)])
def test_other_paths_and_a_redis_that_is_away(address: str, path: str, status: int) -> None:
    with pytest.raises(urllib.error.HTTPError) as error:
        read(address, path)
    with error.value as answer:
        assert answer.code == status


def test_targets_are_those_that_workers_report() -> None:
    def report(name: str, **detail: str) -> WorkerReport:
        return WorkerReport(role="scoring", name=name, pid=1, started_at=1, reported_at=1, detail=detail)

    found = json.loads(targets_of([report("1", metrics="b:2"), report("2"), report("3", metrics="a:1", scored="7")]))
    assert found == [{"targets": ["a:1", "b:2"], "labels": {}}]
    assert json.loads(targets_of([report("1")])) == []


def test_labels_are_escaped() -> None:
    text = text_of({metrics.WORKERS: {('a"b\n',): 1}}, "live").decode()
    assert 'bellwether_workers{role="a\\"b\\n",run="live"} 1.0' in text


def test_seconds_behind_are_of_the_oldest() -> None:
    assert behind(Stage(0, None, 0), 9) == 0
    assert behind(Stage(4, 2 * SECOND, 0), 5 * SECOND) == 3
    assert behind(Stage(4, 9 * SECOND, 0), 5 * SECOND) == 0, "a clock of Kafka that is ahead of ours"
