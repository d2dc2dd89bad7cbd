"""One run up; its data backed up, deleted and put back, while it is up and while it is down. With the stub model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system import System, assert_exact, until, write_documents

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(1200)]
UP = ("up", "--detach", "--no-dashboard", "--json")


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    running = System(tmp_path / "state", run=None)
    yield running
    running.end()


def test_a_run_of_ones_own_is_the_one_that_every_command_means(system: System, tmp_path: Path) -> None:
    documents, opinions = write_documents(tmp_path / "documents.jsonl")
    file = str(tmp_path / "run.backup")
    assert json.loads(system.call(*UP, "--run", "mine").splitlines()[-1])["run"] == "mine"
    assert "run mine is up" in system.said_by(*UP, "--run", "other")
    system.call(*UP)  # names none: the one that is up
    system.call("ingest", "file", str(tmp_path / "documents.jsonl"), "--channel", "news")
    system.call("wait", "--drained")
    assert system.status()["run"] == "mine"
    assert_exact(system, documents, opinions)

    system.call("backup", file)
    _reset(system)
    _drained(system, documents, opinions)
    assert json.loads(system.call("restore", file, "--yes", "--json").splitlines()[-1])["run"] == "mine"
    _drained(system, documents, opinions)
    assert {child["restarts"] for child in system.status()["processes"]} == {0}

    system.call("down")
    assert "Aborted" in system.said_by("reset", "--run", "mine")  # it asks, and nobody answers
    _reset(system, "--run", "mine")
    assert system.processes() == {}
    system.call("restore", file, "--yes")
    assert system.processes() == {}
    system.call(*UP, "--run", "mine")
    _drained(system, documents, opinions)

    _reset(system, "--topics")
    assert system.status()["documents_in"] == 0
    system.call("ingest", "file", str(tmp_path / "documents.jsonl"), "--channel", "news")
    _drained(system, documents, opinions)
    system.call("down")
    _reset(system, "--run", "mine", "--topics")
    system.call(*UP, "--run", "mine")
    assert system.status()["documents_in"] == 0

    noted = [
        (each["action"], each["target"], each["detail"]) for each in json.loads(system.call("audit", "list", "--json"))
    ]
    assert [each[:2] for each in reversed(noted)] == [
        (action, "mine") for action in ("reset", "restore", "reset", "restore", "reset", "reset")
    ]
    assert [each[2] for each in noted if each[0] == "reset"] == ["with its topics", "with its topics", "", ""]


def _reset(system: System, *arguments: str) -> None:
    said = json.loads(system.call("reset", "--yes", "--json", *arguments).splitlines()[-1])
    assert said["run"] == "mine"
    assert said["keys"] > 0


def _drained(system: System, documents: int, opinions: int) -> None:
    until(lambda: bool(system.status()["healthy"]))
    system.call("wait", "--drained")
    assert_exact(system, documents, opinions)
