"""Between pages and Redis: connects as the settings say, remembers answers briefly, and keeps the last good ones.

While Redis is away pages go on showing what was last read; `problem` says so. Connections are tried again by
themselves, with the settings read anew, because `bellwether up` may have moved Redis to another port.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final, NamedTuple, TypeVar, cast

import msgspec
import redis

from shared.clients.redis import connect
from shared.reading.archive.tables import ArchiveTables
from shared.reading.run import RunView
from shared.reading.values.workers import Workers
from shared.settings import Settings, SettingsError

T = TypeVar("T")

KEEP_ANSWERS: Final = 256
RETRY_SECONDS: Final = 1.0
CONNECT_SECONDS: Final = 2.0  # a page should say within this time that Redis does not answer


class _Answer(NamedTuple):
    at: float  # monotonic seconds
    version: Hashable
    value: object


class _Connection(NamedTuple):
    """What views of the run are made of."""

    client: redis.Redis
    run: str
    slots: int  # as settings have them, for a run that records none
    workers: Workers
    archive: ArchiveTables


class Unreachable(RuntimeError):
    """Nothing can be read, and nothing was read before; the text says why and what to do."""


class Reader:
    """Shared by all sessions of the dashboard's process; thread-safe. `load` builds the settings."""

    def __init__(self, load: Callable[[], Settings]) -> None:
        self._load = load
        self._connection: _Connection | None = None
        self._answers: OrderedDict[Hashable, _Answer] = OrderedDict()
        self._lock = threading.RLock()
        self._retry_at = 0.0
        self.problem: str | None = None

    def read(self, key: Hashable, query: Callable[[RunView], T], max_age: float, version: Hashable = None) -> T:
        """The answer to `query`, at most `max_age` seconds old, or the last one while Redis is away.

        `key` names the question. An answer for another `version` of the data is too old at any age. The value is
        shared: do not change it. Raises Unreachable.
        """
        with self._lock:
            kept = self._answers.get(key)
            if kept and kept.version == version and time.monotonic() - kept.at < max_age:
                return cast(T, kept.value)
            try:
                value = query(self._connected())
            except (redis.RedisError, OSError, SettingsError, msgspec.MsgspecError) as error:
                self._failed(error)
                if kept is None:
                    raise Unreachable(self.problem) from None
                return cast(T, kept.value)
            self.problem = None
            self._answers[key] = _Answer(time.monotonic(), version, value)
            self._answers.move_to_end(key)
            while len(self._answers) > KEEP_ANSWERS:
                self._answers.popitem(last=False)
            return value

    def write(self, change: Callable[[RunView], object]) -> None:
        """Make a reader's own change. Raises Unreachable: a change is never kept for later."""
        with self._lock:
            try:
                change(self._connected())
            except (redis.RedisError, OSError, SettingsError) as error:
                self._failed(error)
                raise Unreachable(self.problem) from None

    def _connected(self) -> RunView:
        if time.monotonic() < self._retry_at:
            raise redis.ConnectionError(self.problem or "waiting before the next try")
        if self._connection is None:
            settings = self._load()
            limit = min(settings.redis.timeout_seconds, CONNECT_SECONDS)
            client = connect(settings.redis.model_copy(update={"timeout_seconds": limit}))
            workers = Workers(client, settings.run)
            self._connection = _Connection(
                client, settings.run, settings.kafka.opinion_partitions, workers, ArchiveTables.of(settings)
            )
        return RunView.of(*self._connection)  # anew for every question: a run's first worker, or a resize, changes it

    def _failed(self, error: Exception) -> None:
        if time.monotonic() < self._retry_at:
            return
        self.problem = explain(error)
        self._connection = None
        self._retry_at = time.monotonic() + RETRY_SECONDS


def explain(error: Exception) -> str:
    """One sentence for a person: what is wrong, without addresses or secrets, and the remedy."""
    if isinstance(error, redis.AuthenticationError):
        return "Redis refuses the password. Set BELLWETHER_REDIS__PASSWORD and start the dashboard again."
    if isinstance(error, redis.BusyLoadingError):
        return "Redis is loading its data; this page continues when it is done."
    if isinstance(error, redis.ConnectionError | redis.TimeoutError | OSError):
        return "Redis does not answer. Start Bellwether with `bellwether up`, or look at `bellwether status`."
    if isinstance(error, SettingsError):
        return f"The settings cannot be used: {error}"
    if isinstance(error, msgspec.MsgspecError):
        return "Redis holds values of another version of Bellwether; use the version that wrote them."
    return f"Redis answered with an error ({type(error).__name__}); see the log of the Redis server."
