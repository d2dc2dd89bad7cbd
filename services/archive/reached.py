"""How far the archive has the opinions, told in Redis: what it has there, the aggregator need not keep in words."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, cast

import redis
from redis.exceptions import RedisError

from shared.contract.keys import archived_key

log = logging.getLogger(__name__)


class Reached:
    """Of one run, in one incarnation of the topic. Two workers that hold the same partition for a moment may tell the
    lower offset last: words stay for longer, and none is lost."""

    def __init__(self, client: redis.Redis, run: str, topic_id: str) -> None:
        self._client, self._key, self._topic_id = client, archived_key(run), topic_id

    def tell(self, offsets: Mapping[int, int]) -> None:
        """`offsets`: by partition, the next one that is not archived. A Redis that does not answer is told later."""
        if not offsets:
            return
        told = {str(partition): f"{self._topic_id}:{offset}" for partition, offset in offsets.items()}
        try:
            self._client.hset(self._key, mapping=cast(Any, told))
        except (RedisError, OSError) as error:
            log.warning("Redis is not told how far the archive is: %s", error)
