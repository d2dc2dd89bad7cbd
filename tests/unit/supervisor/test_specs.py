"""Command lines: role and state folder are on each, and only workers carry `worker ROLE`."""

from __future__ import annotations

import socket
from itertools import pairwise
from pathlib import Path

import pytest

from services.embedded.errors import EmbeddedError
from services.supervisor.console import line
from services.supervisor.processes.endpoints import Endpoints
from services.supervisor.processes.specs import Options, base_path, dashboard_spec, port_for, worker_specs
from services.supervisor.status.status import Status
from services.supervisor.watch import child_problems
from shared.settings import DashboardSettings, SettingsError, load_settings


def test_every_worker_names_role_and_state(tmp_path: Path) -> None:
    specs = worker_specs(tmp_path, Options(scoring=3, aggregation=2), "live", sample=True)
    assert [spec.label for spec in specs] == [
        "scoring-1", "scoring-2", "scoring-3", "aggregation-1", "aggregation-2", "alerts-1",
        "archive-1", "ingest-1",
    ]  # fmt: skip
    for spec in specs:
        assert spec.command[-2:] == ["--state", str(tmp_path)]
        assert ["worker", spec.role] == spec.command[spec.command.index("worker") :][:2]
    assert specs[-1].env["BELLWETHER_INGEST__SAMPLE"] == "true"


def test_the_demo_runs_the_hourly_strategy_beside_pulse_unless_others_are_chosen(tmp_path: Path) -> None:
    def strategies(*, sample: bool, chosen: tuple[str, ...] = ()) -> str | None:
        specs = worker_specs(tmp_path, Options(), "live", sample=sample, strategies=chosen)
        return next(s.env.get("BELLWETHER_AGGREGATION__STRATEGIES") for s in specs if s.role == "aggregation")

    assert strategies(sample=True) == '["pulse", "hourly"]'
    assert strategies(sample=False) is None
    assert strategies(sample=True, chosen=("mine.yaml",)) is None


def test_the_detached_supervisor_gets_the_same_options() -> None:
    """But for the address of Redis, which goes by the environment: it may hold a password."""
    assert Options().arguments() == ["--scoring", "1", "--aggregation", "1"]
    options = Options("k:1", "redis://r", False, False, 0, 2, 3)
    assert options.arguments() == [
        "--bootstrap-servers", "k:1", "--dashboard-port", "0", "--scoring", "2",
        "--aggregation", "3", "--no-sample", "--no-dashboard",
    ]  # fmt: skip


def test_the_dashboard_knows_its_state_folder(tmp_path: Path) -> None:
    spec = dashboard_spec(tmp_path, Options(), "127.0.0.1", 1234, "spring")
    assert spec is not None
    assert spec.env["BELLWETHER_RUN"] == "spring"
    assert spec.env["BELLWETHER_STATE_DIR"] == str(tmp_path)
    assert spec.command[-3:] == ["--", "--state", str(tmp_path)]
    assert not {"scoring", "aggregation", "worker"} & set(spec.command)


def test_behind_a_proxy_the_page_has_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert base_path(DashboardSettings()) == ""
    base = base_path(DashboardSettings(base_path="/tools/bellwether/"))
    spec = dashboard_spec(tmp_path, Options(), "127.0.0.1", 1234, "live", base)
    assert spec is not None
    assert ("--server.baseUrlPath", "tools/bellwether") in pairwise(spec.command)
    monkeypatch.setenv("STREAMLIT_SERVER_BASE_URL_PATH", "/own")
    assert base_path(DashboardSettings()) == "own"
    with pytest.raises(ValueError, match="base_path"):
        DashboardSettings(base_path="a b?")


def test_a_port_that_was_asked_for_and_is_taken_is_an_error_the_configured_one_is_replaced() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(EmbeddedError, match="--dashboard-port"):
            port_for("dashboard", port, 8501, "127.0.0.1")
        assert port_for("dashboard", None, port, "127.0.0.1") > port


def test_named_addresses_start_nothing_and_are_written_for_the_others(tmp_path: Path) -> None:
    kafka, redis = Endpoints(tmp_path, Options("k:9092", "redis://r:6379/0")).choose()
    assert kafka is None
    assert redis is None
    settings = load_settings(tmp_path)
    assert settings.kafka.bootstrap_servers == "k:9092"
    assert settings.redis.url == "redis://r:6379/0"
    assert (tmp_path / "endpoints.json").stat().st_mode & 0o777 == 0o600


def test_the_run_that_is_up_is_the_one_that_other_commands_speak_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Endpoints(tmp_path, Options("k:9092", "redis://r:6379/0"), "spring").choose()
    assert load_settings(tmp_path).run == "spring"
    assert load_settings(tmp_path, run="autumn").run == "autumn"
    Endpoints(tmp_path, Options("k:9092", "redis://r:6379/0")).choose()  # the next start names none
    assert load_settings(tmp_path).run == "live"
    monkeypatch.setenv("BELLWETHER_RUN", "summer")
    Endpoints(tmp_path, Options("k:9092", "redis://r:6379/0")).choose()
    monkeypatch.delenv("BELLWETHER_RUN")
    assert load_settings(tmp_path).run == "summer"


def test_addresses_of_an_earlier_start_do_not_count_as_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BELLWETHER_KAFKA__BOOTSTRAP_SERVERS", raising=False)
    (tmp_path / "endpoints.json").write_text('{"kafka": {"bootstrap_servers": "127.0.0.1:1"}}')
    content = "kafka: {document_partitions: 2}\nredis: {url: 'redis://127.0.0.1:6379/0'}"  # the default, but named
    (tmp_path / "bellwether.yaml").write_text(content)
    kafka, redis = Endpoints(tmp_path, Options()).choose()
    assert kafka is not None
    assert redis is None


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("redis: {password: secret}", "BELLWETHER_REDIS__URL"),
        ("kafka: {security_protocol: SSL}", "BELLWETHER_KAFKA__BOOTSTRAP_SERVERS"),
    ],
)
def test_credentials_without_an_address_are_refused(tmp_path: Path, content: str, names: str) -> None:
    (tmp_path / "bellwether.yaml").write_text(content)
    with pytest.raises(SettingsError, match=names):
        Endpoints(tmp_path, Options()).choose()


def test_the_status_line_says_what_is_wrong_and_what_is_unknown() -> None:
    status = Status("live", "running", False, ["Kafka does not answer"], documents_in=1234)
    assert line(status, 2) == (
        "documents in 1,234 · opinions out ? · 0 documents/s · lag ? · restarts 2 · Kafka does not answer"
    )
    assert child_problems([], []) == []
