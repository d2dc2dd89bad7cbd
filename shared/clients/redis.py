"""Redis as settings describe it. Clients never retry in silence: a lost connection is the caller's to see."""

from __future__ import annotations

from typing import Any, Final, NamedTuple, cast

import redis
import redis.asyncio
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode
from redis.connection import parse_url
from redis.retry import Retry

from shared.settings import RedisSettings

NEARLY_FULL: Final = 0.9  # of maxmemory
_GIVE_BACK: Final = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


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
        return _cluster(settings, options)
    return redis.Redis.from_url(settings.url, retry=Retry(NoBackoff(), 0), **options)


def _cluster(settings: RedisSettings, options: dict[str, Any]) -> redis.Redis:
    """Any of the addresses tells where the others are: one that is away is no reason not to begin."""
    told: list[dict[str, Any]] = [parse_url(each) for each in addresses_of(settings.url)]  # type: ignore[no-untyped-call]
    known = told[0] | options
    nodes = [ClusterNode(each["host"], each.get("port", 6379)) for each in told]  # type: ignore[no-untyped-call]
    for one in ("host", "port", "db"):
        known.pop(one, None)
    return redis.RedisCluster(startup_nodes=nodes, **known)  # type: ignore[return-value]


def addresses_of(url: str) -> list[str]:
    """`redis://a:1,b:2/0` as `redis://a:1/0` and `redis://b:2/0`."""
    scheme, separator, rest = url.partition("://")
    hosts, slash, path = rest.partition("/")
    user, at, places = hosts.rpartition("@")
    return [f"{scheme}{separator}{user}{at}{place.strip()}{slash}{path}" for place in places.split(",")]


class _OneByOne:
    """Commands of a client as they are given; `execute` has nothing left to do."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def execute(self) -> None:
        """As of a pipeline."""


def in_one_step(client: redis.Redis) -> Any:
    """A pipeline whose commands are done together or not at all. Where the keys may lie on different nodes of a Cluster
    there is no such thing: there each is done at once, so give first what may stand alone (docs/decisions/0287)."""
    if isinstance(cast(object, client), redis.RedisCluster):
        return _OneByOne(client)
    return client.pipeline(transaction=True)


def take_lease(client: redis.Redis, key: str, holder: str, seconds: int) -> bool:
    """Whether `holder` alone has the lease `key` now, for so many seconds. Raises redis.RedisError."""
    return bool(client.set(key, holder, nx=True, ex=seconds))


def give_back_lease(client: redis.Redis, key: str, holder: str) -> None:
    """Before it expires; one that somebody else has meanwhile stays. Raises redis.RedisError."""
    client.eval(_GIVE_BACK, 1, key, holder)


class RedisCondition(NamedTuple):
    """What of a Redis decides whether it keeps what it was given."""

    policy: str
    limit: int  # bytes; 0: none
    used: int
    evicted: int  # keys since it was started
    append_only: bool
    write_error: str  # the kind of write that last failed; "" where all went well
    replica_of: str = ""  # host:port of its master; "": it is none, and takes writes

    @property
    def evicts(self) -> bool:
        """Whether it throws keys without a time to live away once it is full."""
        return self.policy.startswith("allkeys")

    @property
    def danger(self) -> str:
        """Why no run may be kept here, with the remedy; "" where one may."""
        if not (self.evicts and self.limit):
            return ""
        return f"Redis evicts aggregates (maxmemory-policy {self.policy}); set maxmemory-policy noeviction"

    @property
    def faults(self) -> list[str]:
        """What has gone wrong or soon will, each with its remedy."""
        found = [self.danger] if self.danger else []
        if self.evicted and not self.policy.startswith("volatile"):  # that one takes workers' reports alone
            found.append(
                f"Redis has evicted {self.evicted:,} keys, aggregates among them; set maxmemory-policy noeviction, "
                "then rebuild: bellwether reset"
            )
        if self.limit and self.used >= NEARLY_FULL * self.limit:
            found.append(
                f"Redis uses {self.used / self.limit:.0%} of its maxmemory ({self.limit:,} bytes); raise maxmemory"
            )
        if self.write_error:
            found.append(f"Redis cannot write {self.write_error} (is its disk full?); free space: it goes on by itself")
        return found


def condition_of(client: redis.Redis) -> RedisCondition:
    """Ask it (INFO, which is open where CONFIG is not). Raises redis.RedisError."""
    told: dict[str, Any] = client.info()
    failed = [
        words
        for field, words in (("aof_last_write_status", "its append-only file"), ("rdb_last_bgsave_status", "snapshots"))
        if told.get(field, "ok") != "ok"
    ]
    return RedisCondition(
        policy=str(told.get("maxmemory_policy", "")),
        limit=int(told.get("maxmemory", 0)),
        used=int(told.get("used_memory", 0)),
        evicted=int(told.get("evicted_keys", 0)),
        append_only=bool(int(told.get("aof_enabled", 0))),
        write_error=" and ".join(failed),
        replica_of=f"{told.get('master_host')}:{told.get('master_port')}" if told.get("role") == "slave" else "",
    )
