"""What Prometheus reads of a process is what its report says and what it measured."""

from __future__ import annotations

import re
import socket
import urllib.request

import pytest

from services.runtime.telemetry.metrics import reachable, serve_metrics
from shared.contract.operation import metrics
from shared.contract.operation.health import SourceReport, WorkerReport
from shared.contract.operation.metrics import FIXED, METRICS, PROCESS_METRICS, RUN_METRICS
from shared.measured import MEASURED

REPORT = WorkerReport(
    role="scoring",
    name="1",
    pid=1,
    started_at=5_000_000,
    reported_at=6_000_000,
    processed=42,
    queue=7,
    partitions=["documents.news[0]", "documents.news[1]"],
    model="mini",
    device="cpu",
    detail={"dead": "3", "metrics": "127.0.0.1:1"},
    sources={"wire": SourceReport(state="trouble", read=9, gaps=2)},
)


def read(address: str) -> str:
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=5) as response:
        return str(response.read().decode())


def test_every_metric_of_a_process_is_there_with_its_value() -> None:
    text = read(serve_metrics(lambda: REPORT, "live", 0))
    for metric in PROCESS_METRICS:
        assert f"# TYPE {metric.name} {metric.kind}" in text
    fixed = 'name="1",role="scoring",run="live"'
    assert f"bellwether_records_total{{{fixed}}} 42.0" in text
    assert f"bellwether_partitions{{{fixed}}} 2.0" in text
    assert f'bellwether_detail{{figure="dead",{fixed}}} 3.0' in text
    assert f'bellwether_source_well{{{fixed},source="wire"}} 0.0' in text
    assert f'bellwether_source_gaps_total{{{fixed},source="wire"}} 2.0' in text
    assert 'figure="metrics"' not in text


def test_what_was_measured_is_shown_in_classic_buckets() -> None:
    MEASURED.observe_all(metrics.READ_VISIBLE, "news", values=[0.5, 3.0, 1e9])
    text = read(serve_metrics(lambda: REPORT, "live", 0))
    rows = [line for line in text.splitlines() if line.startswith("bellwether_read_to_visible_seconds_bucket")]
    values = [float(row.rpartition(" ")[2]) for row in rows]
    assert values == sorted(values), "buckets are cumulative"
    assert 'le="0.5"' in rows[0] and 'le="+Inf"' in rows[-1]
    assert values[0] >= 1 and values[-1] >= values[-2] + 1


def test_reasons_are_there_before_the_first_of_them() -> None:
    text = read(serve_metrics(lambda: REPORT, "live", 0))
    for reason in metrics.DEAD_REASONS:
        assert f'bellwether_dead_letters_total{{name="1",reason="{reason}",role="scoring",run="live"}}' in text


def test_the_list_keeps_to_the_conventions() -> None:
    assert len(METRICS) >= 40
    assert len({metric.name for metric in METRICS}) == len(METRICS)
    for metric in METRICS:
        assert re.fullmatch(r"bellwether_[a-z]+(_[a-z]+)*", metric.name)
        assert metric.name.endswith("_total") == (metric.kind == "counter")
        assert (metric.kind == "histogram") == bool(metric.buckets) and list(metric.buckets) == sorted(metric.buckets)
        assert metric.meaning.endswith(".") and not {*FIXED[metric.scope], "le", "quantile"}.intersection(metric.labels)
        assert not metric.known or len(metric.labels) == 1
    assert {metric.scope for metric in PROCESS_METRICS} == {"process"}
    assert {metric.scope for metric in RUN_METRICS} == {"run"}


def test_reasons_are_those_of_scoring() -> None:
    from services.scoring import entries

    assert set(metrics.DEAD_REASONS) == {entries.UNDECODABLE, entries.FUTURE, entries.UNREADABLE, entries.UNSCORABLE}


def test_a_port_in_use_is_replaced_and_nothing_listens_beyond_this_machine() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = serve_metrics(lambda: REPORT, "live", taken.getsockname()[1])
        assert address.startswith("127.0.0.1:")
        assert address != f"127.0.0.1:{taken.getsockname()[1]}"
        assert "bellwether_queue_records" in read(address)


@pytest.mark.parametrize(
    ("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("::1", "[::1]"), ("0.0.0.0", socket.gethostname())]
)
def test_the_address_is_the_one_that_others_reach(host: str, shown: str) -> None:
    assert reachable(host) == shown
