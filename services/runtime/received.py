"""A record as the worker's consumer read it: what one entry of a page (services/runtime/faust_consumer.py) becomes."""

from __future__ import annotations

from typing import Any

from faust.types import TP

from services.runtime.faust_consumer import PositionedConsumer
from services.runtime.record import Headers


class Received:
    """A `Record` whose fields are read off Kafka's own when asked for: making one has to cost next to nothing."""

    __slots__ = ("_consumer", "_record", "_tp", "assignment")

    def __init__(self, consumer: PositionedConsumer, record: Any, tp: TP, assignment: int) -> None:
        self._consumer, self._record = consumer, record
        self._tp, self.assignment = tp, assignment

    def ack(self) -> None:
        self._consumer.acknowledge(self._tp, self._record.offset, self.assignment)

    @property
    def topic(self) -> str:
        return self._tp.topic

    @property
    def partition(self) -> int:
        return self._tp.partition

    @property
    def offset(self) -> int:
        return self._record.offset  # type: ignore[no-any-return]

    @property
    def key(self) -> bytes | None:
        return self._record.key  # type: ignore[no-any-return]

    @property
    def value(self) -> bytes | None:
        return self._record.value  # type: ignore[no-any-return]

    @property
    def headers(self) -> Headers:
        return self._record.headers  # type: ignore[no-any-return]

    @property
    def timestamp(self) -> float:
        return self._record.timestamp / 1000  # type: ignore[no-any-return]
