"""The planted effect is found in the synthetic week with its sign and size; without the planting there is none.

The real model reads every text. 81 companies, about six sessions: a day's planted return is 2 % for an opinion of 1.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from services.backtest.options import Choices
from services.backtest.run import backtest_run
from services.ingest.sample.files import write_sample
from services.replay.run import Question, replay
from shared.settings import load_settings

SEED = 20260302


@pytest.mark.timeout(900)
def test_what_was_planted_is_found_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    write_sample(tmp_path / "planted", SEED, 6_000, planted=True)
    write_sample(tmp_path / "flat", SEED, 6_000, planted=False)
    settings = load_settings(tmp_path / "state")
    replay(settings, "week", Question(str(tmp_path / "planted" / "documents.jsonl"), ("news",)))

    found, nothing = (
        backtest_run(settings, "week", tmp_path / name / "prices.csv", Choices(hold_bars=1), tmp_path / f"test-{name}")[
            1
        ]
        for name in ("planted", "flat")
    )
    assert found["ic_mean"] > 0.25
    assert found["ic_t"] > 2
    assert found["placebo"]["ic_p"] < 0.02
    assert 0.012 < found["quantile_spread"]["1"] < 0.035  # strongest against weakest fifth: some +-0.55 of the 2 %
    assert found["sharpe"] > 5
    assert abs(nothing["quantile_spread"]["1"]) < 0.008
    assert nothing["placebo"]["ic_p"] > 0.05
