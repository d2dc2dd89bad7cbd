"""The synthetic week: what is in it, that it is the same every time, and that its prices carry what was planted."""

from __future__ import annotations

import json
import math
from collections import Counter
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from statistics import fmean, pstdev

import pytest
from typer.testing import CliRunner

from services.commands.data.sample import _SEED, sample_app
from services.ingest.documents.normalise import FIELDS, Reading, normalise
from services.ingest.documents.raw_document import RawDocument
from services.ingest.sample.prices import (
    COMPANIES,
    DAILY_EFFECT,
    HOURS,
    LAG_HOURS,
    SEED,
    START,
    Price,
    opinion,
    planted_path,
    synthetic_prices,
    trading_days,
)
from services.ingest.sample.week import SampleItem, sample_week
from shared.clock import to_micros
from shared.universe.securities import Catalogue


@pytest.fixture(scope="module")
def week() -> list[SampleItem]:
    return sample_week()


def test_it_is_large_and_varied(week: list[SampleItem]) -> None:
    assert len(week) >= 3_000
    assert len({company for item in week for company in item.moods}) >= 60
    assert {item.channel for item in week} == {"news", "social"}
    assert len({item.author for item in week}) > 200
    assert len({item.title + item.text for item in week}) > 0.8 * len(week)
    assert len({item.event for item in week}) >= 10
    assert any(len(item.moods) == 2 for item in week)
    assert Counter(mood for item in week for mood in item.moods.values()).keys() == {"negative", "neutral", "positive"}


def test_it_lies_in_its_seven_days_in_order_and_follows_the_exchange(week: list[SampleItem]) -> None:
    times = [item.published_at for item in week]
    assert times == sorted(times)
    assert times[0] >= START
    assert times[-1] < START + timedelta(hours=HOURS)
    assert len({moment.date() for moment in times}) == 7
    by_hour = Counter(moment.hour for moment in times)
    assert min(by_hour[14], by_hour[21]) > 3 * by_hour[4]
    assert sum(moment.weekday() < 5 for moment in times) > 0.8 * len(times)


def test_ids_are_unique_and_copies_are_syndicated(week: list[SampleItem]) -> None:
    assert len({item.external_id for item in week}) == len(week)
    assert any(item.title.startswith("UPDATE 1-") for item in week)
    assert any(item.text.startswith("RT @") for item in week)


def test_a_seed_gives_the_same_week_and_another_another() -> None:
    assert sample_week(7, 50) == sample_week(7, 50)
    assert sample_week(7, 50) != sample_week(8, 50)
    assert planted_path(7) != planted_path(8)
    assert synthetic_prices(7) == synthetic_prices(7)


def test_no_slot_and_no_bracket_is_left(week: list[SampleItem]) -> None:
    for item in week:
        assert not set("[]{}|") & set(item.title.removesuffix(" | Synthetic Wire") + item.text), item


def test_every_item_becomes_a_synthetic_document(week: list[SampleItem]) -> None:
    now = to_micros(START + timedelta(days=400))
    for item in week[::20]:
        raw = item.raw()
        assert set(raw) <= set(FIELDS)
        document = normalise(raw, Reading(item.channel, "sample", synthetic=True), now)
        assert isinstance(document, RawDocument)
        assert document.synthetic
        assert document.available_at == to_micros(item.published_at)
        assert document.source.startswith("sample")


def test_moods_follow_the_planted_path(week: list[SampleItem]) -> None:
    planted, said = [], []
    worth = {"negative": -1, "neutral": 0, "positive": 1}
    for company in COMPANIES:
        for day in range(5):
            moods = [
                worth[item.moods[company]]
                for item in week
                if company in item.moods and item.published_at.date() == (START + timedelta(days=day)).date()
            ]
            if len(moods) >= 5:
                planted.append(fmean(opinion(company, day * 24 + hour) for hour in range(24)))
                said.append(fmean(moods))
    assert len(said) > 200
    assert _correlation(planted, said) > 0.75


def test_the_path_is_smooth_and_bounded() -> None:
    plan = planted_path()
    paths = plan["opinion"]
    assert isinstance(paths, dict)
    assert set(paths) == set(COMPANIES) <= set(Catalogue.load().by_id)
    for path in paths.values():
        assert len(path) == HOURS
        assert all(-1 < value < 1 for value in path)
        assert max(abs(a - b) for a, b in pairwise(path)) < 0.1
    json.dumps(plan)


def _slope_and_correlation(planted: bool, seed: int = SEED) -> tuple[float, float]:
    opinions, returns = [], []
    by_company: dict[str, list[Price]] = {}
    for bar in synthetic_prices(seed, planted=planted):
        by_company.setdefault(bar.ticker, []).append(bar)
    for company, bars in by_company.items():
        for before, bar in pairwise(bars):
            hour = (int(bar.date[-2:]) - START.day) * 24 + 17 - LAG_HOURS if bar.date.startswith("2026-03") else -1
            if 0 <= hour < HOURS:
                opinions.append(opinion(company, hour, seed))
                returns.append(math.log(bar.close / before.close))
    correlation = _correlation(opinions, returns)
    return correlation * pstdev(returns) / pstdev(opinions), correlation


def test_prices_carry_the_planted_effect_with_its_sign_and_size() -> None:
    slope, correlation = _slope_and_correlation(planted=True)
    assert correlation > 0.4
    assert slope == pytest.approx(DAILY_EFFECT, rel=0.25)


def test_without_the_planting_there_is_none() -> None:
    slope, correlation = _slope_and_correlation(planted=False)
    assert abs(correlation) < 0.12
    assert abs(slope) < DAILY_EFFECT / 6


def test_bars_are_sound_daily_and_hourly() -> None:
    daily, hourly = synthetic_prices(), synthetic_prices(hourly=True)
    for bar in daily + hourly:
        assert 0 < bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
        assert bar.volume > 0
    assert len(hourly) == 7 * len(daily)
    assert {bar.ticker for bar in daily} == set(COMPANIES)
    assert {bar.date[11:] for bar in hourly if bar.date < "2026-03-08"} >= {"14:30:00Z", "20:30:00Z"}
    assert {bar.date[11:] for bar in hourly if bar.date > "2026-03-09"} >= {"13:30:00Z", "19:30:00Z"}  # summer time


def test_the_command_writes_what_it_says(tmp_path: Path) -> None:
    assert _SEED == SEED
    done = CliRunner().invoke(sample_app, ["export", "--out", str(tmp_path / "week"), "--documents", "100", "--json"])
    assert done.exit_code == 0
    said = json.loads(done.stdout.splitlines()[-1])
    lines = (tmp_path / "week" / "documents.jsonl").read_text("utf-8").splitlines()
    assert len(lines) == said["documents"]
    assert all(json.loads(line)["synthetic"] for line in lines)
    per_channel = sum(
        len((tmp_path / "week" / f"{channel}.jsonl").read_text("utf-8").splitlines()) for channel in ("news", "social")
    )
    assert per_channel == said["documents"]
    assert len((tmp_path / "week" / "prices.csv").read_text().splitlines()) == said["prices"] + 1
    assert json.loads((tmp_path / "week" / "planted.json").read_text())["lag_hours"] == LAG_HOURS


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = CliRunner().invoke(sample_app, ["export", "--out", str(tmp_path / "file" / "week"), "--documents", "1"])
    assert done.exit_code == 1
    assert "name a folder" in done.output


def _correlation(a: list[float], b: list[float]) -> float:
    mean_a, mean_b = fmean(a), fmean(b)
    covariance = fmean((x - mean_a) * (y - mean_b) for x, y in zip(a, b, strict=True))
    return covariance / (pstdev(a) * pstdev(b))


def test_a_longer_sample_ends_with_the_week_and_trades_on_the_exchange_s_days(tmp_path: Path) -> None:
    import exchange_calendars

    sessions = exchange_calendars.get_calendar("XNYS", start="2024-02-01", end="2026-04-01").sessions
    for days in (7, 365, 730):
        own = trading_days(days)
        assert own == [s.date() for s in sessions if own[0] <= s.date() <= own[-1]]
    result = CliRunner().invoke(
        sample_app, ["export", "--out", str(tmp_path), "--days", "365", "--documents", "500", "--posts"]
    )
    assert result.exit_code == 0, result.output
    rows = [json.loads(line) for line in (tmp_path / "documents.jsonl").read_text().splitlines()]
    assert rows[0]["published_at"].startswith("2025-03-")
    assert rows[-1]["published_at"].startswith("2026-03-")
    posts = [json.loads(line) for line in (tmp_path / "posts.jsonl").read_text().splitlines()]
    assert {"id", "date", "user", "body", "synthetic"} == set(posts[0])
    assert len(posts) == sum(row["channel"] == "social" for row in rows)
    plan = json.loads((tmp_path / "planted.json").read_text())
    assert plan["start"] == "2025-03-09T00:00:00Z"
    assert len(plan["opinion"]["AAPL"]) == 365 * 24


def test_a_file_of_the_sample_stays_synthetic(week: list[SampleItem]) -> None:
    """Read back from a file it says so still: whatever is made of it is marked."""
    document = normalise(dict(week[0].raw()), Reading("news", "week.jsonl"), to_micros(START + timedelta(days=20)))
    assert isinstance(document, RawDocument)
    assert document.synthetic
    real = normalise({**week[0].raw(), "source": "wire"}, Reading("news", "week.jsonl"), to_micros(START))
    assert isinstance(real, RawDocument)
    assert not real.synthetic
