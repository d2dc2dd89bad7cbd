"""The lag of the run, for the page Health: over connections that are kept from one look to the next."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Final

from kafka.errors import KafkaError

from shared.contract.topics import Topics
from shared.reading.offsets import Lag, RunOffsets, require_broker
from shared.reading.run import Applied
from shared.settings import Settings

CONNECT_SECONDS: Final = 0.5  # a page should say soon that Kafka does not answer


class LagReader:
    """Shared by all sessions of the dashboard's process; thread-safe. `load` builds the settings."""

    def __init__(self, load: Callable[[], Settings]) -> None:
        self._load = load
        self._offsets: RunOffsets | None = None
        self._lock = threading.Lock()

    def read(self, positions: Mapping[int, Applied]) -> Lag | None:
        """What waits now, ticks left out; None when Kafka does not answer. `positions`: RunView.positions."""
        with self._lock:
            try:
                offsets = self._connected()
                return offsets.lag(offsets.ends_of_run(), positions)
            except (KafkaError, OSError):
                self._drop()
                return None

    def _connected(self) -> RunOffsets:
        settings = self._load()
        require_broker(settings.kafka, CONNECT_SECONDS)  # a client that was connected would keep trying for long
        if self._offsets is None or self._offsets.kafka != settings.kafka:
            self._drop()
            self._offsets = RunOffsets(settings.kafka, Topics.of(settings), CONNECT_SECONDS)
        return self._offsets

    def _drop(self) -> None:
        if self._offsets is not None:
            self._offsets.close()
            self._offsets = None
