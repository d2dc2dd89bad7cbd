"""Faust's producer made idempotent, with sends in whole batches: one future a partition instead of one a record."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka.errors import KafkaError
from faust.transport.drivers import aiokafka as driver

from services.runtime.exits import ExitCode, WorkerStop
from services.runtime.record import Destination, Outbound
from shared.clock import SystemClock
from shared.contract.operation.metrics import KAFKA_SECONDS
from shared.measured import MEASURED

MAX_REQUEST_BYTES = 16 * 1024 * 1024
BATCH_BYTES = 512 * 1024


class IdempotentProducer(driver.Producer):
    """acks=all, idempotent. `publish` returns when Kafka has everything, or stops the worker."""

    def _settings_extra(self) -> Mapping[str, Any]:
        return {"acks": "all", "enable_idempotence": True}

    async def publish(self, records: Mapping[Destination, Sequence[Outbound]]) -> None:
        """Send each destination's records in order and wait for all acknowledgements.

        Raises WorkerStop(RESTART) when any of them is not acknowledged: what failed must not be followed by anything
        later of the same input partition, so the caller sends one group at a time and does not go on after an error.
        """
        try:
            with MEASURED.timed(KAFKA_SECONDS):
                await asyncio.gather(*(self._publish_one(*to, rows) for to, rows in records.items() if rows))
        except KafkaError as error:
            raise WorkerStop(ExitCode.RESTART, f"Kafka did not accept what was sent: {error!r}") from error

    async def _publish_one(self, topic: str, partition: int, rows: Sequence[Outbound]) -> None:
        producer = self._ensure_producer()
        now = SystemClock().now() // 1000  # the topics keep the append time; this value is never read
        start = 0
        while start < len(rows):
            batch = producer.create_batch()
            taken = start
            while taken < len(rows):
                key, value, headers = rows[taken]
                if batch.append(timestamp=now, key=key, value=value, headers=headers) is None:
                    break
                taken += 1
            if taken == start:  # cannot happen: an empty batch takes a record of any size
                raise WorkerStop(ExitCode.ERROR, f"a record for {topic} does not fit a request")
            batch.close()
            # one after the other: a later batch never overtakes, nor outlives, an earlier one
            await (await producer.send_batch(batch, topic, partition=partition))
            start = taken
