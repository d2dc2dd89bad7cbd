"""One back-test from a run's name to its folder of results."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd

from services.backtest.candidates import Tested, declared, fixed, walked
from services.backtest.horizons import horizons_of
from services.backtest.inputs import Run, load_run, write_outputs
from services.backtest.options import Choices
from services.backtest.peers_worth import peers_worth
from services.backtest.portfolio import fills
from services.backtest.providers import load_any_prices
from services.backtest.report import run_backtest
from services.backtest.tearsheet import tearsheet
from shared.clock import SystemClock, to_datetime
from shared.settings import Settings
from shared.universe.securities import Catalogue


def backtest_run(
    settings: Settings, run: str, prices: str | Path, choices: Choices | None = None, out: Path | None = None
) -> tuple[Path, dict[str, Any]]:
    """Returns (folder, metrics); the run's folder keeps everything, and `out` gets a copy. Raises BacktestError,
    PriceError, DelayError, HorizonError, StrategyError or WindowError, each naming the input and the remedy.
    """
    choices = choices or Choices()
    loaded = load_run(settings, run)
    frame = load_any_prices(
        settings,
        str(prices),
        loaded.signals,
        choices.ticker,
        choices.mapping,
        choices.clock,
        calendar=choices.calendar,
        currency=choices.currency,
        today=to_datetime(SystemClock().now()).date(),
        strict=choices.strict,
    )
    choices = choices.on(frame, settings.backtest.latency_seconds)
    horizons = horizons_of(frame, choices.horizons)
    tested = (walked if choices.walks else fixed)(settings, loaded, frame, choices)
    result = run_backtest(
        tested.signals,
        frame,
        delay=choices.wait,
        cost_bps=choices.cost_bps,
        hold_bars=choices.hold_bars,
        sector_of={company.id: company.sector for company in Catalogue.load().instruments},
        events=loaded.events,
        seed=choices.seed,
        trials=tested.trials,
        warnings=[
            *tested.warnings,
            *([] if loaded.synthetic else [*model_warnings(loaded), *universe_warnings(loaded)]),
            *relation_warnings(loaded),
        ],
        panel=tested.panel,
        folds=tested.folds,
        horizons=horizons,
    )
    result.metrics |= _asked(run, loaded, choices, tested)
    strategy = None if choices.walks else declared(settings, loaded, choices, tested.strategy)
    if strategy is not None:
        result.metrics["peers"] = peers_worth(loaded.folder, strategy, tested.panel, frame, choices, settings)
    home = loaded.folder / _folder(loaded, choices, tested, out)  # where the page finds it, wherever it goes besides
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(result.metrics))  # NaN becomes None
    curves = {name: one.equity for name, one in result.tracks.items()}
    equity = pd.DataFrame(curves).rename_axis("date").ffill().reset_index()
    traded = tested.signals if frame.grid is None else fills(tested.signals, frame, choices.wait)
    page = tearsheet(result, f"Back-test of {run}")
    for folder in dict.fromkeys((home, *([out] if out is not None else []))):
        write_outputs(folder, page, traded, equity, plain)
    return out or home, plain


def _folder(loaded: Run, choices: Choices, tested: Tested, out: Path | None) -> str:
    """What a run's folder calls this back-test; one of several strategies carries its name, one that goes elsewhere
    that folder's, so that it replaces no other.
    """
    kind = "walk-forward" if choices.walks else "backtest"
    several = not set(loaded.signals["strategy"]) <= {tested.strategy}
    parts = [kind, *([tested.strategy] if several else []), *([out.resolve().name] if out is not None else [])]
    return "-".join(re.sub(r"[^A-Za-z0-9_-]", "-", part) for part in parts)


def _asked(run: str, loaded: Run, choices: Choices, tested: Tested) -> dict[str, Any]:
    return {
        "run": run,
        "anonymised": loaded.anonymised,
        "trade": choices.trade,
        "hold_bars": choices.hold_bars,
        "calendar": choices.calendar,
        "walk_forward": tested.walk_forward,
        "model_texts_until": loaded.texts_until,
        "synthetic": loaded.synthetic,
    }


def universe_warnings(loaded: Run) -> list[str]:
    """Survivorship: a list of instruments that is later than the texts knows best those that lasted."""
    listed = loaded.universe_as_of or Catalogue.load().as_of.isoformat()
    if loaded.signals.empty:
        return []
    first = to_datetime(int(loaded.signals["available_at"].min())).date().isoformat()
    if first >= listed:
        return []
    return [
        f"the texts begin on {first}, and the list of instruments that they were read with is of {listed}: companies "
        "that were delisted, taken over or renamed in between are missing from it more often than those that lasted "
        "(survivorship), which flatters the result; add them with universe.files, dated"
    ]


def relation_warnings(loaded: Run) -> list[str]:
    """Look-ahead through relations: industries, sizes and parents are of a list of today."""
    listed = Catalogue.load().as_of.isoformat()
    if not loaded.relations or loaded.signals.empty:
        return []
    first = to_datetime(int(loaded.signals["available_at"].min())).date().isoformat()
    if first >= listed:
        return []
    return [
        f"companies were related as a list of {listed} has them, the texts begin on {first}: relations of the universe "
        "have no dates; leave them out (relations.parents, relations.industries) and give your own with from and until"
    ]


def model_warnings(loaded: Run) -> list[str]:
    """What a language model may have known: texts that are older than the newest ones that it learnt from."""
    if loaded.signals.empty:
        return []
    first = to_datetime(int(loaded.signals["available_at"].min())).date().isoformat()
    if loaded.texts_until and first > loaded.texts_until:
        return []
    learnt = f"up to {loaded.texts_until}" if loaded.texts_until else "of unknown dates"
    remedy = (
        "company names were hidden from it here (--anonymise), which reduces this"
        if loaded.anonymised
        else "compare with a replay made with --anonymise"
    )
    return [
        f"the texts begin on {first}, and the model was trained on texts {learnt}: "
        f"look-ahead through the model is possible; {remedy}"
    ]
