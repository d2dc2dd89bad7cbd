"""A run whose workers are on other machines: how it is, what its workers are called, and what is copied once."""

from __future__ import annotations

import pytest

from services.supervisor.processes.specs import Options, worker_specs
from services.supervisor.status.servers import single_copies
from services.supervisor.status.status import ELSEWHERE, NOTHING_HERE, Status, elsewhere
from services.supervisor.status.table import print_status
from shared.clients.machine import Machine, UnknownMachine, host_name
from shared.contract.names import is_name
from shared.contract.operation.health import WorkerReport
from shared.settings import Settings, load_settings


def status_of(*roles: str, problems: tuple[str, ...] = ()) -> Status:
    workers = [
        WorkerReport(role=role, name=f"far-ab12cd-{n}", host="far", pid=n, started_at=0, reported_at=0)
        for n, role in enumerate(roles)
    ]
    return Status("live", "stopped", False, [NOTHING_HERE, *problems], workers=workers, hosts=["far"])


def test_without_a_supervisor_here_the_reports_tell(capsys: pytest.CaptureFixture[str]) -> None:
    well = elsewhere(status_of("scoring", "aggregation", "ingest", "archive", "alerts"))
    assert (well.phase, well.healthy, well.problems, well.warnings) == (ELSEWHERE, True, [], [])
    print_status(well)
    shown = capsys.readouterr().out
    assert "healthy on far" in shown
    assert "scoring far-ab12cd-0" in shown


def test_what_is_missing_is_named() -> None:
    found = elsewhere(status_of("scoring"))
    assert not found.healthy
    assert found.problems == ["no aggregation worker reports, on any machine"]
    assert found.warnings == [f"no {role} worker reports, on any machine" for role in ("ingest", "archive", "alerts")]
    lost = elsewhere(status_of("scoring", "aggregation", problems=("Kafka is not ready",)))
    assert (lost.healthy, lost.problems) == (False, ["Kafka is not ready"])


def test_with_nobody_anywhere_the_remedy_stays() -> None:
    assert elsewhere(status_of()).problems == [NOTHING_HERE]


def test_names_carry_host_and_state_folder(tmp_path_factory: pytest.TempPathFactory) -> None:
    def settings(machine: str) -> Settings:
        return load_settings(tmp_path_factory.mktemp("state"), machine=machine)

    names = [Machine.of(settings("node 7.rack/3"))] * 2
    assert names[0].worker(1) == names[1].worker(1)
    assert names[0].host == "node-7-rack-3"
    assert Machine.of(settings("same")).worker(1) != Machine.of(settings("same")).worker(1)
    for machine in ("x" * 63, "Ünïcode", "...", ""):
        assert is_name(Machine.of(settings(machine)).worker(12)), machine
    assert host_name(settings("node7.example.com")) == "node7-example-com"  # what was set stays as it is


def test_a_token_is_made_once_and_what_is_none_is_refused(tmp_path_factory: pytest.TempPathFactory) -> None:
    here = load_settings(tmp_path_factory.mktemp("state"))
    assert Machine.of(here) == Machine.of(here)
    (here.state_dir / "machine").write_text("mine")
    with pytest.raises(UnknownMachine, match="delete it"):
        Machine.of(here)


def test_workers_only_starts_what_was_named(tmp_path_factory: pytest.TempPathFactory) -> None:
    state = tmp_path_factory.mktemp("state")
    options = Options(workers_only=True, scoring=2, aggregation=0, ingest=1)
    specs = worker_specs(state, options, "live", sample=False, named=Machine("far", "ab12cd").worker)
    assert [spec.label for spec in specs] == ["scoring-far-ab12cd-1", "scoring-far-ab12cd-2", "ingest-far-ab12cd-1"]
    assert Options().counts() == dict.fromkeys(("scoring", "aggregation", "alerts", "archive", "ingest"), 1)
    assert options.arguments() == ["--scoring", "2", "--aggregation", "0", "--ingest", "1", "--workers-only"]


def test_one_copy_is_a_warning_where_there_could_be_more() -> None:
    def topic(name: str, copies: int) -> dict[str, object]:
        return {"name": name, "partitions": [{"replica_nodes": list(range(copies))}]}

    assert single_copies([topic("opinions", 1)], 1, near=True) == ""
    assert single_copies([topic("opinions", 3)], 3, near=False) == ""
    for brokers, near in ((3, True), (1, False)):
        words = single_copies([topic("opinions", 1), topic("signals", 2)], brokers, near=near)
        assert words == f"opinions: one copy each (brokers: {brokers}); a lost disk loses their records"
