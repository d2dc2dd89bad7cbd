"""Six secrets are planted where people put them; none is in anything that a run prints, writes or gives to Redis.

Its own files excepted: what its user wrote (bellwether.yaml), and where passwords belong (PRIVATE), mode 0600.
"""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis
import yaml

from services.embedded.redis import EmbeddedRedis
from tests.contract.feed_servers import answer, http_server
from tests.system import System
from tests.worker_process import wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(900)]

OPTION, FEED, TOKEN, HOOK, MISSPELT, BROKEN = (
    f"hunter2-{name}-5ecret" for name in ("option", "feed", "token", "hook", "misspelt", "broken")
)
SECRETS = (OPTION, FEED, TOKEN, HOOK, MISSPELT, BROKEN)
PRIVATE = {"bellwether.yaml", "endpoints.json"}


@pytest.fixture
def theirs(tmp_path: Path) -> Iterator[EmbeddedRedis]:
    """A Redis whose password is the first of the secrets."""
    server = EmbeddedRedis(tmp_path / "theirs" / "redis")
    server.folder.mkdir(parents=True)
    (server.folder / "password").write_text(OPTION)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    running = System(tmp_path / "state")
    yield running
    running.end()


def test_none_of_six_secrets_is_in_what_a_run_leaves_or_prints(system: System, theirs: EmbeddedRedis) -> None:
    said: list[str] = []
    asked: list[str] = []

    def feed(request: BaseHTTPRequestHandler) -> None:
        asked.append(request.path)
        answer(request, 500, b"out of order")

    system.state.mkdir()
    for words in (f"redis: {{passwrd: {MISSPELT}}}", f"redis:\n  password: %{BROKEN}"):
        (system.state / "bellwether.yaml").write_text(words)
        said += everything_said(system, "status")
    with http_server(feed) as address:
        sections: dict[str, Any] = {
            "ingest": {
                "rss": [f"{address}/feed.xml?apikey={FEED}"], "rss_seconds": 0.3, "mastodon_url": f"{address}/stream",
                "mastodon_token": TOKEN,
            },
            "alerts": {"secrets": {"DESK": HOOK}},
        }  # fmt: skip
        (system.state / "bellwether.yaml").write_text(yaml.safe_dump(sections))
        up = ("up", "--detach", "--no-sample", "--no-dashboard", "--json", "--redis-url", theirs.url)
        said += everything_said(system, *up)
        wait_until(lambda: any(FEED in path for path in asked), 90, lambda: "\n".join(said))
        lines = [" ".join(psutil.Process(pid).cmdline()) for pid in system.processes()]
        assert len(lines) >= 6
        for command in (
            "status", "status --json", "doctor", "doctor --json", "logs", "replay list", "alerts list --json",
            "topics list", "wait --drained --timeout 20", "aggregates dump",
        ):  # fmt: skip
            said += everything_said(system, *command.split())
        with redis.Redis.from_url(theirs.url) as client:
            kept = values(client)
        said += everything_said(system, "down")
    assert len(kept) > 3
    written = [path for path in system.state.rglob("*") if path.is_file() and path.name not in PRIVATE]
    assert len(written) > 8
    found = {
        "a command line": leaked("\n".join(lines).encode()),
        "an output": leaked("\n".join(said).encode()),
        "Redis": leaked(b"\n".join(kept)),
        **{str(path.relative_to(system.state)): leaked(path.read_bytes()) for path in written},
    }
    assert {place: secrets for place, secrets in found.items() if secrets} == {}


def leaked(content: bytes) -> list[str]:
    return [secret for secret in SECRETS if secret.encode() in content]


def everything_said(system: System, *arguments: str) -> list[str]:
    """What a command prints, on either stream, however it ends."""
    done = system.run(*arguments)
    return [done.stdout, done.stderr]


def values(client: redis.Redis) -> list[bytes]:
    """Every key of Redis and all that it holds."""
    found: list[bytes] = []
    for key in client.scan_iter():
        kind = client.type(key)
        held: Any = {b"hash": client.hgetall, b"set": client.smembers, b"string": client.get}[kind](key)
        found += [key, repr(held).encode()]
    return found
