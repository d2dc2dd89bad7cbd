"""The command line: every mounted command has help, errors are one line, heavy packages stay out."""

from __future__ import annotations

import importlib.util
import inspect
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from services.commands import main as cli
from services.commands.failures import explain
from services.runtime.exits import ExitCode, WorkerStop
from shared.clients.kafka import TopicMismatch
from shared.settings import SettingsError

BELLWETHER = str(Path(sys.executable).parent / "bellwether")
COMMANDS = Path(cli.__file__).parent
ROOT = COMMANDS.parents[1]
COMMAND_MODULES = sorted(
    {
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in COMMANDS.rglob("*.py")
        if path.stem != "__init__"
    }
    | {module for module in cli.COMMANDS.values() if importlib.util.find_spec(module)}
)


def test_help_lists_what_is_there_and_survives_a_package_that_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(cli.COMMANDS, "nowhere", "services.nowhere.commands")
    result = CliRunner().invoke(cli.app, ["--help"])
    assert result.exit_code == 0
    for name in ("up", "down", "status", "worker", "ingest", "topics"):
        assert f" {name} " in result.output
    assert "nowhere" not in result.output


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_has_help(name: str) -> None:
    assert cli.load(name) is not None, f"{cli.COMMANDS[name]} has no {name}"
    result = CliRunner().invoke(cli.app, [name, "--help"])
    assert result.exit_code == 0, result.output
    assert "Usage" in result.output


@pytest.mark.parametrize("module", COMMAND_MODULES)
def test_every_command_of_every_group_is_reachable(module: str) -> None:
    loaded = importlib.import_module(module)
    declared = {
        function: f"{name}: {function.__name__}"
        for name, value in vars(loaded).items()
        if isinstance(value, typer.Typer)
        for function in _declared(value)
    }
    reachable = {function for name in cli.COMMANDS for function in _reached(cli.load(name))}
    assert [words for function, words in declared.items() if function not in reachable] == []


def _declared(app: typer.Typer) -> Iterator[Callable[..., Any]]:
    """The functions behind a group's commands and those of the groups in it."""
    yield from (info.callback for info in app.registered_commands if info.callback is not None)
    for group in app.registered_groups:
        if group.typer_instance is not None:
            yield from _declared(group.typer_instance)


def _reached(command: Any) -> Iterator[Callable[..., Any]]:
    """The functions that a word on the command line, or several, lead to."""
    if command is None:
        return
    yield inspect.unwrap(command.callback)
    for child in getattr(command, "commands", {}).values():
        yield from _reached(child)


def test_the_runs_of_a_replay_are_looked_after_and_a_replay_needs_no_command(tmp_path: Path) -> None:
    def said(*arguments: str) -> Any:
        return CliRunner().invoke(cli.app, ["replay", *arguments, "--state", str(tmp_path)])

    listed = CliRunner().invoke(cli.app, ["replay", "--help"])
    assert [name for name in ("list", "show", "delete") if f" {name} " not in listed.output] == []
    assert (said("list").exit_code, said("list").output) == (0, "")
    assert json.loads(said("list", "--json").output) == []
    for name in ("show", "delete"):
        assert "nothing" in str(said(name, "nothing").exception)
    asked = said("--run", "x", "--file", str(tmp_path / "absent.csv"), "--map", "text=body", "--speed", "60x")
    assert "absent.csv: there is no such file" in str(asked.exception)
    assert "--run is missing" in str(said().exception)


def test_help_and_status_load_nothing_heavy(tmp_path: Path) -> None:
    for arguments in (["--help"], ["status", "--json", "--state", str(tmp_path)]):
        script = (
            f"import sys; sys.argv = ['bellwether', *{arguments!r}]\n"
            "from services.commands.main import main\n"
            "try: main()\n"
            "except SystemExit: pass\n"
            "print(sorted({'torch', 'transformers', 'faust', 'pandas', 'streamlit', 'jgo'} & set(sys.modules)))"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=True)
        assert done.stdout.splitlines()[-1] == "[]"


def test_a_wrong_setting_is_one_line_and_an_unknown_command_is_usage(tmp_path: Path) -> None:
    (tmp_path / "bellwether.yaml").write_text("redis: {port: 1}\n")
    command = [BELLWETHER, "status", "--state", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("bellwether: BELLWETHER_REDIS__PORT: ")
    assert done.stderr.count("\n") == 1
    assert subprocess.run([BELLWETHER, "fly"], capture_output=True, timeout=60, check=False).returncode == 2


def test_known_errors_keep_their_text_and_exit_code(tmp_path: Path) -> None:
    assert explain(SettingsError("X: wrong")) == ("X: wrong", 1)
    assert explain(TopicMismatch("other count")) == ("other count", 3)
    assert explain(WorkerStop(ExitCode.OUTSIDE_LOG, "gap")) == ("gap", 5)
    assert explain(FileNotFoundError(2, "No such file", "tweets.csv")) == ("tweets.csv: No such file", 1)
    import kafka.errors
    import redis

    assert "bellwether status" in explain(redis.ConnectionError("refused"))[0]
    assert "bellwether doctor" in explain(kafka.errors.KafkaTimeoutError("late"))[0]
    for full in (OSError(28, "No space left on device"), sqlite3.OperationalError("database or disk is full")):
        line, code = explain(full, tmp_path)
        assert line.startswith("No space left on device (") and "free space" in line and code == 1
    assert not list(tmp_path.iterdir())


def test_an_unexpected_error_leaves_its_traceback_in_a_file(tmp_path: Path) -> None:
    try:
        {}["absent"]
    except KeyError as error:
        line, code = explain(error, tmp_path)
    assert code == 1
    assert "Traceback" not in line
    assert "Traceback" in (tmp_path / "logs" / "unexpected.txt").read_text()


def test_an_app_with_one_command_of_another_name_stays_a_group() -> None:
    app = typer.Typer()
    app.command("file")(lambda: None)
    assert not cli._is_single(app, "ingest")
    assert cli._is_single(app, "file")
