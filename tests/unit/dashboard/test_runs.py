"""Replays as the Back-test page reads and writes them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pandas as pd

from dashboard.drawing import run_charts
from dashboard.drawing.palette import DARK, LIGHT
from dashboard.reading import runs

METRICS = {
    "ic_mean": 0.0123,
    "ic_t": None,
    "placebo": {"ic_p": 0.04},
    "ic_by_horizon": {
        "1": {"mean": 0.0123, "t": 2.0},
        "5": {"mean": -0.01, "t": -1.0},
        "20": {"mean": None, "t": None},
    },
    "max_drawdown": -0.25,
    "n_signals": 1234,
    "walk_forward": {"folds": 3},
    "strategy": "pulse",
}


def put(folder: Path, name: str, value: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(json.dumps(value))


def finished(state: Path, run: str, hidden: bool = False, tests: tuple[str, ...] = ("backtest",)) -> None:
    folder = state / "runs" / run
    put(folder, "run.json", {"run": run, "state": "finished", "documents": 9, "asked": {"anonymise": hidden}})
    for test in tests:
        put(folder / test, "metrics.json", METRICS)


def test_running_silent_and_broken_runs_are_told_apart(tmp_path: Path) -> None:
    finished(tmp_path, "done")
    for name in ("now", "killed"):
        put(tmp_path / "runs" / name, "run.json", {"run": name, "state": "running", "asked": {}})
        put(tmp_path / "runs" / name, "progress.json", {"done": 3, "total": 9, "signals": 2})
        (tmp_path / "runs" / "broken").mkdir(exist_ok=True)
    (tmp_path / "runs" / "broken" / "run.json").write_text("{")
    for file in ("run.json", "progress.json"):
        os.utime(tmp_path / "runs" / "killed" / file, (1, 1))
    known = runs.read_runs(tmp_path)
    assert {run["run"]: run["state"] for run in known} == {"done": "finished", "killed": "silent", "now": "running"}
    table = run_charts.run_table(known, runs.read_tests(tmp_path, known)).set_index("run")
    assert table.loc["now", "documents"] == 3
    assert table.loc["done", "IC"] == METRICS["ic_mean"]


def test_every_back_test_of_a_run_is_compared_under_its_name(tmp_path: Path) -> None:
    finished(tmp_path, "week", tests=("backtest", "walk-forward"))
    tests = runs.read_tests(tmp_path, runs.read_runs(tmp_path))
    assert [test["name"] for test in tests] == ["week", "week, walk-forward"]
    table = run_charts.comparison(tests).set_index("measure")["week"]
    assert table["IC, 1 session"] == "+0.0123"
    assert table["t of the IC (Newey-West)"] == "\u2013"
    assert table["deepest drawdown"] == "\u221225.0%"
    assert table["signals"] == "1,234"
    assert table["parameters"] == "chosen in 3 folds, on the past alone"
    assert runs.tearsheet(tests[0]) == ""


def test_runs_that_differ_by_the_names_alone_are_a_pair(tmp_path: Path) -> None:
    finished(tmp_path, "open")
    finished(tmp_path, "hidden", hidden=True, tests=("backtest", "walk-forward"))
    tests = runs.read_tests(tmp_path, runs.read_runs(tmp_path))
    (pair,) = run_charts.named_pairs(tests)
    assert [test["name"] for test in pair] == ["open", "hidden"]
    text = run_charts.pair_text(pair)
    assert text.startswith("Same texts, company names shown (open): IC +0.0123")
    assert "hidden (hidden)" in text


def test_charts_draw_what_is_there(tmp_path: Path) -> None:
    finished(tmp_path, "one")
    finished(tmp_path, "two")
    frame = pd.DataFrame(
        {"date": pd.bdate_range("2014-01-01", periods=3), "long_short": [1.1, 0.99, 1.2], "long_only": 1}
    )
    frame.to_parquet(tmp_path / "runs" / "one" / "backtest" / "equity.parquet")
    frame.assign(strategy="pulse").to_parquet(tmp_path / "runs" / "one" / "growing.parquet")
    tests = runs.read_tests(tmp_path, runs.read_runs(tmp_path))
    curves = runs.read_curves(tests)
    assert list(curves) == ["one"]
    assert list(runs.read_growing(tmp_path, "one")) == ["pulse"]
    assert runs.read_growing(tmp_path, "two") == {}
    fall = run_charts.drawdown_chart(curves, LIGHT).data[0].y
    assert [round(value, 3) for value in fall] == [0, -0.1, 0]
    decay = run_charts.decay_chart(tests, DARK)
    assert [list(trace.customdata) for trace in decay.data] == [[1, 5]] * 2
    assert len(run_charts.equity_chart(curves, DARK).data) == 2


def test_what_is_left_is_written_for_a_person() -> None:
    assert [run_charts.seconds_left(s) for s in (40, 600, 11_100)] == ["40 s", "10 min", "3 h 05 min"]


def test_each_strategy_s_back_test_has_its_row_under_the_name_that_charts_use(tmp_path: Path) -> None:
    finished(tmp_path, "week", tests=("backtest-hourly", "backtest-pulse"))
    put(tmp_path / "runs" / "week" / "backtest-hourly", "metrics.json", METRICS | {"strategy": "hourly", "sharpe": 2.0})
    finished(tmp_path, "untested", tests=())
    known = runs.read_runs(tmp_path)
    tests = runs.read_tests(tmp_path, known)
    table = run_charts.run_table(known, tests)
    assert list(table["back-test"].dropna()) == [test["name"] for test in tests]
    assert list(table["strategy"].dropna()) == ["hourly", "pulse"]
    assert list(run_charts.run_table(known, [])) == ["run", "state", "documents", "signals", "names"]  # nothing empty


def test_a_t_value_of_few_periods_says_so_in_grey(tmp_path: Path) -> None:
    finished(tmp_path, "week")
    put(tmp_path / "runs" / "week" / "backtest", "metrics.json", METRICS | {"ic_t": 3.1, "ic_sessions": 5})
    known = runs.read_runs(tmp_path)
    tests = runs.read_tests(tmp_path, known)
    why = "t of 5 independent periods: too few to judge by"
    assert run_charts.comparison(tests).set_index("measure")["week"]["t of the IC (Newey-West)"] == f"+3.10 ({why})"
    assert run_charts.run_table(known, tests)["warning"][0] == why
    assert f"color: {LIGHT.muted}" in run_charts.greyed(run_charts.run_table(known, tests), LIGHT).to_html()
    assert run_charts.few({"ic_sessions": 20}) == ""
