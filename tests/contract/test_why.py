"""Why it moved, on what our own code counted and archived: command and API tell the same, and it adds up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis
from typer.testing import CliRunner

from services.commands.main import app
from services.model.engine import build_engine
from shared.clock import DAY, SECOND, to_iso
from shared.contract.events import CHANNELS, MICRO, Opinion
from shared.contract.keys import API_KEYS
from shared.reading.archive.tables import ArchiveTables
from shared.reading.run import RunView
from shared.reading.unfolding.company import Movement, archived_opinions, moved, movement, stretch
from shared.reading.unfolding.dossier import dossier
from shared.settings import Settings, load_settings
from tests import two_days
from tests.api_server import served
from tests.archived_run import fill

DOCUMENTS = two_days.documents()
SPAN = two_days.SECOND_DAY // SECOND, (two_days.SECOND_DAY + DAY) // SECOND


@pytest.fixture
def told(tmp_path: Path, redis_url: str, run_name: str) -> Iterator[tuple[Settings, RunView, list[Opinion]]]:
    settings = load_settings(tmp_path / "state", run=run_name, redis={"url": redis_url}, model={"name": "stub"})
    with redis.Redis.from_url(redis_url) as client:
        opinions = fill(settings, client, DOCUMENTS, build_engine(settings.model))
        yield settings, RunView.of(client, run_name, settings.kafka.opinion_partitions), opinions


def contributions(found: Movement) -> int:
    return sum(event.contribution for event in found.events) + found.others


def test_with_and_without_archive_it_adds_up(told: tuple[Settings, RunView, list[Opinion]]) -> None:
    settings, run, opinions = told
    found = moved(run, ArchiveTables.of(settings), "BA", CHANNELS, *SPAN)
    own = [each for each in opinions if each.company == "BA"]
    assert found.documents + found.documents_before == found.named == len(own)
    assert found.unnamed == 0 and abs(found.others) <= len(own)
    assert contributions(found) == found.change
    assert found.before is not None and found.after is not None
    alone = movement(run, [], "BA", CHANNELS, *SPAN)  # the aggregates keep so few documents whole
    assert alone.events == found.events
    news = moved(run, ArchiveTables.of(settings), "BA", ("news",), *SPAN)
    assert news.named < found.named and contributions(news) == news.change
    archived = archived_opinions(ArchiveTables.of(settings), "BA", stretch(*SPAN))
    assert len(archived) == len(own)
    assert moved(run, ArchiveTables.of(settings), "BA", CHANNELS, SPAN[1], SPAN[1] + 3600).change is None


def test_command_and_api_tell_the_same(told: tuple[Settings, RunView, list[Opinion]], redis_url: str) -> None:
    settings = told[0]
    asked = {"from": to_iso(two_days.SECOND_DAY), "to": to_iso(two_days.SECOND_DAY + DAY)}
    with redis.Redis.from_url(redis_url) as client, served(settings) as api:
        client.delete(API_KEYS)
        row = _data(api.get("/v1/companies/Boeing/why", params=asked))
        assert _data(api.get("/v1/companies/BA/why"))["change"] is not None  # the latest day
        wrong = api.get("/v1/companies/BA/why", params={"from": asked["to"], "to": asked["from"]})
        assert wrong.status_code == 422 and wrong.json()["detail"] == "from is not before to"
    state = settings.state_dir
    state.mkdir(exist_ok=True)
    (state / "bellwether.yaml").write_text(json.dumps({"redis": {"url": redis_url}}))
    command = ["why", "Boeing", "--run", settings.run, "--state", str(state)]
    command += ["--from", asked["from"], "--to", asked["to"]]
    result = CliRunner().invoke(app, [*command, "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout.splitlines()[-1]) == row
    parts = sum(event["contribution"] for event in row["events"]) + row["others"]["contribution"]
    assert round(parts * MICRO) == round(row["change"] * MICRO)
    words = CliRunner().invoke(app, command).stdout
    assert words.startswith("Sentiment of ") and "faded" in words
    assert CliRunner().invoke(app, ["why", "Nobody At All Ltd", *command[2:]]).exit_code != 0


def _data(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def test_a_dossier_has_story_versions_and_places(told: tuple[Settings, RunView, list[Opinion]]) -> None:
    tables = ArchiveTables.of(told[0])
    case = [each for each in DOCUMENTS if each.title.startswith("Regulator opens a case")]
    found = dossier(tables, case[2].id)
    assert found is not None
    assert [each.document.id for each in found.story] == [each.id for each in case]
    assert found.earlier == 2 and len(found.versions) == 1
    assert found.document == case[2]
    assert DOCUMENTS[found.place.offset] == case[2]
    assert [each.company for each in found.opinions] == ["BA"]
    assert dossier(tables, "0" * 32) is None
