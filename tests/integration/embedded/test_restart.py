"""The embedded services keep port and data through kill -9 and through a clean stop."""

from __future__ import annotations

from pathlib import Path

import pytest
import redis

from services.embedded.errors import EmbeddedError
from services.embedded.kafka import EmbeddedKafka
from services.embedded.redis import EmbeddedRedis
from shared.clients.kafka import client_config, describe, ensure_topics, read_log
from shared.contract.topics import Topic
from shared.settings import KafkaSettings


@pytest.mark.kafka
def test_kafka_keeps_port_topic_and_records(own_kafka: EmbeddedKafka) -> None:
    from kafka import KafkaProducer

    settings = KafkaSettings(**own_kafka.settings())
    before = ensure_topics(settings, [Topic("t", 1, {})])
    for number, stop in enumerate((own_kafka.kill, own_kafka.stop)):
        producer = KafkaProducer(**client_config(settings))
        producer.send("t", str(number).encode()).get(timeout=20)
        producer.close()
        port = own_kafka.port
        stop()
        assert not own_kafka.running()
        own_kafka.start()
        assert own_kafka.port == port
        assert describe(settings, ["t"]) == before
        assert [record.value for record in read_log(settings, {"t": 1})] == [
            str(done).encode() for done in range(number + 1)
        ]


def test_redis_keeps_acknowledged_writes_through_kill(own_redis: EmbeddedRedis, tmp_path: Path) -> None:
    with redis.Redis.from_url(own_redis.url) as client:
        for number in range(500):
            client.set(f"k{number}", number)
        own_redis.copy_data(tmp_path / "older")
        client.set("late", 1)
    own_redis.kill()
    own_redis.start()
    with redis.Redis.from_url(own_redis.url) as client:
        assert client.dbsize() == 501
    with pytest.raises(EmbeddedError, match="stop or kill"):
        own_redis.put_back(tmp_path / "older")
    own_redis.stop()
    own_redis.put_back(tmp_path / "older")
    own_redis.start()
    with redis.Redis.from_url(own_redis.url) as client:
        assert client.dbsize() == 500
        assert client.get("late") is None
