"""Are the Kafka and the Redis that an operator named really there? Asked before anything is started."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import redis
from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from shared.clients.kafka import client_config
from shared.clients.redis import condition_of, connect, without_password
from shared.reading.offsets import KafkaUnreachable, require_broker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.settings import KafkaSettings, RedisSettings

PATIENCE_SECONDS: Final = 5.0
_KAFKA: Final = (
    "(from --bootstrap-servers, BELLWETHER_KAFKA__BOOTSTRAP_SERVERS or STATE/bellwether.yaml). Start it, correct the "
    "address or the security settings (BELLWETHER_KAFKA__SECURITY_PROTOCOL and the related ones), or leave the address "
    "unset and Bellwether starts its own"
)
_REDIS: Final = (
    "(from --redis-url, BELLWETHER_REDIS__URL or STATE/bellwether.yaml). Start it, correct the address or "
    "BELLWETHER_REDIS__PASSWORD, or leave the address unset and Bellwether starts its own"
)


class NotReachable(ConnectionError):
    """A named server does not serve us; the text names the setting and the remedy."""


def require_kafka(kafka: KafkaSettings) -> None:
    """Raise NotReachable within seconds unless a Kafka broker lets us in."""
    config = client_config(kafka) | {
        "bootstrap_timeout_ms": int(PATIENCE_SECONDS * 1000),
        "request_timeout_ms": int(PATIENCE_SECONDS * 1000),
    }
    try:
        require_broker(kafka)
        with _quietly("kafka"):
            admin = KafkaAdminClient(**config)
            admin.close()
    except KafkaUnreachable:
        raise NotReachable(f"nothing listens at {kafka.bootstrap_servers} {_KAFKA}") from None
    except (KafkaError, OSError) as error:
        what = type(error).__name__
        raise NotReachable(f"cannot connect to Kafka at {kafka.bootstrap_servers} ({what}) {_KAFKA}") from error


def require_redis(settings: RedisSettings) -> None:
    """Raise NotReachable within seconds unless a Redis answers us. One that loads its data is as good as there."""
    client = connect(settings.model_copy(update={"timeout_seconds": PATIENCE_SECONDS}))
    try:
        client.ping()
        found = condition_of(client)
    except (redis.BusyLoadingError, redis.exceptions.NoPermissionError):
        return
    except (redis.RedisError, OSError) as error:
        why = " ".join(str(error).split())[:200]
        raise NotReachable(f"Redis does not answer at {without_password(settings.url)} ({why}) {_REDIS}") from error
    finally:
        client.close()
    if found.danger:
        raise NotReachable(found.danger)
    if found.replica_of and not settings.cluster:
        raise NotReachable(
            f"Redis at {without_password(settings.url)} is a replica and takes no writes; name its master, which it "
            f"says is {found.replica_of} {_REDIS}"
        )


@contextmanager
def _quietly(name: str) -> Iterator[None]:
    """Without the warnings of a client that keeps trying: the error says it all."""
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)
