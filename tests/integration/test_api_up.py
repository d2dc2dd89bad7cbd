"""The API as `bellwether up` runs it: its address, its keys, a kill, the audit log; no key in anything that is left."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.system import System, until

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(600)]


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    running = System(tmp_path / "state")
    yield running
    running.end()


def last(text: str) -> Any:
    return json.loads(text.splitlines()[-1])


def created(system: System, role: str) -> dict[str, Any]:
    found: dict[str, Any] = last(system.call("keys", "create", f"my-{role}", "--role", role, "--json"))
    return found


def test_programs_are_answered_by_key_and_no_key_is_left_anywhere(system: System) -> None:
    started = last(system.call("up", "--detach", "--no-sample", "--no-dashboard", "--api-port", "0", "--json"))
    assert started["healthy"] and system.status()["api"] == started["api"]
    with httpx.Client(base_url=started["api"], timeout=60) as api:
        until(lambda: api.get("/readyz").status_code == 200)
        keys = {role: created(system, role) for role in ("read", "push")}
        assert keys["read"].keys() >= {"key", "name", "role", "expires"}
        until(lambda: api.get("/v1/market").status_code == 401)

        def by(role: str) -> dict[str, str]:
            return {"Authorization": f"Bearer {keys[role]['key']}"}

        pushed = api.post("/v1/documents", json={"text": "$AAPL beats", "external_id": "1"}, headers=by("push")).json()
        assert pushed["data"][0]["outcome"] == "taken"
        system.call("wait", "--drained", "--timeout", "120")
        found = api.get("/v1/companies/AAPL/documents", headers=by("read")).json()["data"]
        assert [row["id"] for row in found] == [pushed["data"][0]["id"]]

        pid = system.pid_of("worker", "api")
        assert pid is not None
        os.kill(pid, signal.SIGKILL)

        def again() -> bool:
            try:
                return api.get("/v1/market", headers=by("read")).status_code == 200
            except httpx.HTTPError:
                return False

        until(again)
        assert api.get("/v1/market", headers={"X-Api-Key": "bw_nonsense"}).status_code == 401
        until(lambda: len(last(system.call("audit", "list", "--json"))) >= 4)
        entries = last(system.call("audit", "list", "--json"))
        assert {(each["action"], each["outcome"]) for each in entries} >= {
            ("keys create", "done"),
            ("POST /v1/documents", "done"),
            ("GET /v1/market", "refused"),
        }
        system.call("keys", "revoke", "my-read")
        until(lambda: api.get("/v1/market", headers=by("read")).status_code == 401)
        lines = [" ".join(psutil.Process(each).cmdline()) for each in system.processes()]
        said = [*lines, json.dumps(entries), system.call("keys", "list"), system.call("status", expect=None)]
    system.call("down")
    secrets = [each["key"].split("_", 2)[2].encode() for each in keys.values()]
    assert not any(secret.decode() in line for secret in secrets for line in said)
    for path in system.state.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not any(secret in content for secret in secrets), path


def test_a_dashboard_for_everybody_is_refused_unless_it_is_said(system: System) -> None:
    system.set(BELLWETHER_DASHBOARD__HOST="0.0.0.0")
    said = system.said_by("up", "--detach", "--no-sample", "--no-api")
    assert "--insecure" in said and "docs/login.md" in said
    assert system.processes() == {}
