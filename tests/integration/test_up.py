"""The whole system by its commands: up, ingest, wait, status, a killed worker, down. With the stub model."""

from __future__ import annotations

import json
import os
import signal
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system import System, assert_exact, until, write_documents

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(1200)]


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    running = System(tmp_path / "state")
    yield running
    running.end()


def test_counts_stay_exact_through_a_killed_worker_and_a_second_start(system: System, tmp_path: Path) -> None:
    documents, opinions = write_documents(tmp_path / "documents.jsonl")
    up = ("up", "--detach", "--no-sample", "--dashboard-port", "0", "--json")
    started = json.loads(system.call(*up).splitlines()[-1])
    assert started["healthy"]
    with urllib.request.urlopen(started["dashboard"], timeout=120) as page:
        assert page.status == 200

    reports = {report["role"]: report["detail"]["metrics"] for report in system.status()["workers"]}
    assert set(reports) >= {"ingest", "scoring", "aggregation"}
    for role, address in reports.items():
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=30) as answer:
            assert f'bellwether_records_total{{name="1",role="{role}",run="live"}}' in answer.read().decode()

    scoring = system.pid_of("worker", "scoring")
    assert scoring is not None
    os.kill(scoring, signal.SIGKILL)
    loaded = json.loads(
        system.call("ingest", "file", str(tmp_path / "documents.jsonl"), "--channel", "news", "--json").splitlines()[-1]
    )
    assert (loaded["published"], loaded["rejected"], loaded["duplicates"]) == (documents, 1, 1)
    system.call("wait", "--drained", "--timeout", "600")
    assert_exact(system, documents, opinions)
    until(lambda: system.status()["healthy"])
    again = next(child for child in system.status()["processes"] if child["role"] == "scoring")
    assert again["restarts"] == 1
    assert again["exit_code"] == -signal.SIGKILL
    assert again["pid"] != scoring

    system.call("down")
    assert system.processes() == {}

    assert json.loads(system.call(*up).splitlines()[-1])["healthy"]
    assert_exact(system, documents, opinions)
    assert "already running" not in system.call(*up)  # said on standard error; the exit code is 0

    supervisor = system.pid_of("supervisor")
    assert supervisor is not None
    os.kill(supervisor, signal.SIGKILL)
    system.call("down")
    assert system.processes() == {}


def test_status_without_anything_running_says_so(system: System) -> None:
    found = json.loads(system.call("status", "--json", expect=1).splitlines()[-1])
    assert not found["healthy"]
    assert any("bellwether up" in problem for problem in found["problems"])


def test_below_the_path_of_a_proxy_the_dashboard_is_healthy(system: System) -> None:
    system.set(BELLWETHER_DASHBOARD__BASE_PATH="tools/bellwether")
    started = json.loads(system.call("up", "--detach", "--dashboard-port", "0", "--json").splitlines()[-1])
    assert started["healthy"]
    assert started["dashboard"].endswith("/tools/bellwether")
    for page in ("", "company", "health"):
        with urllib.request.urlopen(f"{started['dashboard']}/{page}", timeout=120) as answer:
            assert answer.status == 200
    assert system.status()["healthy"]


def test_up_stops_at_a_dashboard_port_that_is_taken_and_leaves_nothing(system: System) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        system.call("up", "--detach", "--no-sample", "--dashboard-port", port, expect=1)
    assert system.processes() == {}
