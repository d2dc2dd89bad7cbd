"""A back-test from a replay's folder: which strategies count as tried, what is warned of, and the walk-forward."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dashboard.drawing import run_charts
from dashboard.reading import runs
from services.aggregation.signals.strategy import StrategyError, load_strategy
from services.aggregation.signals.variants import variants
from services.backtest.growing import GrowingCurve
from services.backtest.inputs import load_run
from services.backtest.options import Choices
from services.backtest.prices import load_prices
from services.backtest.providers import company_namer
from services.backtest.result import BacktestError
from services.backtest.run import backtest_run, model_warnings, universe_warnings
from services.replay.run import Question, replay
from services.replay.training_dates import texts_until
from services.runs.folder import show_run
from shared.settings import ModelSettings, Settings, load_settings
from shared.universe.securities import Catalogue

TICKERS = ("AAPL", "MSFT", "NVDA", "PFE", "BA", "IBM", "T")
START = 1_400_000_000
DAYS = 120
STRATEGY = """
name: {name}
version: 1
cadence_hours: 12
weights: {{level: 1.0}}
minimum_documents: 1
{more}
"""


def write_prices(path: Path, seed: int = 5) -> Path:
    draw = np.random.default_rng(seed)
    days = pd.bdate_range("2014-05-01", "2014-10-15")
    rows = []
    for ticker in TICKERS:
        closes = 100 * np.exp(draw.normal(0, 0.01, len(days)).cumsum())
        rows += [
            f"{day.date()},{ticker},{p:.4f},{p:.4f},{p:.4f},{p:.4f},9" for day, p in zip(days, closes, strict=True)
        ]
    path.write_text("date,ticker,open,high,low,close,volume\n" + "\n".join(rows) + "\n")
    return path


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, Path]]:
    """Two strategies over four months of posts, replayed once."""
    folder = tmp_path_factory.mktemp("world")
    draw = random.Random(3)
    rows = []
    for i in range(DAYS * 12):
        words = " ".join(draw.choice(("good", "bad", "fine", "loss")) for _ in range(3))
        text = f"${draw.choice(TICKERS)} {words} {i}"
        rows.append({"text": text, "published_at": START + i * 7_200, "external_id": i})
    (folder / "posts.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    grid = "grid: {half_life_hours: [6, 48], weights.change: [0, 0.5]}"
    (folder / "slow.yaml").write_text(STRATEGY.format(name="slow", more=grid))
    (folder / "fast.yaml").write_text(STRATEGY.format(name="fast", more="half_life_hours: 6"))
    write_prices(folder / "prices.csv")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        settings = load_settings(folder / "state", model=ModelSettings(name="stub"))
        names = tuple(str(folder / f"{name}.yaml") for name in ("slow", "fast"))
        question = Question(str(folder / "posts.jsonl"), ("social",), strategies=names)
        frame = load_prices(folder / "prices.csv", today=date(2030, 1, 1), company_of=company_namer())
        replay(settings, "posts", question, follow=lambda run: GrowingCurve(run, frame, 10, 5))
        yield settings, folder


@pytest.fixture(scope="module")
def slow(world: tuple[Settings, Path]) -> tuple[Path, dict[str, Any]]:
    """Folder and metrics of the first strategy's back-test, which several tests read."""
    settings, folder = world
    return backtest_run(settings, "posts", folder / "prices.csv", Choices(strategy="slow"))


def test_other_strategies_of_the_run_count_as_trials(
    world: tuple[Settings, Path], slow: tuple[Path, dict[str, Any]]
) -> None:
    settings, folder = world
    with pytest.raises(BacktestError, match="several strategies \\(fast, slow\\)"):
        backtest_run(settings, "posts", folder / "prices.csv")
    out, metrics = slow
    assert out.name == "backtest-slow"
    assert metrics["trials"] == 2
    assert any(text.startswith("2 strategies") for text in metrics["warnings"])
    assert metrics["strategy"] == "slow"
    assert [(row["year"], row["sessions"] > 50) for row in metrics["by_year"]] == [(2014, True)]
    assert set(pd.read_parquet(out / "signals.parquet")["strategy"]) == {"slow"}
    with pytest.raises(BacktestError, match="no strategy 'pulse'; it has fast, slow"):
        backtest_run(settings, "posts", folder / "prices.csv", Choices(strategy="pulse"))


def test_what_goes_elsewhere_is_found_by_the_page_too(world: tuple[Settings, Path], tmp_path: Path) -> None:
    """The README's own `--out`: the page has every measure of both strategies, and no table speaks of another one."""
    settings, folder = world
    for name in ("slow", "fast"):
        out, metrics = backtest_run(settings, "posts", folder / "prices.csv", Choices(strategy=name), tmp_path / name)
        assert out == tmp_path / name
        assert {"tearsheet.html", "metrics.json", "signals.parquet", "equity.parquet"} <= {
            p.name for p in out.iterdir()
        }
        assert not metrics["synthetic"]
    known = runs.read_runs(settings.state_dir)
    found = runs.read_tests(settings.state_dir, known)
    tests = [test for test in found if test["folder"].name in ("backtest-slow-slow", "backtest-fast-fast")]
    table = run_charts.run_table(known, tests)
    assert list(table["strategy"]) == ["fast", "slow"]
    assert table[["IC", "t", "placebo p", "Sharpe", "drawdown", "turnover"]].notna().all(axis=None)
    assert list(runs.read_curves(tests)) == list(table["back-test"])


def test_the_tear_sheet_has_a_benchmark_and_its_months(slow: tuple[Path, dict[str, Any]]) -> None:
    out, metrics = slow
    page = (out / "tearsheet.html").read_text()
    for part in ("Against the benchmark", "benchmark: all companies, equal weights", "Month by month", "<th>Jul</th>"):
        assert part in page
    assert "Synthetic data" not in page
    assert "too few to judge by" in page  # 20 sessions ahead: no more than a handful of periods
    months = pd.DataFrame(metrics["by_month"])
    assert {"year", "month", "long_short", "long_only", "market"} == set(months.columns)
    whole = (1 + months["long_short"]).prod() - 1
    assert whole == pytest.approx(metrics["total_return"], abs=1e-9)


def test_a_walk_forward_shows_every_fold_and_trades_only_out_of_sample(world: tuple[Settings, Path]) -> None:
    settings, folder = world
    choices = Choices(strategy="slow", train_window="40d", test_window="15d", embargo="2d")
    out, metrics = backtest_run(settings, "posts", folder / "prices.csv", choices)
    folds = metrics["folds"]
    assert len(folds) == metrics["walk_forward"]["folds"] >= 4
    for before, after in pairwise(folds):
        assert before["test"][1] < after["test"][0]
    assert all(fold["train"][1] < fold["test"][0] for fold in folds)
    assert {fold["parameters"] for fold in folds} <= set(metrics["walk_forward"]["candidates"])
    assert len(metrics["walk_forward"]["candidates"]) == 4
    assert metrics["trials"] == 6  # this, the other strategy of the run, and four combinations
    equity = pd.read_parquet(out / "equity.parquet")
    assert str(equity["date"].min().date()) >= folds[0]["test"][0]
    traded = pd.read_parquet(out / "signals.parquet")
    assert set(traded["parameters"]) == {fold["parameters"] for fold in folds}
    page = (out / "tearsheet.html").read_text()
    assert "Walk-forward" in page
    assert all(fold["test"][0] in page for fold in folds)


def test_what_comes_later_changes_no_earlier_fold(world: tuple[Settings, Path], tmp_path: Path) -> None:
    settings, folder = world
    choices = Choices(strategy="slow", train_window="40d", test_window="15d")
    _, before = backtest_run(settings, "posts", folder / "prices.csv", choices, tmp_path / "a")
    cut = before["folds"][2]["test"][0]
    lines = (folder / "prices.csv").read_text().splitlines()
    other = write_prices(tmp_path / "other.csv", seed=6).read_text().splitlines()
    mixed = [there if there[:10] < cut else here for there, here in zip(lines, other, strict=True)]
    (tmp_path / "mixed.csv").write_text("\n".join([lines[0], *mixed[1:]]) + "\n")
    _, after = backtest_run(settings, "posts", tmp_path / "mixed.csv", choices, tmp_path / "b")
    chosen = [[fold["parameters"] for fold in metrics["folds"]] for metrics in (before, after)]
    assert chosen[0][:3] == chosen[1][:3]
    assert before["folds"][0] == after["folds"][0]
    assert before["folds"][-1] != after["folds"][-1]


def test_a_strategy_file_is_tried_on_the_runs_opinions_without_scoring(
    world: tuple[Settings, Path], slow: tuple[Path, dict[str, Any]]
) -> None:
    settings, folder = world
    same = folder / "same.yaml"
    same.write_text(STRATEGY.format(name="same", more=""))
    _, metrics = backtest_run(settings, "posts", folder / "prices.csv", Choices(strategy=str(same)))
    assert metrics["ic_mean"] == slow[1]["ic_mean"]  # declared the same, but for the name
    assert metrics["trials"] == 3


def test_thresholds_matter_when_recommendations_are_traded(
    world: tuple[Settings, Path], slow: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    settings, folder = world
    _, scores = slow
    choices = Choices(strategy="slow", trade="action")
    _, actions = backtest_run(settings, "posts", folder / "prices.csv", choices, tmp_path / "b")
    assert (scores["trade"], actions["trade"]) == ("score", "action")
    assert scores["turnover"] != actions["turnover"]


def test_the_curve_grew_while_the_run_went_on(world: tuple[Settings, Path], slow: tuple[Path, dict[str, Any]]) -> None:
    settings, _ = world
    run = settings.state_dir / "runs" / "posts"
    grown = pd.read_parquet(run / "growing.parquet")
    out, _ = slow
    whole = pd.read_parquet(out / "equity.parquet").set_index("date")["long_short"]
    shown = grown[grown["strategy"] == "slow"].set_index("date")["long_short"]
    assert 20 < len(shown) <= len(whole)
    pd.testing.assert_series_equal(shown, whole.loc[shown.index], check_freq=False)
    progress = json.loads((run / "progress.json").read_text())
    assert progress["done"] == progress["total"] == show_run(settings, "posts")["documents"]


def test_texts_that_are_older_than_the_models_training_are_named(world: tuple[Settings, Path], tmp_path: Path) -> None:
    settings, _ = world
    run = load_run(settings, "posts")
    (text,) = model_warnings(run)
    assert "of unknown dates" in text  # a stub has learnt nothing that is known
    old = {"texts_until": "2013-01-01"}
    (tmp_path / "training_data.json").write_text(json.dumps(old))
    assert texts_until(tmp_path) == "2013-01-01"
    (text,) = model_warnings(replace(run, texts_until="2022-12-31"))
    assert "begin on 2014-05-" in text
    assert "up to 2022-12-31: look-ahead through the model is possible" in text
    assert model_warnings(replace(run, texts_until=texts_until(tmp_path))) == []


def test_a_universe_that_is_later_than_the_texts_is_named(
    world: tuple[Settings, Path], slow: tuple[Path, dict[str, Any]]
) -> None:
    settings, _ = world
    run = load_run(settings, "posts")
    assert run.universe_as_of == Catalogue.load().as_of.isoformat()
    (text,) = universe_warnings(run)
    assert "begin on 2014-05-" in text and f"is of {run.universe_as_of}" in text and "survivorship" in text
    assert universe_warnings(replace(run, universe_as_of="2014-01-31")) == []
    out, metrics = slow
    assert text in metrics["warnings"] and "survivorship" in (out / "tearsheet.html").read_text()


def test_the_dates_follow_from_the_sets_that_a_model_learnt(tmp_path: Path) -> None:
    (tmp_path / "metrics.json").write_text(json.dumps({"learnt": ["sentfin"]}))
    assert texts_until(tmp_path) == "2023-09-30"  # the encoder's
    (tmp_path / "metrics.json").write_text(json.dumps({"learnt": ["sentfin"], "stages": [{"unlabelled": 1}]}))
    assert texts_until(tmp_path) == ""  # of any date: the model itself has to say it
    (tmp_path / "metrics.json").write_text(json.dumps({"learnt": ["sentfin", "something new"]}))
    assert texts_until(tmp_path) == ""


def test_a_grid_is_every_combination_and_bad_ones_are_named(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"

    def grid(text: str) -> dict[str, object]:
        path.write_text(STRATEGY.format(name="s", more=text))
        return dict(variants(load_strategy(str(path))))

    made = grid("grid: {half_life_hours: [6, 48], weights.change: [0, 0.5]}")
    assert list(made) == [f"half_life_hours={h} weights.change={c}" for h in (6, 48) for c in (0, 0.5)]
    assert len({strategy.name for strategy in made.values()}) == 4  # type: ignore[attr-defined]
    assert list(grid("")) == ["as declared"]
    before = load_strategy(str(path)).digest
    grid("grid: {half_life_hours: [6, 48]}")
    assert load_strategy(str(path)).digest == before  # what may be chosen changes no signal
    for text, named in (
        ("grid: {cadence: [1]}", "unknown parameter 'cadence'; choose from half_life_hours"),
        ("grid: {half_life_hours: [0]}", "half_life_hours must be above 0"),
        ("grid: {weights.mood: [1]}", "unknown feature 'mood'; choose from level"),
        ("grid: {half_life_hours: []}", "has no values"),
        ("grid: {half_life_hours: [" + ",".join(map(str, range(1, 70))) + "]}", "69 combinations; at most 64"),
    ):
        with pytest.raises(StrategyError, match=named):
            grid(text)


def test_it_says_what_the_peers_were_worth(world: tuple[Settings, Path]) -> None:
    settings, folder = world
    heard = folder / "heard.yaml"
    heard.write_text(STRATEGY.format(name="heard", more="").replace("{level: 1.0}", "{level: 0.5, peers_level: 0.5}"))
    with pytest.raises(BacktestError, match=r"passed no opinions on to them; replay it with --strategy .*heard\.yaml"):
        backtest_run(settings, "posts", folder / "prices.csv", Choices(strategy=str(heard)))
    pairs = [f"{one},{other},rival,-0.6" for one in TICKERS[:4] for other in TICKERS[3:] if one != other]
    (settings.state_dir / "relations.csv").write_text("\n".join(["company,other,kind,weight", *pairs]) + "\n")
    question = Question(str(folder / "posts.jsonl"), ("social",), strategies=(str(heard),))
    summary = replay(settings, "heard", question)
    assert len(summary["relations"]) == 16
    out, metrics = backtest_run(settings, "heard", folder / "prices.csv")
    worth = metrics["peers"]
    assert worth["with_peers"]["ic_mean"] == pytest.approx(metrics["ic_mean"])
    assert worth["with_peers"]["sharpe"] == pytest.approx(metrics["sharpe"])
    assert worth["without_peers"]["ic_mean"] != worth["with_peers"]["ic_mean"]
    assert worth["sessions"] > 20 and abs(worth["ic_gained"]) < 1
    assert "What the peers were worth" in (out / "tearsheet.html").read_text()
    assert any("relations of the universe have no dates" in said for said in metrics["warnings"])
    _, alone = backtest_run(settings, "posts", folder / "prices.csv", Choices(strategy="slow"))
    assert alone["peers"] is None
