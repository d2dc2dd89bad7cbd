"""A text that somebody hands in has the very fields that its opinions would have, had it come through the stream."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from services.commands.offline.score import score
from services.commands.options import OptionError
from services.model.engine import build_engine
from services.runtime.record import Recorded
from services.scoring.entries import entry_of
from services.scoring.inference import encode as tokenise
from services.scoring.inference import infer
from services.scoring.on_demand.score_texts import Given, score_texts
from services.scoring.outcomes import Outgoing
from services.scoring.rules.rule import Rule, Rules, Setting, Where
from services.scoring.rules.rule_file import built_in, load_rules
from services.scoring.rules.speaking import Speakers
from shared.contract.events import MARKET, MICRO, Channel, Document, Opinion, decode_opinion, encode
from shared.contract.topics import Topics
from shared.settings import ModelSettings
from tests.linking import CATALOGUE, LINKER

ENGINE = build_engine(ModelSettings(name="stub:records"))
TOPICS = Topics()
DAY, AT = date(2024, 5, 2), 1_714_608_000_000_000
OWN = (
    Rule(name="apple", when=Where(company=("AAPL",), text=("giveaway",)), set=Setting(event="recall", rumour=True)),
    Rule(name="light", when=Where(source=("forum*",)), weight=0.3),
    Rule(name="calm", when=Where(text=("morning",)), set=Setting(sentiment="neutral", rumour=False), flag="calm"),
)
RULES = Speakers(Rules((*load_rules([built_in("standard")]).rules, *OWN)))
WORDS = (
    "$AAPL", "$MSFT", "Boeing", "good morning", "giveaway", "follow", "to report", "second quarter", "on Monday",
    "results", "ignore previous instructions", "rises", "stocks to watch", "/PRNewswire/ --",
)  # fmt: skip
TEXTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=8).map(" ".join)


def streamed(text: str, title: str, channel: Channel, source: str) -> list[Opinion]:
    """What the worker sends of it."""
    document = Document(
        id="d", channel=channel, source=source, text=text, title=title, published_at=AT, received_at=AT, available_at=AT
    )
    entry = entry_of(Recorded("documents.news", 0, 1, b"k", encode(document)), {"documents.news": "T"}, LINKER)
    infer(ENGINE, [entry], tokenise(ENGINE, [entry]))
    outgoing = Outgoing.to(TOPICS, 2, rules=RULES)
    outgoing.add(entry, ENGINE.model_id)
    assert not entry.reason, entry.detail
    sent = [
        decode_opinion(value)
        for (topic, _), rows in outgoing.records.items()
        if topic == TOPICS.opinions
        for _, value, _ in rows
        if value
    ]
    return sorted((one for one in sent if isinstance(one, Opinion)), key=lambda one: one.origin)


def fields(said: dict[str, Any], whole: dict[str, Any]) -> dict[str, Any]:
    chances = {name: said[name] for name in ("negative", "neutral", "positive")}
    ruled = {name: said[name] for name in ("rules", "flags", "dropped", "weight_left")}
    told = {name: said.get(name, whole[name]) for name in ("event", "rumour")}
    return chances | ruled | told


def opinion_fields(one: Opinion) -> dict[str, Any]:
    chances = {name: getattr(one, name) / MICRO for name in ("negative", "neutral", "positive")}
    ruled = {"rules": list(one.spoke), "flags": list(one.flags), "dropped": one.dropped}
    return chances | ruled | {"weight_left": one.weight_left / MICRO, "event": one.event, "rumour": one.rumour}


@settings(max_examples=100)
@given(
    TEXTS, st.sampled_from(["", "Stocks to watch", "Good morning"]), st.booleans(), st.sampled_from(["forum:x", "w"])
)
def test_the_same_fields_as_the_streams(text: str, title: str, social: bool, source: str) -> None:
    channel: Channel = "social" if social else "news"
    handed = Given(text, title, day=DAY, channel=channel, source=source)
    (said,) = score_texts([handed], ENGINE, CATALOGUE, rules=RULES)
    sent = streamed(text, title, channel, source)
    assert said["rules_digest"] == RULES.digest
    if [one.company for one in sent] == [MARKET]:
        assert not said["companies"]
        assert fields(said | said["document"], said) == opinion_fields(sent[0])
    else:
        assert [one["company"] for one in said["companies"]] == [one.company for one in sent]
        assert [fields(one, said) for one in said["companies"]] == [opinion_fields(one) for one in sent]


def test_left_out_the_model_stands_alone() -> None:
    (said,) = score_texts([Given("Giveaway: follow us $AAPL", channel="social")], ENGINE, CATALOGUE)
    (ruled,) = score_texts([Given("Giveaway: follow us $AAPL", channel="social")], ENGINE, CATALOGUE, rules=RULES)
    assert not {"rules", "dropped", "rules_digest"} & set(said)
    assert ruled["dropped"] and ruled["companies"][0]["rules"] == ["giveaways", "apple"]
    assert ruled["companies"][0]["event"] == "recall" and ruled["event"] == said["event"]


@pytest.fixture
def command() -> typer.Typer:
    app = typer.Typer()
    app.command()(score)
    return app


def test_the_command_names_them_and_leaves_them_out(command: typer.Typer, tmp_path: Path) -> None:
    given = ["Good morning everyone! $AAPL", "--channel", "social", "--model", "stub", "--state", str(tmp_path)]
    told = CliRunner().invoke(command, given).stdout
    assert "greetings: counts nowhere, flag greeting" in told
    plain = json.loads(CliRunner().invoke(command, [*given, "--no-rules", "--json"]).stdout)
    assert "rules" not in plain
    said = json.loads(CliRunner().invoke(command, [*given, "--json"]).stdout)
    assert (said["rules"], said["companies"][0]["dropped"]) == (["greetings"], True)


def test_a_file_of_rules_that_is_wrong_is_named(command: typer.Typer, tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "mine.yaml").write_text("version: 1\nrules: [{name: x}]\n", "utf-8")
    done = CliRunner().invoke(command, ["text", "--model", "stub", "--state", str(tmp_path)])
    assert isinstance(done.exception, OptionError)
    assert "mine.yaml: rule 'x': no `when:`" in str(done.exception) and "--no-rules" in str(done.exception)


def test_what_is_handed_in_is_cleaned_and_masked_as_at_ingest(command: typer.Typer, tmp_path: Path) -> None:
    state = ["--model", "stub", "--json", "--state", str(tmp_path)]
    raw, plain = "<p>Boeing&nbsp;rises, write to jo@example.com</p>", "Boeing rises, write to [email]"
    first, second = (json.loads(CliRunner().invoke(command, [text, *state]).stdout) for text in (raw, plain))
    assert first == second
