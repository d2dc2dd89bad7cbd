"""/metrics of one process: its report and what it measured, as Prometheus reads them. The run as a whole is shown by
services/supervisor/exposition."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

from shared.clock import SECOND
from shared.contract.operation import metrics
from shared.contract.operation.health import SourceReport, WorkerReport
from shared.contract.operation.metrics import Metric
from shared.measured import MEASURED, LabelValues, Measured

ALL_ADDRESSES: Final = ("", "0.0.0.0", "::")
log = logging.getLogger(__name__)


def family_of(metric: Metric, fixed: Iterable[str], values: Mapping[LabelValues, float]) -> Family:
    """A counter or gauge with its samples; `fixed`: values of the labels that its scope has."""
    kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    family = kind(metric.name, metric.meaning, labels=list(metric.all_labels))
    for labels, value in values.items():
        family.add_metric([*fixed, *labels], value)
    return family


class _Process(Collector):
    def __init__(self, current: Callable[[], WorkerReport], run: str, measured: Measured) -> None:
        self._current, self._run, self._measured = current, run, measured

    def collect(self) -> Iterator[Family]:
        report = self._current()
        fixed = (self._run, report.role, report.name)
        told = _told(report)
        for metric in metrics.PROCESS_METRICS:
            if metric.kind == "histogram":
                yield self._histogram(metric, fixed)
            else:
                yield family_of(metric, fixed, told.get(metric) or self._counted(metric))

    def _counted(self, metric: Metric) -> dict[LabelValues, float]:
        return self._measured.counts(metric) if metric.kind == "counter" else {}

    def _histogram(self, metric: Metric, fixed: tuple[str, ...]) -> Family:
        family = HistogramMetricFamily(metric.name, metric.meaning, labels=list(metric.all_labels))
        for labels, found in self._measured.distributions(metric).items():
            family.add_metric([*fixed, *labels], buckets=found.cumulative(), sum_value=found.total)
        return family


def _told(report: WorkerReport) -> dict[Metric, dict[LabelValues, float]]:
    """What the report says, per metric by the values of its own labels."""
    return {
        metrics.RECORDS: {(): report.processed},
        metrics.QUEUE: {(): report.queue},
        metrics.PARTITIONS: {(): len(report.partitions)},
        metrics.RESIDENT: {(): report.resident_bytes},
        metrics.STARTED: {(): report.started_at / SECOND},
        metrics.INFO: {(report.model, report.model_id, report.device, report.precision): 1},
        metrics.DETAIL: {(name,): float(text) for name, text in report.detail.items() if _is_number(text)},
        metrics.STREAMS: {(): float(report.detail.get("streams", "0"))},
        **_of_sources(report.sources),
    }


def _of_sources(sources: dict[str, SourceReport]) -> dict[Metric, dict[LabelValues, float]]:
    def each(value: Callable[[SourceReport], float]) -> dict[LabelValues, float]:
        return {(name,): value(source) for name, source in sources.items()}

    return {
        metrics.SOURCE_WELL: each(lambda source: float(source.state in {"well", "ended"})),
        metrics.SOURCE_HEARD: each(lambda source: source.heard_at / SECOND),
        metrics.SOURCE_NEXT: each(lambda source: source.next_poll_at / SECOND),
        metrics.SOURCE_READ: each(lambda source: source.read),
        metrics.SOURCE_TAKEN: each(lambda source: source.taken),
        metrics.SOURCE_REFUSED: each(lambda source: source.refused),
        metrics.SOURCE_COPIES: each(lambda source: source.copies),
        metrics.SOURCE_UPDATES: each(lambda source: source.updates),
        metrics.SOURCE_GAPS: each(lambda source: source.gaps),
    }


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def registry_of(current: Callable[[], WorkerReport], run: str, measured: Measured = MEASURED) -> CollectorRegistry:
    """What `current` gives and what this process measured, for Prometheus."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Process(current, run, measured))
    return registry


def serve_metrics(current: Callable[[], WorkerReport], run: str, port: int, host: str = "127.0.0.1") -> str:
    """Answer /metrics with what `current` gives; returns host:port as others reach it. A port in use is replaced by a
    free one."""
    registry = registry_of(current, run)
    try:
        server, _ = start_http_server(port, host, registry)
    except OSError as error:
        log.warning("/metrics: port %d on %s is not available (%s); using a free one", port, host, error)
        server, _ = start_http_server(0, host, registry)
    return f"{reachable(host)}:{server.server_port}"


def reachable(host: str) -> str:
    """The address by which others reach what listens on `host`."""
    name = socket.gethostname() if host in ALL_ADDRESSES else host
    return f"[{name}]" if ":" in name else name
