"""Who may: the whole table of routes and roles, walked with a key of every role; keys that are no good; limits."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import redis

from services.api.admission.gate import KEYS_SECONDS
from services.api.admission.roles import OPEN, TABLE, Rule
from services.embedded.redis import EmbeddedRedis
from shared.addresses import is_loopback
from shared.clock import DAY, ReplayClock, SystemClock
from shared.contract.keys import API_KEYS
from shared.reading.readers.access import ROLES, AccessKeys, BadKey, Role
from shared.settings import Settings, load_settings
from tests.api_server import served
from tests.browser.seed import END
from tests.system import until


@pytest.fixture
def client(own_redis: EmbeddedRedis) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(own_redis.url) as found:
        yield found


@pytest.fixture
def settings(own_redis: EmbeddedRedis, tmp_path: Path) -> Settings:
    return load_settings(tmp_path / "state", run="apiaccess", redis={"url": own_redis.url}, model={"name": "stub"})


def call(api: httpx.Client, rule: Rule, key: str | None, **headers: str) -> int:
    path = rule.path.replace("{id}", "AAPL").replace("{name}", "nosuch")
    shown = {"Authorization": f"Bearer {key}"} if key else {}
    with api.stream(rule.method, path, headers=shown | headers) as answer:
        return answer.status_code


def test_the_table_is_kept_for_every_role(settings: Settings, client: redis.Redis) -> None:
    store, now = AccessKeys(client), SystemClock().now()
    keys: dict[Role, str] = {role: store.create(f"a-{role}", role, now)[0] for role in ROLES}
    with served(settings) as api:
        for rule in TABLE:
            for role, key in keys.items():
                status = call(api, rule, key)
                assert (status == 403) == (role not in rule.roles), (rule, role, status)
                assert status != 401
            expected = 200 if rule.path == OPEN else 401
            assert call(api, rule, None) == expected, rule
            assert call(api, rule, "bw_000000000000_" + "A" * 43) == expected, rule


def test_without_any_key_this_machine_alone_may_read(settings: Settings, client: redis.Redis) -> None:
    del client
    with served(settings) as api:
        for rule in TABLE:
            assert call(api, rule, None) == 401 if rule.changes else call(api, rule, None) not in (401, 403), rule
        for header in ({"X-Forwarded-For": "192.0.2.1"}, {"Forwarded": "for=192.0.2.1"}, {"Host": "evil.example"}):
            assert api.get("/v1/market", headers=header).status_code == 401  # a proxy's clients, a page in a browser


def test_a_key_works_until_it_is_revoked_or_expires(settings: Settings, client: redis.Redis) -> None:
    store, clock = AccessKeys(client), ReplayClock(END)
    key, _ = store.create("short", "read", END, expires_at=END + DAY)
    other, _ = store.create("long", "read", END)
    with served(settings, clock) as api:
        headers = {"Authorization": f"Bearer {key}"}
        assert api.get("/v1/instruments", headers=headers).status_code == 200
        assert api.get("/v1/instruments", headers={"X-Api-Key": key}).status_code == 200
        clock.advance_to(END + DAY)
        assert api.get("/v1/instruments", headers=headers).status_code == 401
        store.revoke("long")
        until(lambda: api.get("/v1/instruments", headers={"X-Api-Key": other}).status_code == 401, 10 * KEYS_SECONDS)


def test_of_a_key_only_a_hash_is_kept(client: redis.Redis) -> None:
    store = AccessKeys(client)
    key, kept = store.create("once", "admin", END)
    stored = json.dumps({name.decode(): value.decode() for name, value in client.hgetall(API_KEYS).items()})
    secret = key.rpartition("_")[2] if key.count("_") == 2 else key.split("_", 2)[2]
    assert secret not in stored and len(secret) == 43
    assert kept.id in stored
    with pytest.raises(BadKey, match="revoke it first"):
        store.create("once", "read", END)
    with pytest.raises(BadKey, match="keys list"):
        store.revoke("nobody")


def test_too_many_requests_are_told_when_to_come_back(settings: Settings, client: redis.Redis) -> None:
    key, _ = AccessKeys(client).create("hasty", "read", END, rate=3)
    with served(settings) as api:
        headers = {"Authorization": f"Bearer {key}"}
        answers = [api.get("/v1/instruments", headers=headers) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert answers[0].headers["ratelimit"].startswith('"default";r=2;t=')
        assert answers[0].headers["ratelimit-policy"] == '"default";q=3;w=60'
        assert 1 <= int(answers[3].headers["retry-after"]) <= 20


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl on the PATH to make a certificate with")
def test_a_key_travels_encrypted_with_a_certificate_of_one_s_own(
    settings: Settings, client: redis.Redis, tmp_path: Path
) -> None:
    certificate, private = tmp_path / "cert.pem", tmp_path / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    command += ["-out", str(certificate), "-keyout", str(private)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    files = {"tls_certfile": str(certificate), "tls_keyfile": str(private)}
    secured = settings.model_copy(update={"api": settings.api.model_copy(update=files)})
    key, _ = AccessKeys(client).create("safe", "read", SystemClock().now())
    with served(secured) as api:
        assert api.base_url.scheme == "https"
        assert api.get("/v1/instruments", headers={"X-Api-Key": key}).status_code == 200
        with pytest.raises(httpx.HTTPError):
            httpx.get(str(api.base_url).replace("https", "http"))


@pytest.mark.parametrize(
    ("address", "local"),
    [("127.0.0.1", True), ("127.8.9.1", True), ("::1", True), ("::ffff:127.0.0.1", True), ("localhost", True),
     ("10.0.0.1", False), ("0.0.0.0", False), ("::", False), ("::ffff:10.0.0.1", False), ("", False), ("x", False)],
)  # fmt: skip
def test_what_is_this_machine(address: str, local: bool) -> None:
    assert is_loopback(address) is local
