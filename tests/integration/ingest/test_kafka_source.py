"""A foreign topic as a source, by a real broker: formats, tombstones, gaps, and every record once through kills."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic

from shared.clients.kafka import client_config
from shared.clients.state_folder import StateFolder
from shared.settings import KafkaSettings, Settings
from tests.contract.listed import build, documents, items, read, refused
from tests.integration.ingest.reading import in_environment, read_documents, wait_for
from tests.unit.ingest.test_avro_records import ROW, whole_file

pytestmark = pytest.mark.kafka


class Foreign:
    """A topic of somebody else's."""

    def __init__(self, kafka: dict[str, Any], topic: str, partitions: int = 2) -> None:
        self.kafka, self.topic, self.partitions = kafka, topic, partitions
        self.config = client_config(KafkaSettings(**kafka))
        self.make()

    def make(self) -> None:
        # its records are of long ago: the broker's own retention would take them whenever it next looks
        topic = NewTopic(self.topic, self.partitions, 1, topic_configs={"retention.ms": "-1"})
        with_admin(self.config, lambda admin: admin.create_topics([topic]))

    def put(self, *values: bytes | None, key: bytes | None = None, headers: Any = None, partition: int = 0) -> None:
        producer = KafkaProducer(**self.config)
        for value in values:
            producer.send(self.topic, value, key, headers, partition, 1_790_000_000_000)
        producer.close()

    def source(self, **options: Any) -> Any:
        names = ("bootstrap_servers", "security_protocol", "sasl_mechanism", "sasl_username", "sasl_password")
        own = {name: self.kafka[name] for name in names}
        return build("kafka", topic=self.topic, **own, **({"start": "earliest"} | options))


def with_admin(config: dict[str, Any], act: Any) -> None:
    admin = KafkaAdminClient(**config)
    act(admin)
    admin.close()


def until(number: int) -> Any:
    return lambda batches: sum(len(batch.items) for batch in batches) >= number


@pytest.fixture
def foreign(kafka: dict[str, Any], run_name: str) -> Foreign:
    return Foreign(kafka, f"{run_name}-theirs")


def test_json_with_paths_headers_and_a_key(foreign: Foreign) -> None:
    value = {"data": {"msg": "Apple rises", "by": {"name": "Ann"}}, "at": "2026-01-02T14:00:00Z"}
    foreign.put(json.dumps(value).encode(), key=b"k1", headers=[("ticker", b"AAPL")])
    foreign.put(b"{broken", b'["list"]', None, key=b"k2")
    mapping = {"text": "data.msg", "author": "data.by.name", "published_at": "at", "company": "headers.ticker"}
    source = foreign.source(map=mapping)
    batches = read(source, until(4))
    (document,) = documents(source, batches)
    assert (document.text, document.author, document.external_id) == ("Apple rises", "Ann", "k1")
    assert document.published_at == 1_767_362_400_000_000 and document.source == "one"
    assert items(batches)[0]["company"] == "AAPL"
    assert [one.reason for one in refused(batches)] == ["undecodable", "undecodable"]
    assert items(batches)[-1] == {"external_id": "k2", "deleted": True}


def test_text_csv_and_avro(foreign: Foreign) -> None:
    foreign.put(b"Apple rises", b"\xff\xfe")
    source = foreign.source(format="text")
    batches = read(source, until(2))
    assert [one.text for one in documents(source, batches)] == ["Apple rises"] and len(refused(batches)) == 1
    foreign.put(b'1,"Apple, rises"', b"1,2,3", partition=1)
    csv = foreign.source(format="csv", columns=["external_id", "text"])
    batches = read(csv, until(4))
    assert "Apple, rises" in [one.text for one in documents(csv, batches)]
    avro = Foreign(foreign.kafka, f"{foreign.topic}-avro")
    avro.put(whole_file([ROW, ROW]), b"no avro")
    source = avro.source(format="avro", map={"text": "body", "author": "user.name", "external_id": "{offset}"})
    batches = read(source, until(3))
    assert [(one.text, one.author) for one in documents(source, batches)] == [("Apple rises", "ann")] * 2
    assert "avro" in refused(batches)[0].detail


def test_it_begins_where_it_is_told_and_names_what_is_gone(foreign: Foreign) -> None:
    foreign.put(b'{"text": "old"}')
    latest = foreign.source(start="latest")
    cursor = read(latest, lambda batches: len(batches) > 1)[-1].cursor
    foreign.put(b'{"text": "new"}', b'{"text": "newer"}')
    assert [item["text"] for item in items(read(latest, until(2), cursor))] == ["new", "newer"]
    by_time = foreign.source(start="2020-01-01T00:00:00Z")
    assert len(items(read(by_time, until(3)))) == 3
    gone = read(by_time, until(1), cursor | {"p.0": 77})
    assert refused(gone)[0].reason == "gap" and "offset 77 of [0, 3]" in refused(gone)[0].detail
    with_admin(foreign.config, lambda admin: admin.delete_topics([foreign.topic]))
    missing = foreign.source()
    read(missing, until(1))
    assert f"there is no topic {foreign.topic}" in missing.trouble


def test_a_partition_that_is_added_is_read(foreign: Foreign, monkeypatch: pytest.MonkeyPatch) -> None:
    from kafka.admin import NewPartitions

    monkeypatch.setattr("services.ingest.sources.in_house.kafka_topic._LOOK_AGAIN", 2)
    foreign.put(b'{"text": "first"}')
    source = foreign.source()
    added: list[bool] = []

    def grow(batches: Any) -> bool:
        if items(batches) and not added:
            added.append(True)
            with_admin(foreign.config, lambda admin: admin.create_partitions({foreign.topic: NewPartitions(3)}))
            wait_for(lambda: can_put(foreign), "the new partition")
        return len(items(batches)) == 2

    assert [item["text"] for item in items(read(source, grow))] == ["first", "second"]


def can_put(foreign: Foreign) -> bool:
    try:
        foreign.put(b'{"text": "second"}', partition=2)
    except (AssertionError, ValueError):
        return False
    return True


def test_every_record_once_through_kills(settings: Settings, foreign: Foreign) -> None:
    names = ("bootstrap_servers", "security_protocol", "sasl_mechanism", "sasl_username", "sasl_password")
    entry = {"name": "theirs", "kind": "kafka", "topic": foreign.topic, "start": "earliest", "group": "watchers"}
    folder = StateFolder(settings.state_dir)
    folder.sources.parent.mkdir(parents=True, exist_ok=True)
    folder.sources.write_text(json.dumps([entry | {name: foreign.kafka[name] for name in names}]))
    for start in range(0, 3_000, 1_000):
        for partition in (0, 1):
            values = [json.dumps({"text": f"{partition} {number}"}).encode() for number in range(start, start + 1_000)]
            foreign.put(*values, partition=partition)
        with ingest(settings) as process:
            done = start * 2 + 300
            wait_for(lambda: len(read_documents(settings).documents) > done, "some of them")  # noqa: B023
            process.send_signal(signal.SIGKILL)
            process.wait()
    with ingest(settings) as process:
        wait_for(lambda: len(read_documents(settings).ids) == 6_000, "all of them")
        wait_for(lambda: committed(foreign) > 0, "progress of the group")
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    found = read_documents(settings)
    assert {document.text for document in found.documents} == {f"{part} {n}" for part in (0, 1) for n in range(3_000)}


class ingest:
    """The worker as the process that it is."""

    def __init__(self, settings: Settings) -> None:
        env = os.environ | {
            "BELLWETHER_KAFKA": in_environment(settings.kafka),
            "BELLWETHER_REDIS": in_environment(settings.redis),
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "services.commands.main", "worker", "ingest", "--name", "1", "--run", settings.run,
             "--state", str(settings.state_dir)], env=env,
        )  # fmt: skip

    def __enter__(self) -> subprocess.Popen[bytes]:
        return self.process

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()


def committed(foreign: Foreign) -> int:
    consumer = KafkaConsumer(**foreign.config, group_id="watchers", enable_auto_commit=False)
    try:
        return sum(consumer.committed(TopicPartition(foreign.topic, number)) or 0 for number in (0, 1))
    finally:
        consumer.close()
