"""What the dashboard reads from a real Redis equals a plain recount of the opinions that were written."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import redis

from dashboard.reading import snapshots
from dashboard.reading.frames import frame, frame_of, price_frame
from services.ingest.sample.prices import COMPANIES, synthetic_prices
from services.ingest.sample.redis_prices import put_prices
from shared.clock import HOUR, HOUR_SECONDS, SECOND
from shared.contract.events import CHANNELS, MARKET, Channel
from shared.contract.keys import Keys, prices_key
from shared.reading.measuring.windows import WINDOWS, needed, period
from shared.reading.run import RunView
from tests.browser.seed import END, EVENTS, Opinions, listed, seed

SLOTS = 4


@pytest.fixture(scope="module")
def written(redis_url: str) -> tuple[RunView, dict[str, Opinions]]:
    """Thirty companies' week, in a run of its own on the session's Redis."""
    client = redis.Redis.from_url(redis_url)
    opinions = seed(client, listed(30), run="dashboardreads", slots=SLOTS, volume=0.2)
    return RunView.of(client, "dashboardreads", slots=8), opinions


def inside(opinions: Opinions, start: int, end: int, channels: tuple[Channel, ...]) -> np.ndarray:
    """Which opinions lie in [start, end) seconds and in the channels."""
    second = opinions.at // SECOND
    wanted = np.array([("social" if social else "news") in channels for social in opinions.social])
    return (second >= start) & (second < end) & wanted


def test_the_recorded_number_of_slots_is_used(written: tuple[RunView, dict[str, Opinions]]) -> None:
    run, opinions = written
    assert run.keys.slots == SLOTS
    assert run.newest() == {company: int(each.at[-1]) for company, each in opinions.items()}


@pytest.mark.parametrize("label", WINDOWS)
@pytest.mark.parametrize("channels", [CHANNELS, ("news",), ("social",)])
def test_market_windows_count_exactly(
    written: tuple[RunView, dict[str, Opinions]], label: str, channels: tuple[Channel, ...]
) -> None:
    run, opinions = written
    market = snapshots.market(run, WINDOWS[label], channels, END)
    assert market is not None
    span = period(market.newest, WINDOWS[label])
    for company, row in market.companies.set_index("company").iterrows():
        each = opinions[str(company)]
        now = inside(each, span.start, span.end, channels)
        assert row["documents"] == now.sum()
        assert row["documents_before"] == inside(each, span.before, span.start, channels).sum()
        assert row["weight_sum"] == each.weight[now].sum()
    counted = sum(
        int(inside(each, span.start, span.end, channels).sum()) for c, each in opinions.items() if c != MARKET
    )
    assert market.companies["documents"].sum() == counted


@pytest.mark.parametrize("asked", [["1h"], ["7d"], []])
def test_columns_say_what_rows_say(written: tuple[RunView, dict[str, Opinions]], asked: list[str]) -> None:
    run, opinions = written
    starts = needed(period(END, WINDOWS[asked[0]]), WINDOWS[asked[0]]) if asked else {}
    rows, columns = (
        table.sort_values(["company", "channel", "resolution", "start"], ignore_index=True)
        for table in (
            frame(run.buckets.rows(opinions, CHANNELS, starts)),
            frame_of(run.buckets.columns(opinions, CHANNELS, starts)),
        )
    )
    assert len(rows) > 0 or not asked
    pd.testing.assert_frame_equal(rows, columns, check_dtype=bool(asked))


def test_the_feed_is_the_newest_of_all(written: tuple[RunView, dict[str, Opinions]]) -> None:
    run, opinions = written
    expected = sorted((int(at) for each in opinions.values() for at in each.at), reverse=True)[:25]
    assert [document.available_at for document in snapshots.feed(run, CHANNELS, 25, END)] == expected


def test_a_company_window_counts_authors_stories_events_and_sources(
    written: tuple[RunView, dict[str, Opinions]],
) -> None:
    run, opinions = written
    company = next(iter(opinions))
    each = opinions[company]
    found = snapshots.company_window(run, company, WINDOWS["24h"], CHANNELS, END)
    assert found is not None
    now = inside(each, found.span.start, found.span.end, CHANNELS)
    first, last = found.span.start // HOUR_SECONDS, -(-found.span.end // HOUR_SECONDS)
    hour = inside(each, first * HOUR_SECONDS, last * HOUR_SECONDS, CHANNELS)
    assert found.now["documents"] == now.sum()
    assert found.authors == len(set(each.author[hour]))
    assert found.stories == len(set(each.story[hour]))
    names = [EVENTS[i] for i in each.event[now] if EVENTS[i]]
    assert dict(found.events) == {name: names.count(name) for name in set(names)}
    assert sum(count for _, count in found.sources) == now.sum()


def test_documents_behind_a_point_lie_in_it(written: tuple[RunView, dict[str, Opinions]]) -> None:
    run, opinions = written
    company = next(iter(opinions))
    # too old for the recent ones: the hour's heaviest remain
    start = (END // HOUR - 100) * HOUR_SECONDS
    found = snapshots.behind(run, company, start, "hour", CHANNELS)
    each = opinions[company]
    assert len(found) == min(int(inside(each, start, start + HOUR_SECONDS, CHANNELS).sum()), 5)
    assert all(start * SECOND <= document.available_at < (start + HOUR_SECONDS) * SECOND for document in found)


def test_series_and_prices(written: tuple[RunView, dict[str, Opinions]]) -> None:
    run, opinions = written
    company = next(iter(opinions))
    days = snapshots.series(run, company, "day", CHANNELS, END, WINDOWS["24h"])
    assert days["documents"].sum() == len(opinions[company].at)
    prices = price_frame(run.prices(company))
    assert list(prices["date"]) == sorted(prices["date"])
    assert (prices["low"] <= prices["close"]).all()
    assert price_frame(run.prices("nobody")).empty


def test_an_empty_run(redis_url: str) -> None:
    run = RunView.of(redis.Redis.from_url(redis_url), "nothinghere", slots=8)
    assert snapshots.market(run, WINDOWS["24h"], CHANNELS, END) is None
    assert snapshots.feed(run, CHANNELS, 10, END) == []
    assert snapshots.company_window(run, "AAPL", WINDOWS["24h"], CHANNELS, END) is None
    assert snapshots.series(run, "AAPL", "hour", CHANNELS, END, WINDOWS["24h"]).empty
    assert snapshots.health(run, END).newest == 0
    assert frame([]).empty


def test_workers_are_found_and_forgotten(written: tuple[RunView, dict[str, Opinions]], redis_url: str) -> None:
    run, _ = written
    run.workers.find()
    assert [report.role for report in run.workers.reports()] == ["aggregation", "ingest", "scoring"]
    client = redis.Redis.from_url(redis_url)
    client.delete("bw:worker:dashboardreads:ingest:ingest-1")
    assert [report.role for report in run.workers.reports()] == ["aggregation", "scoring"]
    assert Keys("dashboardreads", SLOTS).slot_of("AAPL") < SLOTS


def test_the_synthetic_prices_stand_where_the_page_looks_and_replace_none(
    redis_url: str, written: tuple[RunView, dict[str, Opinions]]
) -> None:
    run, _ = written
    client = redis.Redis.from_url(redis_url)
    client.delete(*(prices_key(company) for company in COMPANIES))
    client.hset(prices_key("MSFT"), "2026-03-02", "[1,1,1,1,1]")
    assert put_prices(client) == len(COMPANIES) - 1
    bars = [bar for bar in synthetic_prices() if bar.ticker == "AAPL"]
    assert [(day.date, day.close) for day in run.prices("AAPL")] == [(bar.date, bar.close) for bar in bars]
    assert [day.close for day in run.prices("MSFT")] == [1.0]
    assert put_prices(client) == 0
