"""What needs no server: finding Java, Redis and ports, and the message when there is nothing."""

from __future__ import annotations

import hashlib
import re
import socket
from pathlib import Path

import pytest

from services.embedded import jars, java
from services.embedded.errors import EmbeddedError
from services.embedded.ports import free_port, is_free
from services.embedded.redis import find_redis
from services.embedded.service import EmbeddedService


def test_a_port_in_use_is_not_free_and_free_ports_are_outside_the_ephemeral_range() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert not is_free(taken.getsockname()[1])
    ephemeral = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    ports = {free_port() for _ in range(20)}
    assert all(10_240 <= port < ephemeral for port in ports)


def script(path: Path, version: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2021-01-01' >&2\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(("text", "major"), [("17.0.15", 17), ("1.8.0_302", 8), ("25", 25)])
def test_java_versions(tmp_path: Path, text: str, major: int) -> None:
    assert java.java_version(str(script(tmp_path / "java", text))) == major


def test_an_old_java_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = script(tmp_path / "home" / "bin" / "java", "11.0.2"), script(tmp_path / "path" / "java", "21.0.1")
    monkeypatch.setenv("JAVA_HOME", str(old.parents[1]))
    monkeypatch.setenv("PATH", f"{new.parent}:/usr/bin:/bin")
    assert java.find_java() == java.Java(str(new), 21, "PATH")


def test_without_any_java_the_message_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(java.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(EmbeddedError, match=r"found none; install one .*--bootstrap-servers"):
        java.find_java()
    with pytest.raises(EmbeddedError, match=r"no redis-server found.*--redis-url"):
        find_redis()


def test_without_network_and_cache_one_message_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(cache: Path, paths: list[str]) -> None:
        raise OSError(f"cannot connect, {cache} stays empty, {len(paths)} are missing")

    monkeypatch.setattr(jars, "_download", unreachable)
    with pytest.raises(EmbeddedError, match=r"could not be downloaded.*cannot connect.*--bootstrap-servers"):
        jars.kafka_jars(tmp_path)


PINNED = {f"maven/org/a/{name}/1.0/{name}-1.0.jar": hashlib.sha256(name.encode()).hexdigest() for name in "xy"}


@pytest.fixture
def maven(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """What a download brings, by path; two jars are pinned."""
    offered = {path: path[-9].encode() for path in PINNED}
    asked: dict[str, bytes] = offered

    def download(cache: Path, paths: list[str]) -> None:
        for path in paths:
            jar = cache / path
            jar.parent.mkdir(parents=True, exist_ok=True)
            assert not jar.exists()
            jar.write_bytes(asked[path])

    monkeypatch.setattr(jars, "_download", download)
    monkeypatch.setattr(jars, "pinned", lambda: PINNED)
    return offered


def test_a_jar_cut_short_or_changed_in_the_cache_is_not_used(tmp_path: Path, maven: dict[str, bytes]) -> None:
    wanted = [tmp_path / path for path in maven]
    assert jars.kafka_jars(tmp_path) == wanted
    assert jars.cached_jars(tmp_path) == wanted
    for content in (b"", b"z"):  # shorter, and another one of the same size
        wanted[1].write_bytes(content)
        assert jars.cached_jars(tmp_path) is None
        assert jars.kafka_jars(tmp_path) == wanted
        assert wanted[1].read_bytes() == b"y"


def test_a_jar_that_comes_changed_is_refused(tmp_path: Path, maven: dict[str, bytes]) -> None:
    maven[next(iter(maven))] = b"other"
    with pytest.raises(EmbeddedError, match=r"could not be downloaded.*SHA-256"):
        jars.kafka_jars(tmp_path)
    assert jars.cached_jars(tmp_path) is None


def test_every_jar_of_kafka_is_pinned() -> None:
    found = jars.pinned()
    assert len(found) > 40
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in found.values())
    assert all(re.fullmatch(r"maven/(?:[\w.-]+/){3,}[\w.-]+\.jar", path) and ".." not in path for path in found)
    assert f"maven/org/apache/kafka/kafka_2.13/{jars.KAFKA_VERSION}/kafka_2.13-{jars.KAFKA_VERSION}.jar" in found


class Idle(EmbeddedService):
    """A service that serves nobody; `does` is its shell script."""

    does = "true"

    label, log, patience, look_every = "Idle", "idle.log", 0.3, 0.05

    def spawn(self) -> None:
        self.second, self.third = self._take_ports("first", "second", "third")
        self._run(["sh", "-c", self.does], "idle.log")

    def usable(self) -> bool:
        return False

    def settings(self) -> dict[str, object]:
        return {}


def test_ports_are_kept_where_they_are_free_and_never_given_twice(tmp_path: Path) -> None:
    service = Idle(tmp_path, None, tied=False)
    service.spawn()
    service.stop()
    before = (service.port, service.second, service.third)
    assert len({*before}) == 3
    with socket.create_server(("127.0.0.1", service.second)):
        service.spawn()
        service.stop()
        assert (service.port, service.third) == (before[0], before[2])
        assert service.second not in before
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(EmbeddedError, match="choose another for the embedded"),
    ):
        Idle(tmp_path, taken.getsockname()[1], tied=False).spawn()


@pytest.mark.parametrize(
    ("does", "told"), [("echo no disk; exit 1", "exited at once"), ("exec sleep 60", "was not ready")]
)
def test_a_service_that_does_not_serve_is_ended_and_says_why(tmp_path: Path, does: str, told: str) -> None:
    service = Idle(tmp_path, None, tied=False)
    with pytest.raises(EmbeddedError, match="was not started"):
        service.wait_ready()
    service.does = does
    with pytest.raises(EmbeddedError, match=told) as error:
        service.start()
    assert not service.running()
    assert str(tmp_path / "idle.log") in str(error.value)
    assert ("no disk" in str(error.value)) == does.startswith("echo")
