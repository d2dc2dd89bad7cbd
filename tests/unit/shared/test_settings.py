"""Settings: precedence, and errors that name the setting without telling a secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from shared.settings import SettingsError, load_settings


def test_precedence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "endpoints.json").write_text('{"redis": {"url": "redis://a"}, "kafka": {"bootstrap_servers": "a:1"}}')
    assert load_settings(tmp_path).redis.url == "redis://a"
    (tmp_path / "bellwether.yaml").write_text("redis: {url: 'redis://b', cluster: true}\n")
    assert load_settings(tmp_path).redis.url == "redis://b"
    assert load_settings(tmp_path).kafka.bootstrap_servers == "a:1"
    monkeypatch.setenv("BELLWETHER_REDIS__URL", "redis://c")
    assert load_settings(tmp_path).redis.url == "redis://c"
    assert load_settings(tmp_path).redis.cluster is True  # one section from two places
    assert load_settings(tmp_path, redis={"url": "redis://d"}).redis.url == "redis://d"


def test_the_state_folder_comes_from_the_environment_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BELLWETHER_STATE_DIR", str(tmp_path))
    (tmp_path / "bellwether.yaml").write_text("run: other\n")
    assert load_settings().run == "other"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("redis: {port: 1}", r"BELLWETHER_REDIS__PORT: "),
        ("kafka: {document_partitions: 0}", r"BELLWETHER_KAFKA__DOCUMENT_PARTITIONS: .*got 0"),
        ("- a list", r"expected a mapping"),
        ("redis: {url: [", r"bellwether.yaml cannot be read"),
        ("run: 'no spaces'", r"BELLWETHER_RUN: "),
    ],
)
def test_a_bad_file_is_an_error_that_names_the_setting(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "bellwether.yaml").write_text(content)
    with pytest.raises(SettingsError, match=message):
        load_settings(tmp_path)


def test_a_secret_is_not_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"BELLWETHER_REDIS__PASSWORD: .*a secret") as caught:
        load_settings(tmp_path, redis={"password": ["hunter2"]})
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(load_settings(tmp_path, redis={"password": "hunter2"}))


@pytest.mark.parametrize(
    "content",
    [
        "redis: {passwrd: hunter2-x}", "redis_password: hunter2-x", "redis: hunter2-x", "ingest: {rss: hunter2-x}",
        "redis:\n  password: *hunter2-x", "redis:\n  password: !hunter2-x y", "redis:\n  password: %hunter2-x",
        "redis:\n  password: 'hunter2-x\n", "redis:\n  password: hunter2-x: y", "kafka: {sasl_password: [hunter2-x]}",
        "redis: {password: {hunter2-x: 1}}", "alerts: {secrets: {A: [hunter2-x]}}", "hunter2-x", "redis: {url: 7}",
        "dashboard: {port: hunter2-x}",
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_does_not_give_its_secrets_away(tmp_path: Path, content: str) -> None:
    (tmp_path / "bellwether.yaml").write_text(content)
    with pytest.raises(SettingsError) as caught:
        load_settings(tmp_path)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None and (caught.value.__suppress_context__ or not caught.value.__context__)


@pytest.mark.parametrize(
    ("name", "value"),
    [("REDIS__PASSWRD", "hunter2"), ("INGEST__RSS", "hunter2"), ("REDIS", "hunter2"), ("INGEST__RSS", '["hunter2')],
)
def test_a_variable_that_cannot_be_used_does_not_give_its_secret_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"BELLWETHER_{name}", value)
    with pytest.raises(SettingsError) as caught:
        load_settings(tmp_path)
    assert "hunter2" not in str(caught.value)
    assert name.split("_", maxsplit=1)[0].lower() in str(caught.value).lower()


def test_settings_are_frozen_and_their_digest_leaves_addresses_out(tmp_path: Path) -> None:
    settings = load_settings(tmp_path)
    with pytest.raises(ValidationError):
        settings.run = "other"
    phrasing = {"phrasing": {"url": "http://127.0.0.1:1/v1", "model": "teller", "key": "k"}}
    assert settings.digest() == load_settings(tmp_path, ask=phrasing).digest()  # answers' words are no result of a run
    assert settings.digest() == load_settings(tmp_path / "x", redis={"url": "redis://elsewhere"}).digest()
    assert settings.digest() != load_settings(tmp_path, aggregation={"lateness_seconds": 5}).digest()


def test_a_password_in_an_address_is_kept_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for url in ("redis://:p%40ss@host:1/0", "redis://host:1/0?password=p@ss"):
        monkeypatch.setenv("BELLWETHER_REDIS__URL", url)
        found = load_settings(tmp_path).redis
        assert found.url == "redis://host:1/0"
        assert found.password is not None and found.password.get_secret_value() == "p@ss"
        assert "p@ss" not in repr(found) and "p%40ss" not in repr(found)
    monkeypatch.setenv("BELLWETHER_REDIS__URL", "rediss://me:p@host/0?socket_timeout=3")
    assert load_settings(tmp_path).redis.url == "rediss://me@host/0?socket_timeout=3"


@pytest.mark.parametrize("named", ["environment", "file", "keyword"])
def test_the_embedded_servers_passwords_go_to_no_other_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    own = {
        "kafka": {"bootstrap_servers": "127.0.0.1:1", "security_protocol": "SASL_PLAINTEXT", "sasl_password": "k"},
        "redis": {"url": "redis://127.0.0.1:2/0", "password": "r"},
    }
    (tmp_path / "endpoints.json").write_text(json.dumps(own))
    given: dict[str, dict[str, object]] = {"kafka": {"document_partitions": 2}, "redis": {"timeout_seconds": 3.0}}
    found = load_settings(tmp_path, **given)
    assert found.redis.password is not None and found.kafka.sasl_password is not None
    assert found.kafka.document_partitions == 2
    other = {"kafka": {"bootstrap_servers": "b:1"}, "redis": {"url": "redis://c/0"}}
    if named == "environment":
        monkeypatch.setenv("BELLWETHER_KAFKA__BOOTSTRAP_SERVERS", "b:1")
        monkeypatch.setenv("BELLWETHER_REDIS", '{"url": "redis://c/0"}')
        found = load_settings(tmp_path)
    elif named == "file":
        (tmp_path / "bellwether.yaml").write_text(json.dumps(other))
        found = load_settings(tmp_path)
    else:
        found = load_settings(tmp_path, **other)
    assert (found.kafka.bootstrap_servers, found.redis.url) == ("b:1", "redis://c/0")
    assert (found.kafka.security_protocol, found.kafka.sasl_password, found.redis.password) == ("PLAINTEXT", None, None)
    if named == "environment":  # the same address, said twice
        monkeypatch.setenv("BELLWETHER_KAFKA__BOOTSTRAP_SERVERS", "127.0.0.1:1")
        assert load_settings(tmp_path).kafka.sasl_password is not None
