"""A list in Redis of what is on its way to a topic: one process at a time, by lease, moves it on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import cast

import redis

from shared.clients.redis import give_back_lease, take_lease


class Outbox(ABC):
    """`waits`: the key of the list, `leased`: that of the lease. Methods raise redis.RedisError."""

    def __init__(self, client: redis.Redis, waits: str, leased: str) -> None:
        self._client, self._waits, self._leased = client, waits, leased

    def lease(self, holder: str, seconds: int) -> bool:
        """Whether `holder` is the one that moves it on now."""
        return take_lease(self._client, self._leased, holder, seconds)

    def release(self, holder: str) -> None:
        give_back_lease(self._client, self._leased, holder)

    def outbox(self, most: int) -> list[bytes]:
        """The oldest, as they were put there."""
        return cast("list[bytes]", self._client.lrange(self._waits, 0, most - 1))

    @abstractmethod
    def sent(self, some: list[bytes]) -> None:
        """The topic has these: each is taken out by what it is."""
