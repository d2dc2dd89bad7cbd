"""/metrics of a worker: its report, as Prometheus reads it, on 127.0.0.1."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from shared.clock import SECOND
from shared.contract.operation import metrics
from shared.contract.operation.health import SourceReport, WorkerReport

log = logging.getLogger(__name__)


class _Report(Collector):
    def __init__(self, current: Callable[[], WorkerReport]) -> None:
        self._current = current

    def collect(self) -> Iterator[Metric]:
        report = self._current()
        for metric, values in _values(report).items():
            family = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
            labels = ["role", "name", *([metric.label] if metric.label else [])]
            samples = family(metric.name, metric.meaning, labels=labels)
            for label, value in values.items():
                samples.add_metric([report.role, report.name, *([label] if metric.label else [])], value)
            yield samples


def _values(report: WorkerReport) -> dict[metrics.Metric, dict[str, float]]:
    """Per metric its samples: value of the extra label ("" without one) -> value."""
    return {
        metrics.RECORDS: {"": report.processed},
        metrics.RATE: {"": report.per_second},
        metrics.LATENCY: {"0.5": report.latency_p50_ms, "0.99": report.latency_p99_ms},
        metrics.QUEUE: {"": report.queue},
        metrics.PARTITIONS: {"": len(report.partitions)},
        metrics.RESIDENT: {"": report.resident_bytes},
        metrics.STARTED: {"": report.started_at / SECOND},
        metrics.DETAIL: {name: float(text) for name, text in report.detail.items() if _is_number(text)},
        **_of_sources(report.sources),
    }


def _of_sources(sources: dict[str, SourceReport]) -> dict[metrics.Metric, dict[str, float]]:
    def each(value: Callable[[SourceReport], float]) -> dict[str, float]:
        return {name: value(source) for name, source in sources.items()}

    return {
        metrics.SOURCE_WELL: each(lambda source: float(source.state in {"well", "ended"})),
        metrics.SOURCE_HEARD: each(lambda source: source.heard_at / SECOND),
        metrics.SOURCE_NEXT: each(lambda source: source.next_poll_at / SECOND),
        metrics.SOURCE_READ: each(lambda source: source.read),
        metrics.SOURCE_TAKEN: each(lambda source: source.taken),
        metrics.SOURCE_REFUSED: each(lambda source: source.refused),
        metrics.SOURCE_COPIES: each(lambda source: source.copies),
        metrics.SOURCE_GAPS: each(lambda source: source.gaps),
    }


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def registry_of(current: Callable[[], WorkerReport]) -> CollectorRegistry:
    """What `current` gives, for Prometheus."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Report(current))
    return registry


def serve_metrics(current: Callable[[], WorkerReport], port: int) -> str:
    """Answer /metrics with what `current` gives; returns host:port. A port in use is replaced by a free one."""
    registry = registry_of(current)
    try:
        server, _ = start_http_server(port, "127.0.0.1", registry)
    except OSError as error:
        log.warning("/metrics: port %d on 127.0.0.1 is not available (%s); using a free one", port, error)
        server, _ = start_http_server(0, "127.0.0.1", registry)
    return f"127.0.0.1:{server.server_port}"
