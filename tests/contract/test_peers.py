"""Peers at every door, on what our own code counted: reading, command, API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from typer.testing import CliRunner

from services.commands.main import app
from services.model.stub import StubEngine
from shared.contract.events import CHANNELS
from shared.contract.keys import API_KEYS
from shared.reading.measuring.market import company_rows, snapshot
from shared.reading.measuring.windows import WINDOWS
from shared.reading.peers.peers import peers_of
from shared.reading.peers.relations import relations_of
from shared.reading.run import RunView
from shared.settings import Settings, load_settings
from tests import two_days
from tests.api_server import served
from tests.archived_run import fill

OWN = "company,other,kind,weight,from,until\nBA,AAPL,peer,0.5,,\nBA,MSFT,rival,-0.25,,\nBA,LMT,old,1,,2020-01-01\n"
WINDOW = WINDOWS["24h"]
WALL = two_days.SECOND_DAY * 2


@pytest.fixture
def told(tmp_path: Path, redis_url: str, run_name: str) -> Iterator[tuple[Settings, redis.Redis]]:
    state = tmp_path / "state"
    state.mkdir()
    (state / "bellwether.yaml").write_text(
        json.dumps({"redis": {"url": redis_url}, "relations": {"industries": False}})
    )
    (state / "relations.csv").write_text(OWN)
    settings = load_settings(state, run=run_name, model={"name": "stub"})
    with redis.Redis.from_url(redis_url) as client:
        fill(settings, client, two_days.documents(), StubEngine("stub"))
        yield settings, client


def test_what_is_said_of_peers(told: tuple[Settings, redis.Redis]) -> None:
    settings, client = told
    run = RunView.of(client, settings.run, settings.kafka.opinion_partitions)
    found = peers_of(run, relations_of(settings), "BA", WINDOW, CHANNELS, WALL)
    assert [(each.relation.other, each.relation.kind) for each in found.peers] == [("AAPL", "peer"), ("MSFT", "rival")]
    market = snapshot(run, WINDOW, CHANNELS, WALL)
    assert market is not None
    rows = {row["company"]: row for row in company_rows(market)}
    apple, microsoft = (each.row for each in found.peers)
    assert apple == rows["AAPL"] and microsoft == rows["MSFT"]
    weight = 0.5 * apple["weight"] + 0.25 * microsoft["weight"]
    score = 0.5 * apple["weight"] * apple["sentiment"] - 0.25 * microsoft["weight"] * microsoft["sentiment"]
    assert found.level == pytest.approx(score / weight)
    assert peers_of(run, relations_of(settings), "LMT", WINDOW, CHANNELS, WALL).level is None
    (settings.state_dir / "relations.csv").write_text("company,other\nBA,MSFT\n")
    again = peers_of(run, relations_of(settings), "BA", WINDOW, CHANNELS, WALL)
    assert [each.relation.other for each in again.peers] == ["MSFT"], "a file that changed is read anew"


def test_command_and_api_tell_the_same(told: tuple[Settings, redis.Redis]) -> None:
    settings, client = told
    command = ["peers", "Boeing", "--run", settings.run, "--state", str(settings.state_dir)]
    result = CliRunner().invoke(app, [*command, "--json"])
    assert result.exit_code == 0, result.output
    told_here = json.loads(result.stdout.splitlines()[-1])
    words = CliRunner().invoke(app, command).stdout
    assert words.startswith("BA: 2 peers, level ") and "rival" in words and "-0.25" in words
    client.delete(API_KEYS)
    with served(settings) as api:
        row = api.get("/v1/companies/Boeing/peers").json()["data"]
        assert row["peers"] == told_here["peers"] and row["level"] == told_here["level"]
        (settings.state_dir / "relations.csv").write_text("company,other\nBA,Nobody At All\n")
        broken = api.get("/v1/companies/BA/peers")
        assert broken.status_code == 503 and "line 2" in broken.json()["detail"]
    listed = CliRunner().invoke(app, ["relations", "list", "BA", "--state", str(settings.state_dir)])
    assert listed.exit_code != 0, "the file names nobody that is known"
    (settings.state_dir / "relations.csv").write_text(OWN)
    listed = CliRunner().invoke(app, ["relations", "list", "BA", "--state", str(settings.state_dir)])
    assert "..2020-01-01" in listed.stdout and listed.stdout.count("\n") == 3
    checked = CliRunner().invoke(app, ["relations", "check", str(settings.state_dir / "relations.csv"), "--json"])
    assert len(json.loads(checked.stdout)[0]["relations"]) == 3
