"""Redis as settings describe it. Clients never retry in silence: a lost connection is the caller's to see."""

from __future__ import annotations

from typing import Any

import redis
import redis.asyncio
from redis.backoff import NoBackoff
from redis.retry import Retry

from shared.settings import RedisSettings


def without_password(url: str) -> str:
    """The address as it may be shown."""
    scheme, separator, rest = url.partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"


def _options(settings: RedisSettings) -> dict[str, Any]:
    options: dict[str, Any] = {
        "password": settings.password.get_secret_value() if settings.password else None,
        "socket_timeout": settings.timeout_seconds,
        "socket_connect_timeout": settings.timeout_seconds,
    }
    if settings.url.startswith("rediss://") and settings.ssl_cafile:
        options["ssl_ca_certs"] = settings.ssl_cafile
    return options


def connect(settings: RedisSettings) -> redis.Redis:
    """A blocking client; values are bytes."""
    options = _options(settings)
    if settings.cluster:
        return redis.RedisCluster.from_url(settings.url, **options)  # type: ignore[return-value]
    return redis.Redis.from_url(settings.url, retry=Retry(NoBackoff(), 0), **options)
