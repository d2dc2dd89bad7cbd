"""Traces of this process, where the settings name a collector."""

from __future__ import annotations

import atexit

from shared.clients.machine import host_name
from shared.settings import Settings
from shared.traced import TRACES


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
