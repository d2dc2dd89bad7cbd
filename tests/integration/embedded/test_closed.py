"""Other accounts of the machine reach 127.0.0.1: the embedded servers let nobody in who has not their password."""

from __future__ import annotations

import json
import socket
import stat
import struct
from pathlib import Path

import psutil
import pytest
import redis
from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from services.embedded.kafka import EmbeddedKafka
from services.embedded.ports import free_port
from services.embedded.redis import EmbeddedRedis
from services.embedded.service import EmbeddedService
from services.supervisor.processes.endpoints import own_servers
from shared.clients.kafka import client_config
from shared.clients.redis import connect
from shared.settings import KafkaSettings, RedisSettings, load_settings

CLOSED = (
    ("CONFIG", "SET", "dir", "/tmp"), ("CONFIG", "GET", "*"), ("CONFIG", "REWRITE"), ("MODULE", "LOAD", "/tmp/x.so"),
    ("MODULE", "LIST"), ("DEBUG", "SLEEP", "0"), ("ACL", "SETUSER", "other", "on", "nopass", "+@all", "~*"),
    ("REPLICAOF", "127.0.0.1", "1"), ("SLAVEOF", "127.0.0.1", "1"), ("SHUTDOWN", "NOSAVE"),
)  # fmt: skip


def test_redis_lets_nobody_in_without_the_password(own_redis: EmbeddedRedis) -> None:
    for password in (None, "wrong"):
        with redis.Redis(port=own_redis.port, password=password) as client, pytest.raises(redis.RedisError):
            client.ping()
    with connect(RedisSettings(**own_redis.settings())) as client:
        assert client.ping()


@pytest.mark.parametrize("command", CLOSED, ids=lambda command: "-".join(command[:2]))
def test_nobody_at_all_becomes_the_server_s_user(redis_url: str, command: tuple[str, ...]) -> None:
    script = "return redis.call(unpack(ARGV))"
    with redis.Redis.from_url(redis_url) as client:
        for call in (command, ("EVAL", script, "0", *command)):
            with pytest.raises(redis.ResponseError, match=r"(?i)permission|not allowed|can't run this command"):
                client.execute_command(*call)
        assert client.ping()


def test_passwords_are_kept_private_and_in_no_command_line(
    own_redis: EmbeddedRedis, kafka_server: EmbeddedKafka
) -> None:
    servers: tuple[EmbeddedService, ...] = (own_redis, kafka_server)
    for server in servers:
        assert server.pid is not None
        line = psutil.Process(server.pid).cmdline()
        assert line and not any(server.password in part for part in line)
        holding = [path for path in server.folder.rglob("*") if path.is_file() and holds(path, server.password)]
        assert {path.name for path in holding} <= {"password", "server.properties"}
        assert {stat.S_IMODE(path.stat().st_mode) for path in holding} == {0o600}
    assert own_redis.password != kafka_server.password
    before = own_redis.password
    own_redis.kill()
    own_redis.start()
    assert own_redis.password == before
    with redis.Redis.from_url(own_redis.url) as client:
        assert client.ping()


def holds(path: Path, secret: str) -> bool:
    return secret.encode() in path.read_bytes()


def test_a_command_on_a_stopped_folder_of_the_former_version_gets_the_password(tmp_path: Path) -> None:
    """It knew none: the first start makes it, and notes it where every command looks."""
    port = free_port()
    (tmp_path / "redis").mkdir()
    (tmp_path / "redis" / "ports.json").write_text(json.dumps({"redis": port}))
    (tmp_path / "endpoints.json").write_text(json.dumps({"redis": {"url": f"redis://127.0.0.1:{port}/0"}}))
    assert load_settings(tmp_path).redis.password is None
    with own_servers(tmp_path, with_kafka=False), connect(load_settings(tmp_path).redis) as client:
        assert client.ping()
    assert stat.S_IMODE((tmp_path / "endpoints.json").stat().st_mode) == 0o600


@pytest.mark.kafka
def test_kafka_lets_nobody_in_without_the_password(kafka_server: EmbeddedKafka) -> None:
    good = kafka_server.settings()
    for bad in ({"security_protocol": "PLAINTEXT"}, {"sasl_password": "wrong"}, {"sasl_username": "other"}):
        settings = KafkaSettings(**good | bad)
        with pytest.raises((KafkaError, OSError)):
            KafkaAdminClient(
                **client_config(settings), bootstrap_timeout_ms=3000, request_timeout_ms=3000
            ).list_topics()
    admin = KafkaAdminClient(**client_config(KafkaSettings(**good)))
    admin.list_topics()
    admin.close()


@pytest.mark.kafka
def test_the_controller_does_not_answer_whoever_says_no_password(kafka_server: EmbeddedKafka) -> None:
    ports = json.loads((kafka_server.folder / "ports.json").read_text())
    asking = struct.pack(">hhihi", 3, 0, 1, -1, 0)  # Metadata, version 0, of all topics
    for port in ports.values():
        with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
            client.sendall(struct.pack(">i", len(asking)) + asking)
            assert client.recv(100) == b""
