"""What Prometheus reads is what the report says."""

from __future__ import annotations

import socket
import urllib.request

from services.runtime.telemetry.metrics import serve_metrics
from shared.contract.operation.health import WorkerReport
from shared.contract.operation.metrics import METRICS

REPORT = WorkerReport(
    role="scoring",
    name="1",
    pid=1,
    started_at=5_000_000,
    reported_at=6_000_000,
    processed=42,
    queue=7,
    partitions=["documents.news[0]", "documents.news[1]"],
    detail={"dead": "3", "metrics": "127.0.0.1:1"},
)


def read(address: str) -> str:
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=5) as response:
        return str(response.read().decode())


def test_every_declared_metric_is_there_with_its_value() -> None:
    text = read(serve_metrics(lambda: REPORT, 0))
    for metric in METRICS:
        assert f"# TYPE {metric.name} {metric.kind}" in text
    assert 'bellwether_records_total{name="1",role="scoring"} 42.0' in text
    assert 'bellwether_partitions{name="1",role="scoring"} 2.0' in text
    assert 'bellwether_detail{figure="dead",name="1",role="scoring"} 3.0' in text
    assert 'figure="metrics"' not in text


def test_a_port_in_use_is_replaced_and_nothing_listens_beyond_this_machine() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = serve_metrics(lambda: REPORT, taken.getsockname()[1])
        assert address.startswith("127.0.0.1:")
        assert address != f"127.0.0.1:{taken.getsockname()[1]}"
        assert "bellwether_queue_records" in read(address)
