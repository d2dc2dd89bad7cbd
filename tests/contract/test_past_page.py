"""The Company page as of a moment shows what it showed then: the same figures of the command's answer as of Redis."""

from __future__ import annotations

import random
from pathlib import Path

import msgspec
import pandas as pd
import pytest
import redis

from dashboard.reading import snapshots, stories
from dashboard.reading.moment.past import NotThen, PastCompany, PastReader, Told
from services.aggregation.core.apply import apply
from services.aggregation.core.plan import Rules
from services.aggregation.stores.redis_store import RedisStore
from services.archive.as_of.past import told
from shared.clock import DAY, HOUR, SECOND
from shared.contract.aggregates import RESOLUTIONS
from shared.contract.events import CHANNELS
from shared.contract.keys import Keys
from shared.reading.measuring.windows import WINDOWS
from shared.reading.run import RunView
from shared.reading.values.documents import EVER
from shared.settings import AggregationSettings, load_settings
from tests.unit.aggregation.opinions import BASE, history, merge

WALL = BASE + 400 * DAY


def test_figures_of_then_are_those_of_a_run_that_lives(
    redis_url: str, run_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.contract.keys.partition_for", lambda _key, _partitions: 0)
    records = merge(random.Random(3), history(3, 2, 120, HOUR), 0.1)
    with redis.Redis.from_url(redis_url) as client:
        store = RedisStore(client, run_name, 1)
        apply(store, 0, "O", records, Rules.of(AggregationSettings()))
        live = RunView(client, Keys(run_name, 1))
        newest = live.newest()
        raw = msgspec.json.encode(
            {"company": "AAPL", "answer": told(store, "AAPL", []), "newest": max(newest.values())}
        )
        past = PastCompany(msgspec.json.decode(raw, type=Told))
        assert past.newest()["AAPL"] == newest["AAPL"]
        for window in WINDOWS.values():
            for channels in (CHANNELS, CHANNELS[:1]):
                now = snapshots.company_window(live, "AAPL", window, channels, WALL)
                then = snapshots.company_window(past, "AAPL", window, channels, WALL)
                assert now is not None and then is not None
                _equal(vars_of(now), vars_of(then))
        for resolution in RESOLUTIONS:
            frames = (snapshots.series(run, "AAPL", resolution, CHANNELS, WALL, WINDOWS["24h"]) for run in (live, past))
            one, other = (each.sort_values(["start", "channel"]).reset_index(drop=True) for each in frames)
            pd.testing.assert_frame_equal(one, other)
        assert past.documents.between(["AAPL"], *EVER) == live.documents.between(["AAPL"], *EVER)
        middle = newest["AAPL"] // SECOND - 20 * 3600
        hour = (middle * SECOND, (middle + 3600) * SECOND)
        assert past.documents.behind("AAPL", middle, middle + 3600) == live.documents.between(["AAPL"], *hour)
        assert stories.of_company(past, "AAPL").documents == stories.of_company(live, "AAPL").documents


def vars_of(found: snapshots.CompanyWindow) -> dict[str, object]:
    return {name: getattr(found, name) for name in found.__dataclass_fields__}


def _equal(one: dict[str, object], other: dict[str, object]) -> None:
    for name, value in one.items():
        if isinstance(value, pd.DataFrame):
            pd.testing.assert_frame_equal(value, other[name])  # type: ignore[arg-type]
        elif isinstance(value, pd.Series):
            pd.testing.assert_series_equal(value, other[name])  # type: ignore[arg-type]
        else:
            assert value == other[name], name


def test_what_the_command_says_of_a_moment_that_it_does_not_know(tmp_path: Path) -> None:
    """The reason is the command's own, in words for a person; it is not asked again at once."""
    reader = PastReader(lambda: load_settings(tmp_path / "state", redis={"url": "redis://127.0.0.1:1/0"}))
    for _ in range(2):
        with pytest.raises(NotThen, match="Redis"):
            reader.company("AAPL", BASE)
