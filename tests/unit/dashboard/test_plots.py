"""Figures and the data of our own components, from frames."""

from __future__ import annotations

from base64 import b64decode
from zoneinfo import ZoneInfo

import msgspec
import pandas as pd
import pytest

from dashboard.drawing import formats, plots, tables
from dashboard.drawing.palette import LIGHT
from dashboard.reading.measures import compare
from dashboard.reading.stories import Story
from shared.clock import HOUR_SECONDS, SECOND
from shared.contract.aggregates import RecentDocument
from shared.contract.alerts import Alert
from shared.contract.events import MARKET, MICRO
from shared.contract.signals import Signal
from shared.reading.measuring.windows import Period

UTC = ZoneInfo("UTC")
NOON = 1_772_193_600  # 2026-02-27T12:00:00Z


def bucket(company: str, start: int, documents: int, score: float, channel: str = "news") -> dict[str, object]:
    weight = documents * MICRO
    return {
        "company": company,
        "channel": channel,
        "resolution": "hour",
        "start": start,
        "documents": documents,
        "positive": documents,
        "neutral": 0,
        "negative": 0,
        "weight_sum": weight,
        "score_sum": int(weight * score),
        "score_square_sum": int(weight * score * score),
    }


def document(**fields: object) -> RecentDocument:
    base = {
        "id": "d", "company": "AAPL", "channel": "news", "source": "Wire", "title": "T", "published_at": NOON * SECOND,
        "available_at": NOON * SECOND, "negative": 100_000, "neutral": 200_000, "positive": 700_000,
        "relevance": MICRO, "weight": MICRO,
    }  # fmt: skip
    return RecentDocument(**base | fields)  # type: ignore[arg-type]


def companies() -> pd.DataFrame:
    rows = [bucket(c, s, n, x) for c, n, x in (("AAPL", 30, 0.5), ("MSFT", 10, -0.5), ("XOM", 40, 0.0)) for s in (0, 9)]
    return compare(pd.DataFrame(rows), Period(0, 5, 10))


def test_the_map_has_every_company_once_in_its_sector() -> None:
    sectors = plots.sector_map(companies(), LIGHT)
    tiles = {tile["id"]: tile for sector in sectors for tile in sector["tiles"]}
    assert sorted(tiles) == ["AAPL", "MSFT", "XOM"]
    assert tiles["AAPL"]["colour"] != tiles["MSFT"]["colour"]
    assert tiles["XOM"]["colour"] == LIGHT.neutral
    area = {name: tile["box"][2] * tile["box"][3] for name, tile in tiles.items()}
    assert area["AAPL"] > 2 * area["MSFT"]
    assert any("30 opinions" in line for line in tiles["AAPL"]["lines"])


def test_of_many_companies_the_largest_have_a_box_and_the_rest_of_a_sector_is_one() -> None:
    names = [*(f"X{number:02}" for number in range(40)), "AAPL", "MSFT"]  # unknown names are of no sector
    rows = [bucket(name, 9, 50 - place, 0.5 - place / 50) for place, name in enumerate(names)]
    table = compare(pd.DataFrame(rows), Period(0, 5, 10))
    sectors = plots.sector_map(table, LIGHT, most=10)
    tiles = [tile for sector in sectors for tile in sector["tiles"]]
    assert [tile["id"] for tile in tiles] == [
        *names[:10],
        "",
        "",
    ]
    rest, technology = tiles[10], tiles[11]
    assert (rest["label"], rest["sector"], technology["label"]) == ("+30", "Unclassified", "+2")
    area = {tile["label"]: tile["box"][2] * tile["box"][3] for tile in tiles}
    assert area["+30"] / area["X00"] == pytest.approx(sum(range(11, 41)) / 50, rel=0.02)
    told = sum((50 - place) * (0.5 - place / 50) for place in range(10, 40)) / sum(50 - p for p in range(10, 40))
    assert rest["detail"] == formats.score(told)
    assert len([tile for sector in plots.sector_map(table, LIGHT) for tile in sector["tiles"]]) == len(names)


def test_texts_of_documents_pass_unchanged_and_bad_links_do_not() -> None:
    hostile = '<img src=x onerror="1"> [a](javascript:1)'
    (item,) = plots.document_items([document(title=hostile, url="javascript:alert(1)")], UTC, LIGHT)
    assert item["title"] == hostile
    assert item["url"] == ""
    assert item["score"] == "+0.60"
    assert item["time"] == "12:00:00"
    assert "relevance 100%" in item["probabilities"]


def test_a_detailed_item_has_its_date_and_excerpt() -> None:
    (item,) = plots.document_items([document(excerpt="more")], ZoneInfo("America/New_York"), LIGHT, detailed=True)
    assert item["time"] == "27 Feb 07:00"
    assert item["excerpt"] == "more"


def test_the_market_as_a_whole_has_no_page() -> None:
    (item,) = plots.document_items([document(company=MARKET)], UTC, LIGHT)
    assert item["company"] == ""


def test_the_chart_adds_channels_up_and_keeps_the_scale() -> None:
    rows = [bucket("A", NOON, 10, 0.5), bucket("A", NOON, 30, -0.5, "social"), bucket("A", NOON + HOUR_SECONDS, 5, 1.0)]
    figure = plots.company_chart(pd.DataFrame(rows), "hour", UTC, pd.DataFrame(), LIGHT, (NOON, NOON + HOUR_SECONDS))
    whole = next(trace for trace in figure.data if trace.name == "All")
    assert list(whole.y) == [-0.25, 1.0]
    assert [int(row[0]) for row in whole.customdata] == [NOON, NOON + HOUR_SECONDS]
    assert tuple(figure.layout.yaxis.range) == (-1.04, 1.04)
    assert [trace.name for trace in figure.data if trace.type == "bar"] == ["News", "Social"]


def test_prices_stand_at_the_close_of_new_york() -> None:
    prices = pd.DataFrame({"date": ["2026-02-26"], "close": [10.0]})
    rows = pd.DataFrame([bucket("A", NOON, 10, 0.5)])
    figure = plots.company_chart(rows, "hour", UTC, prices, LIGHT, (NOON, NOON + HOUR_SECONDS))
    close = next(trace for trace in figure.data if trace.name == "Close")
    assert pd.Timestamp(close.x[0]) == pd.Timestamp("2026-02-26 21:00")


def test_share_bars_fold_the_rest_and_escape_names() -> None:
    figure = plots.share_bars([("<b>x</b>", 5), ("b", 3), ("c", 1), ("d", 1)], LIGHT, most=2)
    assert list(figure.data[0].y) == ["2 others", "b", "&lt;b&gt;x&lt;/b&gt;"]
    assert list(figure.data[0].x) == [2, 3, 5]


def test_events_fold_by_group_and_a_bar_tells_its_classes() -> None:
    counts = [("price_up", 5), ("accident", 4), ("price_down", 3), ("<b>own_x</b>", 1)]
    bars = plots.event_bars(counts, LIGHT).data[0]
    assert list(bars.y) == ["&lt;b&gt;own x&lt;/b&gt;", "accidents and supply", "market"]
    assert list(bars.x) == [1, 4, 8]
    assert list(bars.customdata)[1:] == ["<br>accident 4", "<br>price rise 5<br>price fall 3"]
    assert "<b>own" not in str(bars.customdata)
    sources = plots.share_bars([("hazards", 2), ("big_wire", 1)], LIGHT).data[0]
    assert list(sources.y) == ["big wire", "hazards"]  # a source is called what it is


def test_the_table_of_documents_is_complete() -> None:
    table = plots.document_table([document(synthetic=True)], UTC)
    assert table.loc[0, "positive"] == 0.7
    assert bool(table.loc[0, "synthetic"])


def test_a_day_s_bar_stands_on_its_day() -> None:
    day = NOON // 86_400 * 86_400
    rows = pd.DataFrame([bucket("A", day, 10, 0.5)])
    prices = pd.DataFrame({"date": ["2026-02-27"], "close": [10.0]})
    figure = plots.company_chart(rows, "day", UTC, prices, LIGHT, (day, day + 86_400))
    bar = next(trace for trace in figure.data if trace.type == "bar")
    half = pd.Timedelta(milliseconds=bar.width / 2)
    assert pd.Timestamp(bar.x[0]) - half >= pd.Timestamp("2026-02-27")
    assert pd.Timestamp(bar.x[0]) + half <= pd.Timestamp("2026-02-28")
    close = next(trace for trace in figure.data if trace.name == "Close")
    assert pd.Timestamp(close.x[0]) == pd.Timestamp(bar.x[0])  # of one day, at one place


def said(step: int, level: float, action: str = "hold", cadence: int = 1) -> Signal:
    at = (NOON + step * HOUR_SECONDS) * SECOND
    return Signal(
        id=f"s{step}", strategy="hourly", strategy_hash="", company="AAPL", at=at, available_at=at, horizon_hours=24,
        score=int(level * MICRO), confidence=MICRO, action=action, documents=9, cadence_hours=cadence,  # type: ignore[arg-type]
        features={"level": int(level * MICRO), "dispersion": 400_000},
    )  # fmt: skip


def test_the_hour_chart_shows_the_level_in_front_and_marks() -> None:
    rows = pd.DataFrame([bucket("AAPL", NOON + n * HOUR_SECONDS, 3, 0.2) for n in range(3)])
    alert = Alert(
        id="a", rule="<r>", kind="threshold", company="AAPL", signal="s2", strategy="hourly", at=said(2, 0).at,
        available_at=0, action="sell", score=-300_000, confidence=0, text="",
    )  # fmt: skip
    event = document(event="earnings_beat", event_probability=MICRO, available_at=NOON * SECOND + 5)
    unsure = document(event="merger", event_probability=1)
    story = Story(
        [said(1, 0.4, "buy"), said(2, -0.3, "sell"), said(3, -0.3, "sell"), said(4, -0.1)], [alert], [event, unsure]
    )
    window = (NOON, NOON + HOUR_SECONDS)
    figure = plots.company_chart(rows, "hour", UTC, pd.DataFrame(), LIGHT, window, story)
    names = [trace.name for trace in figure.data]
    assert names.index("Hours") < names.index("95 % band of the level") < names.index("Level (hourly)")
    traces = {trace.name: trace for trace in figure.data}
    assert traces["Hours"].mode == "markers"
    assert list(traces["Level (hourly)"].y) == [0.4, -0.3, -0.3, -0.1]
    low, level = traces["95 % band of the level"].y, traces["Level (hourly)"].y
    assert all(-1 <= a < b for a, b in zip(low, level, strict=True))
    assert list(traces["Signal"].marker.symbol) == ["triangle-up", "triangle-down", "circle"]  # where it turned
    assert "&lt;r&gt;" in traces["Alert"].text[0]
    assert list(traces["Event"].text) == ["earnings beat"]
    assert all(trace.customdata is None for trace in figure.data if trace.name in ("Signal", "Alert", "Event"))
    assert "Signal" not in {
        t.name for t in plots.company_chart(rows, "day", UTC, pd.DataFrame(), LIGHT, window, story).data
    }


def test_score_bars_diverge_from_zero_in_two_colours() -> None:
    up, down, none = (b64decode(bar.partition(",")[2]).decode() for bar in tables.score_bars([0.5, -0.5, 0.0], LIGHT))
    assert f'<rect x="28.0" y="8" width="14.0" height="8" fill="{LIGHT.positive}"/>' in up
    assert f'<rect x="14.0" y="8" width="14.0" height="8" fill="{LIGHT.negative}"/>' in down
    assert 'width="0.0"' in none
    assert plots.score_bar(-0.4, 0, LIGHT)["diverging"]


def test_pages_say_when_the_next_signal_comes() -> None:
    hourly = [said(0, 0.1), said(1, 0.1)]  # 12:00 and 13:00
    assert tables.next_signal(hourly, 0, UTC).startswith("Next signal for 27 Feb 14:00, then every hour")
    later = (NOON + 5 * HOUR_SECONDS + 60) * SECOND
    assert tables.next_signal(hourly, later, UTC).startswith("Next signal for 27 Feb 18:00")
    assert tables.next_signal([said(0, 0.1, cadence=12)], 0, UTC).startswith(
        "Next signal for 28 Feb 00:00, then every 12"
    )
    assert tables.next_signal([said(0, 0.1, cadence=0)], 0, UTC) == ""  # given out by an older version
    assert tables.next_signal([], 0, UTC) == ""


def test_evidence_says_what_each_document_moved() -> None:
    signal = msgspec.structs.replace(said(0, -0.4, "sell"), evidence=("a", "b"), contributions=(-90_000, 12_000))
    found = [document(id="a"), document(id="b"), document(id="c")]
    items = plots.evidence_items(signal, found, UTC, LIGHT)
    assert [item["why"] for item in items] == [
        "moved the level by \u22120.090", "moved the level by +0.012", ""
    ]  # fmt: skip
    assert plots.evidence_items(said(0, 0.1), found, UTC, LIGHT)[0]["why"] == ""  # an older version's signal
