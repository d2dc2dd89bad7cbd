"""Many commands to Redis in one round trip."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import redis

from shared.contract.operation.metrics import REDIS_SECONDS
from shared.measured import MEASURED


def ask(client: redis.Redis, calls: Sequence[tuple[Any, ...]]) -> list[Any]:
    """The answers to `calls`, each a command and its arguments. Raises redis.RedisError."""
    if not calls:
        return []
    pipeline = client.pipeline(transaction=False)
    for call in calls:
        pipeline.execute_command(*call)  # type: ignore[no-untyped-call]
    with MEASURED.timed(REDIS_SECONDS, "read"):
        return pipeline.execute()
