"""Rules on a real Redis and a real archive: what spoke is kept and told at every door, and a file can be tried."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import redis
from typer.testing import CliRunner

from dashboard.drawing.unfolding import document_page
from services.aggregation.admin.export import export_opinions
from services.commands.main import app
from services.model.stub import StubEngine
from services.scoring.provenance.rules_record import record_rules, rules_history
from services.scoring.rules.rule import Rules
from services.scoring.rules.rule_file import built_in, load_rules
from services.scoring.rules.speaking import Speakers
from services.scoring.rules.trial import Stretch, try_rules
from shared.clock import HOUR
from shared.contract.aggregates import as_recent
from shared.contract.events import CHANNELS, Document, Opinion
from shared.contract.keys import API_KEYS
from shared.contract.weighing import contribution
from shared.reading.archive.tables import ArchiveTables, NoArchive
from shared.reading.run import RunView
from shared.reading.unfolding.company import moved
from shared.reading.unfolding.dossier import dossier
from shared.reading.values.documents import EVER
from shared.settings import Settings, load_settings
from tests import two_days
from tests.api_server import served
from tests.archived_run import fill

RULES = load_rules([built_in("standard")])
TEXTS = (
    "Huge giveaway! Retweet and follow to enter $BA",
    "Stocks to watch today: Apple, Boeing, Microsoft",
    "Boeing to present at the Tarn Aviation Conference",
)


def documents() -> list[Document]:
    more = [
        Document(
            id=f"{place}" * 32, channel="social", source="forum", text=text, language="en", external_id=f"x{place}",
            published_at=at, received_at=at, available_at=at,
        )
        for place, text in enumerate(TEXTS)
        for at in (two_days.SECOND_DAY + (place + 1) * HOUR,)
    ]  # fmt: skip
    return sorted([*two_days.documents(), *more], key=lambda each: (each.available_at, each.id))


@pytest.fixture
def ruled(tmp_path: Path, redis_url: str, run_name: str) -> Iterator[tuple[Settings, redis.Redis, list[Opinion]]]:
    settings = load_settings(tmp_path / "state", run=run_name, redis={"url": redis_url}, model={"name": "stub"})
    settings.state_dir.mkdir()
    (settings.state_dir / "bellwether.yaml").write_text(json.dumps({"redis": {"url": redis_url}}))
    with redis.Redis.from_url(redis_url) as client:
        opinions = fill(settings, client, documents(), StubEngine("stub"), Speakers(RULES))
        yield settings, client, opinions


def about(opinions: list[Opinion], place: int, company: str = "BA") -> Opinion:
    return next(each for each in opinions if each.document_id == f"{place}" * 32 and each.company == company)


def test_what_spoke_is_told_everywhere(ruled: tuple[Settings, redis.Redis, list[Opinion]], tmp_path: Path) -> None:
    settings, client, opinions = ruled
    dropped, lighter, calm = (about(opinions, place) for place in range(3))
    assert (dropped.spoke, dropped.dropped) == (("giveaways",), True)
    assert (lighter.spoke, lighter.weight_left, lighter.flags) == (("stocks-to-watch",), 250_000, ("list",))
    assert (calm.spoke, calm.neutral) == (("calendar-notices",), 1_000_000)
    assert {each.rules for each in opinions} == {RULES.digest}

    run = RunView.of(client, settings.run, settings.kafka.opinion_partitions)
    assert run.totals().dropped == 1
    kept = {each.id: each for each in run.documents.between(["BA"], *EVER)}
    assert dropped.document_id not in kept
    assert kept[lighter.document_id].spoke == ("stocks-to-watch",)
    span = two_days.SECOND_DAY // 1_000_000, two_days.SECOND_DAY // 1_000_000 + 86_400
    found = moved(run, ArchiveTables.of(settings), "BA", CHANNELS, *span)
    assert found.named == found.documents + found.documents_before, "what was dropped moved nothing"

    of = dossier(ArchiveTables.of(settings), dropped.document_id)
    assert of is not None and of.opinions == [dropped]
    shown = as_recent(dropped, contribution(dropped).weight)
    rows = {row["name"]: row["value"] for row in document_page.model_facts(shown, of.opinions)["rows"]}
    assert rows["Rules that spoke"] == "giveaways (dropped: it counts nowhere)" and rows["Flags"] == "spam"
    of = dossier(ArchiveTables.of(settings), lighter.document_id)
    assert of is not None
    rows = {row["name"]: row["value"] for row in document_page.model_facts(as_recent(lighter, 1), of.opinions)["rows"]}
    assert rows["Rules that spoke"] == "stocks-to-watch (it weighs 25% of what it would)"

    export_opinions(opinions, tmp_path / "opinions.parquet")
    exported = [row for row in pq.read_table(tmp_path / "opinions.parquet").to_pylist() if row["rules"]]
    assert {(row["document_id"][0], row["dropped"], row["weight_left"]) for row in exported} >= {
        ("0", True, 1.0), ("1", False, 0.25),
    }  # fmt: skip


def test_the_api_tells(ruled: tuple[Settings, redis.Redis, list[Opinion]]) -> None:
    settings, client, _ = ruled
    client.delete(API_KEYS)
    with served(settings) as api:
        row: Any = api.get(f"/v1/documents/{'0' * 32}").json()["data"]
        assert [(each["rules"], each["flags"], each["dropped"]) for each in row["opinions"]] == [
            (["giveaways"], ["spam"], True)
        ]
        listed = api.get("/v1/companies/BA/documents").json()["data"]
        assert [row["rules"] for row in listed if row["id"] == "1" * 32] == [["stocks-to-watch"]]


def test_a_file_is_tried_and_nothing_changes(
    ruled: tuple[Settings, redis.Redis, list[Opinion]], tmp_path: Path
) -> None:
    settings, _, opinions = ruled
    tables = ArchiveTables.of(settings)
    done = try_rules(tables, RULES, Stretch())
    assert (done["documents"], done["opinions"]) == (len(documents()), len(opinions))
    assert (done["dropped"], done["lighter"], done["documents_matched"]) == (1, 3, 4)
    assert try_rules(tables, RULES, Stretch()) == done
    by_rule = {each["rule"]: each for each in done["by_rule"]}
    (example,) = by_rule["stocks-to-watch"]["examples"]
    assert example["text"] == TEXTS[1]
    assert example["after"]["weight"] == pytest.approx(example["before"]["weight"] / 4, abs=1e-5)
    assert try_rules(tables, Rules(), Stretch())["documents_matched"] == 0
    early = try_rules(tables, RULES, Stretch(end=two_days.SECOND_DAY))
    assert early["documents_matched"] == 1 and 1 < early["documents"] < done["documents"], "the annual meeting"
    assert try_rules(tables, RULES, Stretch(most=2))["documents"] == 2

    mine = tmp_path / "mine.yaml"
    mine.write_text("version: 1\nrules:\n  - {name: boeing, when: {company: BA, channel: news}, weight: 0.5}\n")
    command = ["rules", "test", str(mine), "--run", settings.run, "--state", str(settings.state_dir)]
    result = CliRunner().invoke(app, [*command, "--json"])
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout.splitlines()[-1])
    assert told["by_rule"][0]["opinions"] == sum(o.company == "BA" and o.channel == "news" for o in opinions)
    words = CliRunner().invoke(app, command).stdout
    assert "weigh less" in words and "weight 0.5" in words and "BA" in words
    assert CliRunner().invoke(app, ["rules", "check", str(mine)]).exit_code == 0
    nothing = load_settings(tmp_path / "empty", run="none")
    with pytest.raises(NoArchive, match="bellwether up"):
        try_rules(ArchiveTables.of(nothing), RULES, Stretch())


def test_when_rules_changed_is_noted(redis_url: str, run_name: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert record_rules(client, run_name, Rules(), lambda: pytest.fail("nothing is new")) is None
        first = record_rules(client, run_name, RULES, lambda: {"documents.news:0": 7})
        assert first is not None and (first["rules"], len(first["names"])) == (RULES.digest, 10)
        assert record_rules(client, run_name, RULES, lambda: pytest.fail("nothing is new")) is None
        last = record_rules(client, run_name, Rules(), dict)
        assert rules_history(client, run_name) == [first, last]
        client.delete(f"bw:{run_name}")
