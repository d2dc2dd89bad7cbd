"""What `up` says while a worker starts, is held or stands aside: the reason, never only that it is not there."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import psutil
import pytest

from services.embedded.process import ChildProcess
from services.supervisor.processes.child import Child
from services.supervisor.processes.pause import Pause, paused_roles, workers_paused
from services.supervisor.processes.records import record_of
from services.supervisor.status.log_files import last_said
from services.supervisor.watch import child_problems
from shared.clients.state_folder import StateFolder, make_folder


@pytest.fixture
def child(tmp_path: Path) -> Child:
    def spawn() -> ChildProcess:
        process = ChildProcess(["sleep", "60"], tmp_path / "out")
        process.start()
        return process

    return Child("scoring", "1", spawn)


def test_a_worker_that_starts_says_what_it_does(child: Child) -> None:
    child.start()
    try:
        assert child_problems([child], []) == ["scoring-1 is starting: loading its libraries"]
        said = child_problems([child], [], lambda _: "loading the model bellwether-mini")
        assert said == ["scoring-1 is starting: loading the model bellwether-mini"]
    finally:
        child.stop(5)


def test_a_held_worker_says_why_and_what_lets_it_go_on(child: Child) -> None:
    child.hold(3, "bellwether: the topic was deleted; run: bellwether reset")
    assert child_problems([child], []) == [
        "scoring-1 stopped (exit code 3): the topic was deleted; run: bellwether reset; "
        "once that is mended: bellwether resume"
    ]
    child.hold(3, "bellwether: another model; bellwether model switch --model NAME && bellwether resume")
    assert child_problems([child], [])[0].endswith("--model NAME && bellwether resume")


def test_a_paused_worker_starts_again_without_counting_as_restarted(child: Child) -> None:
    child.start()
    first = child.pid
    child.pause(5)
    assert (child.state, child.pid) == ("paused", None)
    assert not psutil.pid_exists(first or 0)
    assert child_problems([child], []) == ["scoring-1 stands aside while a command works on the run"]
    assert not child.look()
    child.go_on()
    assert child.look()
    try:
        assert (child.state, child.restarts) == ("running", 0)
    finally:
        child.stop(5)


def test_a_pause_of_a_process_that_is_gone_pauses_nobody(tmp_path: Path) -> None:
    own = record_of("command", "", os.getpid())
    assert own is not None
    file = StateFolder(tmp_path).pause
    file.write_bytes(msgspec.json.encode(Pause(own, ("scoring",))))
    assert paused_roles(tmp_path) == ("scoring",)
    gone = msgspec.structs.replace(own, created=own.created - 60)
    file.write_bytes(msgspec.json.encode(Pause(gone, ("scoring",))))
    assert paused_roles(tmp_path) == ()
    file.write_bytes(b"{")
    assert paused_roles(tmp_path) == ()


def test_without_a_supervisor_there_is_nobody_to_pause(tmp_path: Path) -> None:
    with workers_paused(tmp_path, ["scoring"]) as asked:
        assert not asked
    assert not StateFolder(tmp_path).pause.exists()


def test_the_last_message_is_that_of_the_process_that_runs_now(tmp_path: Path) -> None:
    log = make_folder(StateFolder(tmp_path).logs) / "scoring-1.jsonl"
    ours, theirs = '{"pid": 7, "logger": "services.scoring.main", ', '{"pid": 7, "logger": "mode.services", '
    lines = [f'{ours}"message": "loading"}}', f'{ours}"message": "measuring"}}', f'{theirs}"message": "Starting..."}}']
    log.write_text("\n".join([*lines, "[]", "not json", ""]))
    assert last_said(tmp_path, "scoring-1", 7) == "measuring"
    assert last_said(tmp_path, "scoring-1", 8) == ""
    assert last_said(tmp_path, "scoring-2", 7) == ""
