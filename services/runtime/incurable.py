"""Errors that no restart cures: a codec that is not installed, a right that is refused, a Redis that evicts.

A worker that meets one ends with code 3 and the remedy, and is kept stopped; every other loss of Kafka or Redis ends
with code 75. Known by the names of their classes: kafka-python, aiokafka and redis-py each have their own.
"""

from __future__ import annotations

from typing import Final

import redis

from services.runtime.exits import ExitCode, WorkerStop
from shared.clients.disk import causes
from shared.clients.redis import condition_of

_CODEC: Final = (
    "a topic is compressed with a codec that this installation lacks; install what constraints.txt pins (cramjam, lz4, "
    "python-snappy, zstandard), then run: bellwether resume"
)
_RIGHTS: Final = (
    "the account may not do that; grant it the rights of docs/operations.md (Your own Kafka and Redis), then run: "
    "bellwether resume"
)
_LOGIN: Final = (
    "the credentials were refused; correct BELLWETHER_KAFKA__SASL_USERNAME and …SASL_PASSWORD, or "
    "BELLWETHER_REDIS__PASSWORD, then run: bellwether resume"
)
_REMEDIES: Final = {
    "UnsupportedCodecError": _CODEC,
    "UnsupportedCompressionTypeError": _CODEC,
    "TopicAuthorizationFailedError": _RIGHTS,
    "GroupAuthorizationFailedError": _RIGHTS,
    "ClusterAuthorizationFailedError": _RIGHTS,
    "TransactionalIdAuthorizationFailed": _RIGHTS,  # aiokafka's name, then kafka-python's
    "TransactionalIdAuthorizationFailedError": _RIGHTS,
    "NoPermissionError": _RIGHTS,
    "SaslAuthenticationFailed": _LOGIN,
    "SaslAuthenticationFailedError": _LOGIN,
    "AuthenticationFailedError": _LOGIN,
    "UnsupportedSaslMechanismError": _LOGIN,
    "AuthenticationError": _LOGIN,
}
_LIBRARIES: Final = frozenset({"kafka", "aiokafka", "redis"})


def ending(error: BaseException, said: str) -> WorkerStop:
    """How a worker ends over `error`: REFUSED with the remedy where no restart cures it or what led to it."""
    for each in causes(error):
        kind = type(each)
        remedy = _REMEDIES.get(kind.__name__)
        if remedy and kind.__module__.partition(".")[0] in _LIBRARIES:
            return WorkerStop(ExitCode.REFUSED, f"{said}: {kind.__name__}: {remedy}")
    return WorkerStop(ExitCode.RESTART, said)


def judged(stop: WorkerStop) -> WorkerStop:
    """`stop`, or a refusal where it asks for a restart that would not cure what it was raised from."""
    return ending(stop, str(stop)) if stop.code is ExitCode.RESTART else stop


def refuse_eviction(client: redis.Redis) -> None:
    """Raise WorkerStop(REFUSED) where Redis may throw aggregates away. One that does not tell is taken at its word."""
    try:
        danger = condition_of(client).danger
    except redis.ResponseError:
        return
    if danger:
        raise WorkerStop(ExitCode.REFUSED, f"{danger}, then run: bellwether resume")
