"""One pattern for names, at every door."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from services.aggregation.signals.strategy import StrategyError, built_in, load_strategy
from services.commands.main import app
from shared.clients.state_folder import StateFolder
from shared.contract.names import BadName, checked_name, is_name
from shared.reading.readers.profiles import ProfileError
from shared.reading.readers.profiles import checked_name as checked_profile
from shared.reading.runs_folder import RunFolder, run_folders
from shared.settings import SettingsError, load_settings

BAD = (
    "",
    ".",
    "..",
    "../x",
    "a/b",
    "/a",
    "-a",
    "_a",
    "a b",
    "a.b",
    "a\n",
    "a\x00",
    "{a}",
    "a:b",
    "a|b",
    "\u00fc",
    "x" * 65,
)
NAMED = ("replay show", "replay delete", "replay --run", "backtest --prices p.csv --run", "worker scoring --name")
RUNS = ("aggregates dump", "reset --yes", "backup f", "topics list", "signals list", "dead-letters list", "up")


@pytest.mark.parametrize("name", BAD)
def test_a_name_that_means_something_elsewhere_is_refused(name: str, tmp_path: Path) -> None:
    assert not is_name(name)
    with pytest.raises(BadName):
        RunFolder.of(tmp_path, name)
    with pytest.raises(ProfileError):
        checked_profile(name)
    for field in ("run", "profile"):
        with pytest.raises(SettingsError):
            load_settings(tmp_path, **{field: name})


@given(st.text(max_size=70))
def test_what_is_a_name_stays_where_it_is_put(text: str) -> None:
    root = Path("/state")
    if is_name(text):
        assert RunFolder.of(root, text).path.parent == StateFolder(root).runs
        assert checked_name(text).isascii()


@pytest.mark.parametrize("command", [*NAMED, *(f"{command} --run" for command in RUNS), "watchlist show --profile"])
def test_every_command_refuses_it_and_touches_nothing(command: str, tmp_path: Path) -> None:
    outside = tmp_path / "x"
    outside.mkdir()
    (outside / "run.json").write_text('{"run": "x", "state": "finished"}')
    state = tmp_path / "state"
    (state / "runs").mkdir(parents=True)
    done = CliRunner().invoke(app, [*command.split(), "../../x", "--state", str(state)])
    assert done.exit_code != 0
    assert type(done.exception).__name__ in ("BadName", "ProfileError", "SettingsError", "RunError"), done.exception
    assert "x'" in str(done.exception)
    assert (outside / "run.json").exists()


def test_a_folder_of_another_name_is_no_run(tmp_path: Path) -> None:
    for name in ("good", ".hidden", "a b"):
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / "run.json").write_text("{}")
    assert [folder.name for folder in run_folders(tmp_path)] == ["good"]


def test_a_strategy_s_name_is_one(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(built_in("pulse").read_text().replace("name: pulse", "name: ../pulse"))
    with pytest.raises(StrategyError, match="use letters"):
        load_strategy(str(file))
