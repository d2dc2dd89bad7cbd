"""Traces of this process, where the settings name a collector."""

from __future__ import annotations

import atexit

from services.runtime.record import Record
from shared.clients.machine import host_name
from shared.settings import Settings
from shared.traced import TRACES, Value


def begin_traces(settings: Settings, role: str, name: str) -> None:
    """Nothing, not even an import, where no collector is named."""
    if not settings.traces.endpoint:
        return
    from shared.clients.otlp import Exporter

    about = {
        "service.name": f"bellwether-{role}",
        "service.instance.id": name,
        "service.namespace": settings.run,
        "host.name": host_name(settings),
    }
    token = settings.traces.token
    TRACES.begin(settings.traces.share)
    Exporter(settings.traces.endpoint, about, token.get_secret_value() if token else "")
    atexit.register(TRACES.close)  # workers end without it: services/runtime/exits.py


def attributes_of(record: Record, batch: int) -> dict[str, Value]:
    """Of a record's span: where it lay, and how many were handled together, by OpenTelemetry's names."""
    return {
        "messaging.system": "kafka",
        "messaging.destination.name": record.topic,
        "messaging.destination.partition.id": str(record.partition),
        "messaging.kafka.offset": record.offset,
        "messaging.batch.message_count": batch,
    }
