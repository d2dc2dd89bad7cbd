"""What Redis holds, as a digest. DUMP and SCAN will not do: a table that grows changes its order, and SCAN repeats."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import redis


def contents_sha256(client: redis.Redis, pattern: str) -> str:
    """Of every key of the pattern and its value; the order in a hash or a set says nothing and is left out."""
    read: dict[bytes, Callable[[Any], Any]] = {
        b"string": client.get,
        b"hash": lambda key: sorted(client.hgetall(key).items()),
        b"set": lambda key: sorted(client.smembers(key)),
        b"zset": lambda key: client.zrange(key, 0, -1, withscores=True),
        b"list": lambda key: client.lrange(key, 0, -1),
        b"stream": client.xrange,
    }
    digest = hashlib.sha256()
    for key in sorted(set(client.scan_iter(pattern, count=10_000))):
        digest.update(repr((key, read[client.type(key)](key))).encode())
    return digest.hexdigest()
