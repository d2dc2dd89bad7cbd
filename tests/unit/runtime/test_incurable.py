"""What no restart cures ends with code 3 and the remedy, however deep it lies; the rest asks to be started again."""

from __future__ import annotations

import aiokafka.errors
import kafka.errors
import pytest
import redis

from services.runtime.exits import ExitCode, WorkerStop
from services.runtime.incurable import ending, judged

INCURABLE = [
    (aiokafka.errors.UnsupportedCodecError("lz4"), "cramjam"),
    (kafka.errors.UnsupportedCodecError("zstd"), "zstandard"),
    (aiokafka.errors.TopicAuthorizationFailedError({"opinions"}), "rights"),
    (kafka.errors.GroupAuthorizationFailedError("scoring"), "rights"),
    (kafka.errors.SaslAuthenticationFailedError("no"), "SASL_PASSWORD"),
    (redis.exceptions.NoPermissionError("this user has no permissions to run the 'eval' command"), "rights"),
    (redis.AuthenticationError("WRONGPASS"), "REDIS__PASSWORD"),
]
CURABLE = [
    kafka.errors.KafkaConnectionError("gone"),
    aiokafka.errors.NotLeaderForPartitionError(),
    redis.ConnectionError("gone"),
    redis.BusyLoadingError("loading"),
    redis.exceptions.OutOfMemoryError("command not allowed"),
    OSError(28, "No space left on device"),
]


@pytest.mark.parametrize(("error", "remedy"), INCURABLE, ids=lambda value: type(value).__name__)
def test_code_3_and_the_remedy_however_deep(error: Exception, remedy: str) -> None:
    stop = WorkerStop(ExitCode.RESTART, "a slot could not be applied")
    stop.__cause__ = RuntimeError("the store was lost")
    stop.__cause__.__cause__ = error
    for found in (ending(error, "it failed"), judged(stop)):
        assert found.code is ExitCode.REFUSED
        assert remedy in str(found)
        assert "bellwether resume" in str(found)


@pytest.mark.parametrize("error", CURABLE, ids=lambda error: type(error).__name__)
def test_what_passes_is_tried_again(error: Exception) -> None:
    assert ending(error, "it failed").code is ExitCode.RESTART


def test_other_endings_stay_as_they_are() -> None:
    stop = WorkerStop(ExitCode.OUTSIDE_LOG, "gone")
    stop.__cause__ = INCURABLE[0][0]
    assert judged(stop) is stop
