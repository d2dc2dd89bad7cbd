"""Live = replay through Kafka = replay in one process, byte for byte: buckets, and signals with their evidence."""

from __future__ import annotations

import random
import time
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pandas as pd
import pytest
import redis

from services.aggregation.admin.dump import aggregates_sha256
from services.aggregation.core.plan import Rules
from services.aggregation.signals.strategy import load_strategy
from services.aggregation.stores.redis_store import RedisStore
from services.embedded.kafka import EmbeddedKafka
from services.embedded.redis import EmbeddedRedis
from services.ingest.documents.normalise import Reading
from services.ingest.file_load import load_file
from services.ingest.sources.in_house.files import FileSource
from services.replay import player
from services.replay.run import Question
from services.replay.run import replay as replay_here
from services.replay.through_kafka import _collect, forget_run, replay_through_kafka
from services.replay.workers import run_workers, wait_for_workers
from services.runs.folder import signal_frame
from services.runs.opinion_file import replayed
from services.runs.tables import read_table
from services.scoring.rules.rule_file import rules_of
from shared.clients.kafka import describe, read_log
from shared.clients.redis import connect
from shared.clock import SystemClock
from shared.contract.events import Opinion, decode_opinion
from shared.contract.topics import Topics
from shared.settings import AggregationSettings, Settings, load_settings

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(900)]  # two strategies, and echoes, on a busy machine
CLOSING_SECONDS = 300
RULES = Rules.of(AggregationSettings())
FOR_RULES = (
    "",
    "",
    "",
    "Stocks to watch: ",
    "Retweet to enter the giveaway: ",
    "RSI oversold: ",
)  # rules weigh and drop
NAMES = ("$AAPL", "$MSFT", "$NVDA", "Pfizer", "Boeing", "nobody")


@pytest.fixture
def settings(
    tmp_path: Path, own_kafka: EmbeddedKafka, own_redis: EmbeddedRedis, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    sections = {"kafka": own_kafka.settings(), "redis": own_redis.settings(), "model": {"name": "stub"}}
    state = tmp_path / "state"
    state.mkdir(parents=True, exist_ok=True)
    (state / "endpoints.json").write_bytes(msgspec.json.encode(sections))
    return load_settings(state)


def documents(path: Path) -> Path:
    """Three weeks of posts, not in order of time, some of them twice."""
    draw = random.Random(5)
    rows = []
    for i in range(1500):
        company, other = draw.choice(NAMES), draw.choice(NAMES)
        rows.append(
            {
                "text": draw.choice(FOR_RULES) + f"{company} and {other} said {draw.randrange(90)} things",
                "published_at": 1_400_000_000 + i * 1200 + draw.randrange(-20_000, 20_000),
                "author": f"author{draw.randrange(40)}",
                "external_id": i if draw.random() < 0.9 else max(0, i - 3),
            }
        )
    path.write_bytes(b"\n".join(msgspec.json.encode(row) for row in rows))
    return path


def spoken_of(settings: Settings) -> set[tuple[int, int]]:
    """Where the live documents lie that a rule spoke of."""
    name = Topics("live").opinions
    log = read_log(settings.kafka, {name: settings.kafka.opinion_partitions})
    opinions = [message for record in log if isinstance(message := decode_opinion(record.value or b""), Opinion)]
    assert {True, False} == {each.dropped for each in opinions}
    return {(each.origin.partition, each.origin.offset) for each in opinions if each.spoke}


def wait_for_signals(settings: Settings, client: redis.Redis) -> None:
    """Until every slot has given out what its last tick closed."""
    deadline = time.monotonic() + CLOSING_SECONDS
    slots = settings.kafka.opinion_partitions
    while time.monotonic() < deadline:
        store = RedisStore(client, "live", slots)
        if all(store.state(slot, set()).closed is not None for slot in range(slots)):
            return
        time.sleep(0.2)
    pytest.fail("some slot still owes signals")


def test_live_and_both_replays_give_the_same_bytes(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = documents(tmp_path / "posts.jsonl")
    source = FileSource(path, {}, Reading("social", "test", ZoneInfo("America/New_York")))
    load_file(settings, source, SystemClock())
    question = Question(channels=("news", "social"), strategies=("pulse", "spillover"))

    client = connect(settings.redis)
    with run_workers(settings, "live", question, 2) as children:
        wait_for_workers(settings, "live", children, lambda *_: None)
        wait_for_signals(settings, client)  # the one tick closes three weeks at once, behind the last position
    live = RedisStore(client, "live", settings.kafka.opinion_partitions)

    here = replay_here(settings, "here", question, cache=False)
    monkeypatch.setattr(player, "GROUP", 13)
    again = replay_here(settings, "again", question, cache=False)
    reused = replay_here(settings, "reused", question, cache=False, reuse_opinions=True)
    kafka = replay_through_kafka(settings, "through-kafka", question, 2)
    assert here["documents"] > 1300
    digests = {aggregates_sha256(live), *(r["aggregates_sha256"] for r in (here, again, reused, kafka))}
    assert len(digests) == 1
    assert [r["documents"] for r in (again, reused, kafka)] == [here["documents"]] * 3
    touched = spoken_of(settings)  # what a rule may have set is scored again; of the rest the live workers' answers
    assert touched and reused["reused"] == here["documents"] - len(touched)
    assert here["rules"] == rules_of(settings).digest != ""

    frames = [
        read_table(settings.state_dir / "runs" / n / "signals.parquet")
        for n in ("here", "again", "reused", "through-kafka")
    ]
    assert len(frames[0]) > 100
    reasons = zip(frames[0]["strategy"], map(msgspec.json.decode, frames[0]["reasons"]), strict=True)
    heard = {name for name, some in reasons for feature, value, _ in some if feature == "peers_level" and value}
    assert heard == {"spillover"}, "what is said of peers is counted, where a strategy asks"
    for frame in frames[1:]:
        pd.testing.assert_frame_equal(frames[0], frame)
    # live has had one tick alone, behind everything: the same signals for the same times, whatever it knew when
    given = signal_frame(_collect(settings, Topics("live"), client, live, question).signals)
    pd.testing.assert_frame_equal(frames[0][frames[0]["at"] <= given["at"].max()].reset_index(drop=True), given)
    same = [
        replayed(settings.state_dir / "runs" / n, [load_strategy(each) for each in question.strategies], RULES)
        for n in ("here", "through-kafka")
    ]
    for signals in same:  # what a walk-forward makes of the kept opinions is what the run made of them
        pd.testing.assert_frame_equal(signal_frame(signals), frames[0])
    forget_run(settings, "through-kafka")
    assert describe(settings.kafka, [topic.name for topic in Topics("through-kafka").all()]) == {}
    assert not list(client.scan_iter(match="bw:{through-kafka.*"))
    assert list(client.scan_iter(match="bw:{live.*"))
    client.close()
