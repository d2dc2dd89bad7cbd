"""A child is started again, or held back, by how it ended. Real processes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.commands.main import app
from services.embedded.process import wait_until
from services.runtime.exits import WorkerStop, keep_stopped, refuse_when_stopped
from services.supervisor.processes.child import child_of
from services.supervisor.processes.holds import read_held, release_all, write_held
from services.supervisor.processes.specs import Spec
from shared.clients import disk


def spec(code: str) -> Spec:
    return Spec("scoring", "1", [sys.executable, "-c", code])


def test_a_killed_child_comes_back(tmp_path: Path) -> None:
    child = child_of(spec("import time; time.sleep(600)"), tmp_path)
    child.start()
    first = child.pid
    child.signal(9)
    assert wait_until(lambda: child.look() and child.state == "running", 20, lambda: True)
    assert child.restarts == 1
    assert child.exit_code == -9
    assert child.pid not in (None, first)
    child.stop(10)
    assert child.state == "stopped"


def test_a_refusal_is_held_with_what_it_said_until_it_is_released(tmp_path: Path) -> None:
    child = child_of(spec("import sys; print('bellwether: too many dead letters'); sys.exit(4)"), tmp_path)
    child.start()
    assert wait_until(lambda: child.look() and child.state == "held", 20, lambda: True)
    assert (child.exit_code, child.message) == (4, "bellwether: too many dead letters")
    assert not child.look()
    child.release()
    assert child.look()
    assert child.restarts == 1
    child.stop(10)


def test_held_workers_are_kept_in_a_file(tmp_path: Path) -> None:
    assert read_held(tmp_path) == {}
    write_held(tmp_path, {"scoring-1": (4, "why")})
    assert read_held(tmp_path) == {"scoring-1": (4, "why")}
    assert release_all(tmp_path) == ["scoring-1"]
    assert release_all(tmp_path) == []


def test_resume_lets_a_role_start_that_its_dead_letters_stopped(tmp_path: Path) -> None:
    keep_stopped(tmp_path, "scoring", "too many dead letters")
    write_held(tmp_path, {"scoring-1": (4, "too many dead letters")})
    with pytest.raises(WorkerStop, match="bellwether resume"):
        refuse_when_stopped(tmp_path, "scoring")
    done = CliRunner().invoke(app, ["resume", "--state", str(tmp_path)])
    assert (done.exit_code, done.output) == (0, "released: scoring-1\n")
    refuse_when_stopped(tmp_path, "scoring")
    assert read_held(tmp_path) == {}


def test_a_stopped_role_that_no_supervisor_holds_is_released_by_its_name(tmp_path: Path) -> None:
    keep_stopped(tmp_path, "scoring", "too many dead letters")
    write_held(tmp_path, {"aggregation-1": (5, "outside the log")})
    assert release_all(tmp_path) == ["aggregation-1", "scoring"]
    assert release_all(tmp_path) == []
    refuse_when_stopped(tmp_path, "scoring")


def test_a_start_that_fails_is_tried_again_and_stops_nobody(tmp_path: Path) -> None:
    gone = tmp_path / "program"
    gone.write_text("#!/bin/sh\nexit 1\n")
    gone.chmod(0o755)
    child = child_of(Spec("scoring", "1", [str(gone)]), tmp_path)
    child.start()
    assert wait_until(lambda: child.look() and child.state == "waiting", 20, lambda: True)
    gone.unlink()
    assert wait_until(child.look, 20, lambda: True)
    assert child.state == "waiting"
    assert "No such file" in child.message


def test_a_full_disk_is_named_where_nothing_could_be_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "FULL_BELOW", 1 << 62)
    waiting = child_of(spec("import sys; sys.exit(1)"), tmp_path)
    refused = child_of(spec("import sys; print('bellwether: too many dead letters'); sys.exit(4)"), tmp_path)
    for child in (waiting, refused):
        child.start()
        assert wait_until(child.look, 20, lambda: True)
    assert waiting.message.startswith(f"No space left on device: the disk of {tmp_path}")
    assert refused.message == "bellwether: too many dead letters"
