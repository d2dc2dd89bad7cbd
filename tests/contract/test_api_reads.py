"""What the API answers, of a real Redis through a real uvicorn, is what a plain recount and the pages say."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import httpx
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import redis

from dashboard.reading import snapshots
from shared.clock import HOUR, ReplayClock, to_iso
from shared.contract.events import CHANNELS
from shared.reading.measuring.windows import WINDOWS
from shared.reading.run import RunView
from shared.settings import Settings, load_settings
from tests.api_server import served
from tests.browser.seed import END, Opinions, listed, seed

RUN = "apireads"


@pytest.fixture(scope="module")
def settings(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    state = tmp_path_factory.mktemp("api") / "state"
    return load_settings(state, run=RUN, redis={"url": redis_url}, model={"name": "stub"})


@pytest.fixture(scope="module")
def opinions(redis_url: str) -> dict[str, Opinions]:
    with redis.Redis.from_url(redis_url) as client:
        client.delete("bw:api:keys")
        return seed(client, listed(30), run=RUN, slots=4, volume=0.2)


@pytest.fixture(scope="module")
def api(settings: Settings, opinions: dict[str, Opinions]) -> Iterator[httpx.Client]:
    assert opinions
    with served(settings, ReplayClock(END)) as client:
        yield client


def told(api: httpx.Client, path: str, **parameters: Any) -> Any:
    answer = api.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found.keys() == {"data", "next", "as_of", "model", "universe"}
    assert found["as_of"] == to_iso(END)
    return found


def everything(api: httpx.Client, path: str, **parameters: Any) -> list[dict[str, Any]]:
    """Every row, page by page."""
    rows: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        found = told(api, path, **parameters, **({"cursor": cursor} if cursor else {}))
        rows += found["data"]
        cursor = found["next"]
        if cursor is None:
            return rows


def busiest(opinions: dict[str, Opinions]) -> str:
    return max((name for name in opinions if not name.startswith("_")), key=lambda name: len(opinions[name].at))


@pytest.mark.parametrize("channel", ["all", "news", "social"])
def test_buckets_are_a_recount(api: httpx.Client, opinions: dict[str, Opinions], channel: str) -> None:
    company = busiest(opinions)
    rows = everything(api, f"/v1/companies/{company}/sentiment", channel=channel, limit=7)
    each = opinions[company]
    for row in rows:
        start = pd.Timestamp(row["start"]).value // 1000
        inside = (each.at >= start) & (each.at < start + HOUR)
        if channel != "all":
            inside &= each.social == (channel == "social")
        assert row["documents"] == inside.sum() == row["positive"] + row["neutral"] + row["negative"]
        weight, probabilities = each.weight[inside], each.probabilities[inside]
        assert row["weight"] == weight.sum() / 1e6
        mean = float((weight * (probabilities[:, 2] - probabilities[:, 0])).sum() / 1e6 / weight.sum())
        assert abs(row["sentiment"] - mean) < 1e-5
        assert row["low"] <= row["sentiment"] <= row["high"]
        assert row["stories"] == len(set(each.story[inside]))
    first = pd.Timestamp(rows[0]["start"]).value // 1000
    expected = each.at >= first if channel == "all" else (each.at >= first) & (each.social == (channel == "social"))
    assert sum(row["documents"] for row in rows) == expected.sum()


@pytest.mark.parametrize("window", WINDOWS)
def test_the_market_is_the_page_s(api: httpx.Client, settings: Settings, window: str) -> None:
    with redis.Redis.from_url(settings.redis.url, password=secret(settings)) as client:
        page = snapshots.market(RunView.open(client, RUN), WINDOWS[window], CHANNELS, END)
    assert page is not None
    rows = everything(api, "/v1/market", window=window, limit=11)
    frame = page.companies.set_index("company")
    assert {row["company"] for row in rows} == set(frame.index)
    for row in rows:
        shown = frame.loc[row["company"]]
        for name in ("documents", "documents_before"):
            assert row[name] == shown[name]
        for name in ("sentiment", "low", "high", "change", "strength"):
            assert row[name] == pytest.approx(shown[name], abs=1e-12) or (row[name] is None and pd.isna(shown[name]))
    sectors = everything(api, "/v1/sectors", window=window)
    known = [row for row in rows if row["sector"]]  # not of every company
    assert sum(row["documents"] for row in sectors) == sum(row["documents"] for row in known)


def secret(settings: Settings) -> str | None:
    return settings.redis.password.get_secret_value() if settings.redis.password else None


def test_documents_are_the_newest_first_and_whole_over_pages(api: httpx.Client, opinions: dict[str, Opinions]) -> None:
    company = busiest(opinions)
    rows = everything(api, f"/v1/companies/{company}/documents", limit=13)
    assert len(rows) == min(200, len(opinions[company].at)) == len({row["id"] for row in rows})
    times = [row["available_at"] for row in rows]
    assert times == sorted(times, reverse=True)
    middle = times[len(times) // 2]
    later = everything(api, f"/v1/companies/{company}/documents", **{"from": middle})
    assert {row["id"] for row in rows if row["available_at"] >= middle} <= {row["id"] for row in later}
    assert all(row["available_at"] >= middle for row in later)


def test_companies_are_found_and_an_unknown_one_is_not(api: httpx.Client) -> None:
    assert told(api, "/v1/instruments", q="apple")["data"][0]["id"] == "AAPL"
    assert told(api, "/v1/instruments/FB")["data"]["id"] == "META"
    every = everything(api, "/v1/instruments", limit=1000)
    assert [row["id"] for row in every] == sorted(row["id"] for row in every)
    missing = api.get("/v1/companies/NOSUCHCOMPANY/sentiment")
    assert missing.status_code == 404
    assert missing.headers["content-type"] == "application/problem+json"
    assert missing.json()["remedy"]


def test_signals_alerts_events_and_runs_answer(api: httpx.Client, opinions: dict[str, Opinions]) -> None:
    for path in ("/v1/signals", "/v1/alerts", "/v1/runs"):
        everything(api, path)
    everything(api, "/v1/signals/history", company=busiest(opinions))
    events = everything(api, "/v1/events", window="7d", limit=9)
    assert len({(row["company"], row["event"]) for row in events}) == len(events) > 9
    assert sum(row["documents"] for row in events) == sum(
        row["documents"] for row in everything(api, "/v1/events", window="7d", by="groups", limit=50)
    )
    classes = {row["event"]: row for row in everything(api, "/v1/event-classes", limit=20)}
    assert len(classes) == 58 and classes["stake"]["group"] == "deals" and classes["price_up"]["direction"] == "up"
    assert classes["earnings_report"]["former"] == ["financing"]
    assert all(row["group"] == classes[row["event"]]["group"] for row in events)
    deals = [row for row in events if row["group"] == "deals"]
    for name in ("deals", "mergers_investments", "Mergers investments"):
        assert deals and everything(api, "/v1/events", window="7d", event=name, limit=9) == deals
    refused = api.get("/v1/events", params={"event": "deal"})
    assert refused.status_code == 422 and "did you mean deals" in refused.json()["detail"]
    assert api.get("/v1/runs/nosuch").status_code == 404
    assert api.get("/v1/runs/..%2f..%2fetc").status_code == 404


@pytest.mark.parametrize(("form", "media"), [("parquet", "parquet"), ("arrow", "arrow.stream"), ("csv", "csv")])
def test_every_format_holds_the_same(api: httpx.Client, form: str, media: str) -> None:
    rows = told(api, "/v1/market", limit=1000)["data"]
    for answer in (
        api.get("/v1/market", params={"limit": 1000, "format": form}),
        api.get("/v1/market", params={"limit": 1000}, headers={"Accept": f"text/nothing, {MEDIA[form]};q=0.5"}),
    ):
        assert answer.status_code == 200
        assert media in answer.headers["content-type"]
        frame = read(form, answer.content)
        assert frame["company"].to_list() == [row["company"] for row in rows]
        assert frame["sentiment"].to_list() == pytest.approx([row["sentiment"] for row in rows])


MEDIA = {
    "parquet": "application/vnd.apache.parquet",
    "arrow": "application/vnd.apache.arrow.stream",
    "csv": "text/csv",
}


def read(form: str, content: bytes) -> pd.DataFrame:
    if form == "parquet":
        return pq.read_table(io.BytesIO(content)).to_pandas()
    if form == "arrow":
        return pa.ipc.open_stream(content).read_all().to_pandas()
    return pd.read_csv(io.BytesIO(content))


def test_pandas_is_all_the_client_that_one_needs(api: httpx.Client, opinions: dict[str, Opinions]) -> None:
    url = f"{api.base_url}/v1/companies/{busiest(opinions)}/sentiment?format=parquet"
    frame = pd.read_parquet(url)
    assert {"start", "documents", "sentiment", "low", "high", "weight", "authors", "stories"} <= set(frame.columns)
    assert len(frame) > 10
    for path in ("signals", "alerts", "market", "sectors", "events", "event-classes", "instruments", "runs"):
        pd.read_parquet(f"{api.base_url}/v1/{path}?format=parquet")
    with pytest.raises(HTTPError):
        pd.read_parquet(f"{api.base_url}/v1/companies/NOSUCHCOMPANY/documents?format=parquet")


def test_a_bucket_counts_authors_and_stories_once_over_channels(
    api: httpx.Client, opinions: dict[str, Opinions]
) -> None:
    company, each = next(iter(opinions.items()))
    rows = told(api, f"/v1/companies/{company}/sentiment", resolution="hour")["data"]
    in_both = 0
    for row in rows:
        inside = each.at // HOUR == pd.Timestamp(row["start"]).value // 1_000 // HOUR
        in_both += len(set(each.social[inside])) == 2
        assert (row["authors"], row["stories"]) == (len(set(each.author[inside])), len(set(each.story[inside])))
    assert in_both > 50


def test_what_has_not_changed_is_not_sent_again(api: httpx.Client) -> None:
    first = api.get("/v1/market")
    assert re.fullmatch(r'W/"[0-9a-f]{24}"', first.headers["etag"])
    again = api.get("/v1/market", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = api.get("/v1/market?window=7d", headers={"If-None-Match": first.headers["etag"]})
    assert other.status_code == 200


def test_answers_are_compressed_for_who_takes_it(api: httpx.Client) -> None:
    assert api.get("/v1/market").headers["content-encoding"] == "gzip"
    assert "content-encoding" not in api.get("/v1/market", headers={"Accept-Encoding": "identity"}).headers


def test_a_cursor_is_of_its_question_alone(api: httpx.Client) -> None:
    cursor = told(api, "/v1/market", limit=2)["next"]
    assert told(api, "/v1/market", limit=3, cursor=cursor)["data"]
    for path in ("/v1/market?window=7d&", "/v1/events?", "/v1/instruments?"):
        assert api.get(f"{path}cursor={cursor}").status_code == 400
    for broken in ("", "x", "bnVsbA", cursor[:-3], "WyIiLCBbXV0", "%FF", "W1tbW1tb" * 100):
        assert api.get(f"/v1/market?cursor={broken}").status_code == 400


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/market?limit=0", 422),
        ("/v1/market?limit=1001", 422),
        ("/v1/market?window=2y", 422),
        ("/v1/companies/AAPL/sentiment?from=yesterday", 422),
        ("/v1/companies/AAPL/sentiment?from=2024-01-02&to=2024-01-01", 422),
        ("/v1/companies/AAPL/sentiment?resolution=minute&from=1990-01-01", 422),
        ("/v1/nothing", 404),
        ("/", 404),
    ],
)
def test_what_cannot_be_answered_says_why_and_what_to_do(api: httpx.Client, path: str, status: int) -> None:
    answer = api.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    said = answer.json()
    assert said["status"] == status
    assert said["title"] and said["detail"]


def test_other_methods_and_formats_are_refused_by_name(api: httpx.Client) -> None:
    refused = api.delete("/v1/market")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET")
    assert api.get("/v1/market", headers={"Accept": "image/png"}).status_code == 406


def test_it_lives_is_ready_and_counts(api: httpx.Client) -> None:
    assert api.get("/livez").json() == {"status": "alive"}
    assert api.get("/readyz").json() == {"status": "ready"}
    assert "bellwether_records_total" in api.get("/metrics").text
    for path in ("/livez", "/v1/market", "/v1/nothing"):
        headers = api.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "access-control-allow-origin" not in headers


def test_a_redis_that_is_away_is_said_and_not_a_crash(tmp_path: Path) -> None:
    away = load_settings(tmp_path, redis={"url": "redis://127.0.0.1:1/0", "timeout_seconds": 1})
    with served(away) as client:
        assert client.get("/livez").status_code == 200
        for path in ("/readyz", "/v1/market"):
            answer = client.get(path)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
