"""Stories as the API gives them, of a real archive through a real uvicorn, and as `bellwether stories` says them."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pandas as pd
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from services.commands.main import app
from shared.clients.redis import connect
from shared.clock import DAY, HOUR, SystemClock, to_iso
from shared.contract.events import Document
from shared.contract.keys import API_KEYS
from shared.reading.archive.tables import archive_address
from shared.settings import Settings, load_settings
from tests.api_server import served
from tests.archived import appended_at, archive_at
from tests.integration.worker_process import write_settings
from tests.unit.shared.test_stories import START, opinion, some_opinions

RUN = "apistories"
OPINIONS = [*some_opinions(5, 120), opinion(900, at=START + 180 * DAY, story="f" * 16, title="Last of all")]
DOCUMENT = Document(
    id=f"{900:032x}", channel="news", source="rss:a", text="Last of all, and its text", published_at=START,
    received_at=START, available_at=START + 180 * DAY,
)  # fmt: skip
SPAN = {"from": to_iso(START), "to": to_iso(START + 181 * DAY)}


@pytest.fixture(scope="module")
def settings(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    state = tmp_path_factory.mktemp("stories") / "state"
    chosen = load_settings(state, run=RUN, redis={"url": redis_url}, model={"name": "stub"})
    write_settings(chosen)
    archive_at(archive_address(chosen), [*OPINIONS, DOCUMENT])
    return chosen


@pytest.fixture(scope="module")
def api(settings: Settings) -> Iterator[httpx.Client]:
    with connect(settings.redis) as client:
        client.delete(API_KEYS)
    with served(settings) as client:
        yield client


def told(api: httpx.Client, path: str = "/v1/stories", **asked: Any) -> Any:
    answer = api.get(path, params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_pages_filters_and_one_story(api: httpx.Client) -> None:
    whole = told(api, **SPAN, limit=200)
    assert [row["documents"] for row in whole["data"]] and whole["next"] is None
    pages, cursor = [], None
    while True:
        page = told(api, **SPAN, limit=2, **({"cursor": cursor} if cursor else {}))
        pages += page["data"]
        if not (cursor := page["next"]):
            break
    assert pages == whole["data"]
    assert told(api, **SPAN, by="newest")["data"][0]["key"] == "f" * 16
    apple = told(api, **SPAN, company="apple")["data"]
    assert apple and all(any(each["company"] == "AAPL" for each in row["companies"]) for row in apple)
    assert [row["key"] for row in told(api)["data"]].count("f" * 16) == 1  # the seven days up to the newest opinion
    row = told(api, f"/v1/stories/{'f' * 16}")["data"]
    assert row["title"] == "Last of all" and row["told"][0]["id"] == f"{900:032x}"
    assert row["effects"][0]["company"] == "AAPL"


def test_as_of_and_what_is_refused(api: httpx.Client) -> None:
    known = len(OPINIONS) // 2
    early = told(api, **SPAN, as_of=to_iso(appended_at(known)), limit=200)
    assert early["as_of"] == to_iso(appended_at(known))
    assert sum(row["documents"] for row in early["data"]) <= known + 1
    assert "f" * 16 not in [row["key"] for row in early["data"]]
    missing = f"/v1/stories/{'f' * 16}"
    assert api.get(missing, params={"as_of": to_iso(appended_at(known))}).status_code == 404
    assert api.get("/v1/stories/nothing").status_code == 404
    assert api.get("/v1/stories", params={"as_of": "2199-01-01"}).status_code == 422
    assert api.get("/v1/stories", params={"from": "2024-01-02", "to": "2024-01-01"}).status_code == 422
    assert api.get("/v1/stories", params={"company": "nobody at all"}).status_code == 404
    assert api.get("/v1/stories", params={"cursor": "e30"}).status_code == 400


def test_a_document_says_how_old_its_story_is(api: httpx.Client) -> None:
    heard = told(api, f"/v1/documents/{900:032x}")["data"]["opinions"][0]
    assert heard["story_first_at"] == to_iso(START + 180 * DAY) and heard["story_age_days"] == 0
    assert heard["days_since_event"] is None and heard["rumour"] is False and heard["role"] is None


def test_every_format(api: httpx.Client) -> None:
    rows = told(api, **SPAN)["data"]
    plain = api.get("/v1/stories", params=SPAN | {"format": "csv"}).text
    assert list(pd.read_csv(io.StringIO(plain))["key"]) == [row["key"] for row in rows]
    parquet = pd.read_parquet(io.BytesIO(api.get("/v1/stories", params=SPAN | {"format": "parquet"}).content))
    assert list(parquet["documents"]) == [row["documents"] for row in rows]
    stream = api.get("/v1/stories", params=SPAN, headers={"Accept": "application/vnd.apache.arrow.stream"}).content
    assert pa.ipc.open_stream(stream).read_all().column("key").to_pylist() == [row["key"] for row in rows]
    one = api.get(f"/v1/stories/{rows[0]['key']}", params={"format": "parquet"})
    assert pd.read_parquet(io.BytesIO(one.content))["key"][0] == rows[0]["key"]


def test_the_command_says_the_same(api: httpx.Client, settings: Settings) -> None:
    place = ["--state", str(settings.state_dir), "--run", RUN]
    span = ["--from", SPAN["from"], "--to", SPAN["to"]]
    said = CliRunner().invoke(app, ["stories", *place, *span, "--json"])
    assert said.exit_code == 0, said.output
    assert json.loads(said.stdout)["told"] == told(api, **SPAN)["data"]
    key = "f" * 16
    one = CliRunner().invoke(app, ["stories", key, *place, "--json"])
    assert json.loads(one.stdout) == told(api, f"/v1/stories/{key}")["data"]
    words = CliRunner().invoke(app, ["stories", key, *place])
    assert words.exit_code == 0 and "Last of all" in words.stdout
    listed = CliRunner().invoke(app, ["stories", *place, *span, "--company", "apple", "--by", "newest"])
    assert listed.exit_code == 0 and "AAPL" in listed.stdout
    later = to_iso(SystemClock().now() + HOUR)
    for wrong in (["nothing"], ["--by", "size"], ["--as-of", later]):
        assert CliRunner().invoke(app, ["stories", *wrong, *place]).exit_code != 0
