"""`ingest.sources` in a worker that runs: sources come, change and go while the others go on undisturbed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import httpx
import pytest

from shared.clients.redis import connect
from shared.clients.state_folder import StateFolder
from shared.contract.keys import worker_key
from shared.contract.operation.health import SourceReport, decode_report
from shared.settings import Settings, SettingsError, kept_sources
from tests.contract.feed_servers import answer, http_server
from tests.integration.ingest.reading import in_environment, read_documents, wait_for
from tests.integration.ingest.test_worker import stories, worker

pytestmark = pytest.mark.kafka


class Papers:
    """Two papers, /a and /b; each says how often it was asked."""

    def __init__(self) -> None:
        self.items = {"/a": 2, "/b": 1}
        self.polls = {"/a": 0, "/b": 0}

    def respond(self, request: BaseHTTPRequestHandler) -> None:
        if request.path not in self.items:
            return answer(request, 404)
        self.polls[request.path] += 1
        items = "".join(
            f"<item><title>{request.path} {number}</title><guid>{number}</guid></item>"
            for number in range(self.items[request.path])
        )
        body = f'<rss version="2.0"><channel><title>W</title>{items}</channel></rss>'
        return answer(request, 200, body.encode())


@pytest.fixture
def papers() -> Iterator[tuple[Papers, str]]:
    kiosk = Papers()
    with http_server(kiosk.respond) as address:
        yield kiosk, address


def sources(settings: Settings) -> dict[str, SourceReport]:
    raw = connect(settings.redis).get(worker_key(settings.run, "ingest", "1"))
    return decode_report(raw).sources if isinstance(raw, bytes) else {}


def taken(settings: Settings, name: str) -> int:
    found = sources(settings).get(name)
    return found.taken if found and found.state == "well" else 0


def command(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | {
        "BELLWETHER_KAFKA": in_environment(settings.kafka),
        "BELLWETHER_REDIS": in_environment(settings.redis),
    }
    return subprocess.run(
        [sys.executable, "-m", "services.commands.main", "sources", *arguments, "--state", str(settings.state_dir)],
        env=env, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def listed(settings: Settings) -> dict[str, dict[str, Any]]:
    said = command(settings, "list", "--run", settings.run, "--json").stdout
    return {row["name"]: row for row in json.loads(said.strip().splitlines()[-1])}


def test_sources_come_change_and_go_while_the_others_go_on(settings: Settings, papers: tuple[Papers, str]) -> None:
    kiosk, address = papers
    with worker(settings, f"{address}/a") as process:
        wait_for(lambda: len(stories(settings)) == 2, "the first paper")
        asked = kiosk.polls["/a"]
        assert command(settings, "add", "second", f"url={address}/b", "seconds=0.2", "--kind", "rss").returncode == 0
        wait_for(lambda: "/b 0" in stories(settings), "the second paper")
        wait_for(lambda: taken(settings, "second") == 1, "a word of the second paper")
        told = sources(settings)["second"]
        assert (told.kind, told.read, told.refused) == ("rss", told.taken + told.copies, 0)
        assert told.heard_at and told.next_poll_at
        row = listed(settings)["second"]
        assert row["state"] == "well" and row["options"] == {"url": f"{address}/b", "seconds": 0.2}
        metrics = f"http://{decode_report(_raw(settings)).detail['metrics']}/metrics"
        counted = f'bellwether_source_taken_total{{name="1",role="ingest",run="{settings.run}",source="second"}} 1.0'
        assert counted in httpx.get(metrics).text
        add_by_hand(settings, {"name": "bad", "kind": "rss", "url": f"{address}/b", "colour": "blue"})
        wait_for(lambda: "bad" in sources(settings), "a word of the bad entry")
        assert "there is no option 'colour'" in sources(settings)["bad"].trouble
        assert command(settings, "remove", "second").returncode == 0
        wait_for(lambda: "second" not in sources(settings), "the second paper has gone")
        kiosk.items["/b"] = 2
        kiosk.items["/a"] = 3
        wait_for(lambda: "/a 2" in stories(settings), "the first paper goes on")
        assert "/b 1" not in stories(settings) and kiosk.polls["/a"] > asked
        assert command(settings, "add", "second", f"url={address}/b", "--kind", "rss").returncode == 0
        wait_for(lambda: "/b 1" in stories(settings), "the second paper goes on where it was")
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    found = read_documents(settings)
    assert len(found.documents) == len(found.ids) == 5 and not found.broken
    assert {document.source for document in found.documents if document.title.startswith("/b")} == {"second"}


def test_settings_that_cannot_be_read_leave_the_sources_as_they_are(
    settings: Settings, papers: tuple[Papers, str]
) -> None:
    kiosk, address = papers
    with worker(settings, f"{address}/a"):
        wait_for(lambda: len(stories(settings)) == 2, "the first paper")
        StateFolder(settings.state_dir).sources.write_text("- [unclosed")
        wait_for(lambda: "cannot be read" in sources(settings).get("settings", SourceReport(state="")).trouble, "told")
        kiosk.items["/a"] = 3
        wait_for(lambda: len(stories(settings)) == 3, "the paper goes on")
        add_by_hand(settings, {"name": "second", "kind": "rss", "url": f"{address}/b"})
        wait_for(lambda: "/b 0" in stories(settings), "the second paper")
        wait_for(lambda: "settings" not in sources(settings), "the trouble is over")


def test_a_source_is_tried_before_it_is_added(settings: Settings, papers: tuple[Papers, str]) -> None:
    _, address = papers
    tried = command(settings, "check", "new", f"url={address}/a", "--kind", "rss", "--json")
    assert [each["title"] for each in json.loads(tried.stdout.splitlines()[-1])["documents"]] == ["/a 0", "/a 1"]
    gone = command(settings, "check", "new", f"url={address}/c", "--kind", "rss")
    assert gone.returncode == 1 and "new: HTTP 404" in gone.stderr
    wrong = command(settings, "add", "x", "--kind", "fax")
    assert wrong.returncode == 1 and "there is no kind 'fax'; kinds: rss" in wrong.stderr
    presets = subprocess.run(
        [sys.executable, "-m", "services.commands.main", "sources", "presets"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "nasdaq-halts [rss]" in presets.stdout


def _raw(settings: Settings) -> bytes:
    raw = connect(settings.redis).get(worker_key(settings.run, "ingest", "1"))
    assert isinstance(raw, bytes)
    return raw


def add_by_hand(settings: Settings, *entries: dict[str, Any]) -> None:
    """As somebody who edits the file; what cannot be read is replaced."""
    try:
        kept = kept_sources(settings.state_dir)
    except SettingsError:
        kept = []
    StateFolder(settings.state_dir).sources.write_text(json.dumps([*kept, *entries]))
