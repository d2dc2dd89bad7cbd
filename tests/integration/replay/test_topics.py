"""A replay of topics: which records a range selects, and what is said when the log no longer holds it."""

from __future__ import annotations

import json
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
from kafka import KafkaAdminClient, TopicPartition
from typer.testing import CliRunner

from services.commands import main as cli
from services.embedded.kafka import EmbeddedKafka
from services.ingest.documents.normalise import Reading
from services.ingest.file_load import load_file
from services.ingest.sources.in_house.files import FileSource
from services.replay.records import RangeError, read_topics
from services.replay.run import Question, replay
from shared.clients.kafka import client_config
from shared.clock import HOUR, HOUR_SECONDS, SECOND, SystemClock, to_iso
from shared.contract.events import Channel
from shared.settings import Settings, load_settings

pytestmark = pytest.mark.kafka
START = 1_400_000_000


def load(settings: Settings, folder: Path, channel: Channel, count: int) -> None:
    """An hour between two documents; the second half was written down first, as history often is."""
    order = [*range(count // 2, count), *range(count // 2)]
    rows = [{"text": f"$AAPL {channel} {i}", "published_at": START + i * HOUR_SECONDS, "external_id": i} for i in order]
    path = folder / f"{channel}.jsonl"
    path.write_bytes(b"\n".join(msgspec.json.encode(row) for row in rows))
    load_file(settings, FileSource(path, {}, Reading(channel, "test", ZoneInfo("UTC"))), SystemClock())


@pytest.fixture
def settings(tmp_path: Path, own_kafka: EmbeddedKafka, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    state = tmp_path / "state"
    state.mkdir()
    endpoints = {"kafka": own_kafka.settings(), "model": {"name": "stub"}}
    (state / "endpoints.json").write_bytes(msgspec.json.encode(endpoints))
    return load_settings(state)


def moment(hours: int) -> int:
    return START * SECOND + hours * HOUR


def test_a_range_selects_by_availability_up_to_the_end_of_the_log(settings: Settings, tmp_path: Path) -> None:
    load(settings, tmp_path, "news", 60)
    load(settings, tmp_path, "social", 40)
    found = read_topics(settings, ("news",), moment(10), moment(20))
    assert sorted(r.available_at or 0 for r in found.records) == [moment(i) for i in range(10, 20)]
    both = replay(settings, "both", Question(begin=moment(10), end=moment(50)))
    assert both["documents"] == 40 + 30  # every topic is the default

    command = ["replay", "--state", str(settings.state_dir), "--json", "--no-cache"]
    picked = ["--topic", "documents.social", "--topic", "documents.news", "--from", to_iso(moment(30))]
    done = CliRunner().invoke(cli.app, [*command, "--run", "picked", *picked, "--reuse-opinions"])
    assert done.exit_code == 0, done.output
    summary = json.loads(done.stdout.splitlines()[-1])
    assert (summary["documents"], summary["cached"], summary["reused"]) == (40, 0, 0)  # no live opinion to reuse yet

    with pytest.raises(RangeError, match=f"they hold {to_iso(moment(0))} to {to_iso(moment(59))}".replace("+", r"\+")):
        read_topics(settings, ("news",), moment(100), None)
    shorten(settings, 60)
    with pytest.raises(RangeError, match="no longer hold what became available at") as told:
        read_topics(settings, ("news",), moment(0), None)
    held = [r.available_at or 0 for r in read_topics(settings, ("news",), None, None).records]
    assert f"the log holds {to_iso(min(held))} to {to_iso(max(held))}" in str(told.value)
    with pytest.raises(RangeError, match="do not exist"):
        read_topics(load_settings(settings.state_dir, run="x"), ("news", "film"), None, None)  # type: ignore[arg-type]


def shorten(settings: Settings, loaded: int) -> None:
    """Cut what retention would cut: the first records of every partition, until moment(0) is gone."""
    admin = KafkaAdminClient(**client_config(settings.kafka))
    try:
        held = read_topics(settings, ("news",), None, None).records
        last = max(r.offset for r in held if (r.available_at or 0) < moment(loaded // 2))
        cut = {
            TopicPartition("documents.news", p): min(last + 1, max(r.offset for r in held if r.partition == p))
            for p in {r.partition for r in held}
        }
        admin.delete_records(cut)
    finally:
        admin.close()
