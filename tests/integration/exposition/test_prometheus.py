"""A real Prometheus with the shipped configuration scrapes the running system."""

from __future__ import annotations

import json
import shutil
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.embedded.ports import free_port
from services.embedded.process import ChildProcess
from shared.clock import SECOND, SystemClock, to_iso
from shared.contract.operation.metrics import PROCESS_METRICS, RUN_METRICS
from tests.system import System, until, write_documents

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(900)]
DEPLOYED = Path(__file__).parents[3] / "deploy" / "prometheus"
ROLES = {"ingest", "scoring", "aggregation", "alerts", "archive", "api"}
# what this run gives no occasion for: prices, streams, channels, drift of a first day
UNSEEN = {
    "bellwether_source_", "bellwether_rejected", "bellwether_drift", "bellwether_redis_limit", "bellwether_shadow",
}  # fmt: skip


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    running = System(tmp_path / "state")
    running.set(BELLWETHER_METRICS__PORT="0")
    yield running
    running.end()


class Server:
    """Prometheus on the shipped files, with the exporter's address of this run and less patience."""

    def __init__(self, folder: Path, exporter: str) -> None:
        found = shutil.which("prometheus")
        if found is None:
            pytest.fail("prometheus is not on the PATH; run: bash .ci/prometheus (Debian: apt-get install prometheus)")
        shutil.copytree(DEPLOYED, folder)
        config = folder / "prometheus.yml"
        text = config.read_text().replace("127.0.0.1:9464", exporter).replace("15s", "1s")
        config.write_text(text)
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        command = [found, f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}"]
        self._child = ChildProcess([*command, f"--web.listen-address=127.0.0.1:{port}"], folder / "out", {})
        self._child.start()

    def stop(self) -> None:
        self._child.stop(20)

    def ask(self, path: str, **parameters: str) -> Any:
        query = urllib.parse.urlencode(parameters)
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{query}", timeout=30) as answer:
            return json.load(answer)["data"]

    def ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def value(self, query: str) -> float | None:
        found = self.ask("query", query=query)["result"]
        return float(found[0]["value"][1]) if found else None


def test_prometheus_finds_every_worker_and_what_it_is_told_is_true(system: System, tmp_path: Path) -> None:
    documents, opinions = write_documents(tmp_path / "documents.jsonl")
    started = json.loads(system.call("up", "--detach", "--no-sample", "--no-dashboard", "--json").splitlines()[-1])
    address = started["metrics"].removeprefix("http://").removesuffix("/metrics")
    assert system.status()["metrics"] == started["metrics"]
    server = Server(tmp_path / "prometheus", address)
    try:
        until(server.ready)
        system.call("ingest", "file", str(tmp_path / "documents.jsonl"), "--channel", "news")
        system.call("wait", "--drained", "--timeout", "300")
        with urllib.request.urlopen(f"{started['api']}/v1/market", timeout=30) as answer:
            assert answer.status == 200
        _everything_is_scraped(server)
        until(lambda: server.value("bellwether_documents_scored_total") == documents)
        assert server.value("bellwether_opinions_applied_total") == opinions
        assert server.value("sum(bellwether_scored_total)") == documents
        assert server.value("sum(bellwether_sentiment_total)") == opinions
        assert server.value("bellwether_waiting_documents") == server.value("bellwether_waiting_opinions") == 0
        assert server.value("max(bellwether_behind_seconds)") == 0
        assert server.value("bellwether_history_documents_total{role='aggregation'}") == documents, "of 2024"
        until(lambda: server.value('bellwether_api_request_seconds_count{route="/v1/market",status="200"}') == 1)
        _way_of_a_fresh_document_is_measured(system, server, tmp_path / "fresh.jsonl")
        _rules_are_evaluated(server)
        _every_metric_is_there(server)
    finally:
        server.stop()
    _text_is_as_promtool_wants_it(f"http://{address}/metrics")
    _a_command_shows_the_same(system)


def _everything_is_scraped(server: Server) -> None:
    def roles() -> set[str]:
        return {each["metric"]["role"] for each in server.ask("query", query="bellwether_records_total")["result"]}

    until(lambda: roles() == ROLES)
    targets = server.ask("targets")["activeTargets"]
    assert len(targets) == len(ROLES) + 1
    until(lambda: {each["health"] for each in server.ask("targets")["activeTargets"]} == {"up"})


def _way_of_a_fresh_document_is_measured(system: System, server: Server, file: Path) -> None:
    at = to_iso(SystemClock().now() - 90 * SECOND)
    file.write_text("".join(json.dumps({"text": f"fresh {n} on $BA", "published_at": at}) + "\n" for n in range(20)))
    system.call("ingest", "file", str(file), "--channel", "social")
    until(lambda: server.value('bellwether_read_to_visible_seconds_count{channel="social"}') == 20)
    assert server.value('bellwether_read_to_visible_seconds_bucket{channel="social",le="60.0"}') == 0
    assert server.value('bellwether_read_to_visible_seconds_bucket{channel="social",le="600.0"}') == 20
    taken = server.value("bellwether_published_to_visible_seconds_sum")
    assert taken is not None and 20 * 90 <= taken < 20 * 600


def _rules_are_evaluated(server: Server) -> None:
    def health() -> set[str]:
        return {rule["health"] for group in server.ask("rules")["groups"] for rule in group["rules"]}

    until(lambda: "unknown" not in health())
    assert health() == {"ok"}
    firing = {alert["labels"]["alertname"] for alert in server.ask("alerts")["alerts"] if alert["state"] == "firing"}
    assert firing == set()


def _every_metric_is_there(server: Server) -> None:
    names = set(server.ask("label/__name__/values"))
    for metric in (*RUN_METRICS, *PROCESS_METRICS):
        name = f"{metric.name}_count" if metric.buckets else metric.name
        assert name in names or any(metric.name.startswith(each) for each in UNSEEN), name


def _text_is_as_promtool_wants_it(address: str) -> None:
    with urllib.request.urlopen(address, timeout=30) as answer:
        text = answer.read()
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode() + done.stdout.decode()


def _a_command_shows_the_same(system: System) -> None:
    """`bellwether metrics show` gives the same without the supervisor's exporter."""
    shown = system.call("metrics", "show")
    assert 'bellwether_process_restarts_total{process="scoring-1",run="live"} 0.0' in shown
    assert 'bellwether_healthy{run="live"} 1.0' in shown
