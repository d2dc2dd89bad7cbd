"""What a run is bound to: one Kafka cluster, topics by id and partition count, one model id.

Marks and positions in Redis are only true for these, so the first worker of a run writes them and every later one finds
them equal or refuses to start (exit code 3) with the name of the command that mends it.
"""

from __future__ import annotations

import logging
import shlex
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import redis
from kafka import KafkaAdminClient

from services.runtime.exits import ExitCode, WorkerStop
from services.runtime.incurable import ending, refuse_eviction
from shared.clients.kafka import TopicState, client_config
from shared.clock import Clock, SystemClock, to_iso
from shared.contract.keys import RUNS, run_key
from shared.settings import KafkaSettings

REDIS_SECONDS: Final = 60.0  # how long a starting worker waits for a Redis that is away
CLUSTER: Final = "cluster_id"
MODEL_ID: Final = "model_id"
PRECISION: Final = "precision"
AUTHOR_KEY: Final = "author_key"  # fingerprint of the key of author hashes
PACKS: Final = "model_packs"  # models of single languages: "zh=ID", joined by commas

# Writes what is not there yet, and nothing at all when a field that is there differs; answers with what holds.
_BIND: Final = """
for i = 1, #ARGV, 2 do
  local held = redis.call('HGET', KEYS[1], ARGV[i])
  if held and held ~= ARGV[i + 1] and ARGV[i] ~= 'created_at' then return redis.call('HGETALL', KEYS[1]) end
end
for i = 1, #ARGV, 2 do redis.call('HSETNX', KEYS[1], ARGV[i], ARGV[i + 1]) end
return redis.call('HGETALL', KEYS[1])
"""
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Cluster:
    """The Kafka cluster as it is now: its id, and the topics that were asked for."""

    cluster_id: str
    topics: dict[str, TopicState]

    def fields(self) -> dict[str, str]:
        """As kept in the run's hash: `topic_id.NAME`, `partitions.NAME`, `cluster_id`."""
        fields = {CLUSTER: self.cluster_id}
        for name, topic in sorted(self.topics.items()):
            fields[f"topic_id.{name}"] = topic.topic_id
            fields[f"partitions.{name}"] = str(topic.partitions)
        return fields


def wait_for_redis(client: redis.Redis, seconds: float = REDIS_SECONDS) -> None:
    """Return once Redis answers and has loaded its data; raises WorkerStop: RESTART after `seconds`, or REFUSED."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            client.ping()
            return
        except redis.RedisError as error:
            ended = ending(error, f"Redis does not answer: {error}")
            if ended.code is ExitCode.REFUSED or time.monotonic() > deadline:
                raise ended from error
            log.warning("waiting for Redis: %s", error)
        time.sleep(0.2)


def read_cluster(kafka: KafkaSettings, names: list[str]) -> Cluster:
    """Ask Kafka. Raises WorkerStop: REFUSED when a topic is missing, RESTART when Kafka cannot be reached."""
    try:
        admin = KafkaAdminClient(**client_config(kafka))
    except Exception as error:  # kafka-python raises a dozen kinds here, and all of them mean: not reachable
        raise WorkerStop(ExitCode.RESTART, f"Kafka at {kafka.bootstrap_servers} does not answer: {error}") from error
    try:
        missing = sorted(set(names) - set(admin.list_topics()))
        if missing:
            raise WorkerStop(
                ExitCode.REFUSED, f"topics {', '.join(missing)} do not exist; run: bellwether topics create"
            )
        states = {
            entry["name"]: TopicState(entry["name"], str(entry["topic_id"]), len(entry["partitions"]))
            for entry in admin.describe_topics(names)
        }
        return Cluster(str(admin.describe_cluster()["cluster_id"]), states)
    finally:
        admin.close()


def bind(
    client: redis.Redis, run: str, fields: Mapping[str, str], clock: Clock | None = None, model: str = "NAME"
) -> dict[str, str]:
    """Bind the run to `fields` in one atomic step; returns everything that it is bound to. `model`: what the settings
    call the model, for who is refused.

    Raises WorkerStop(REFUSED) when the run is bound to something else or Redis evicts, RESTART when it is lost.
    """
    binding = dict(fields) | {"created_at": to_iso((clock or SystemClock()).now())}
    arguments = [part for pair in binding.items() for part in pair]
    try:
        refuse_eviction(client)
        flat: list[bytes] = client.eval(_BIND, 1, run_key(run), *arguments)
        client.sadd(RUNS, run)
    except redis.RedisError as error:
        raise WorkerStop(ExitCode.RESTART, f"Redis does not answer: {error}") from error
    bound = {flat[i].decode(): flat[i + 1].decode() for i in range(0, len(flat), 2)}
    differing = [name for name, value in fields.items() if bound.get(name, value) != value]
    if differing:
        raise WorkerStop(ExitCode.REFUSED, _refusal(run, differing[0], bound, fields, model))
    return bound


def switch_command(model: str) -> str:
    """What a shell is to be told for another model."""
    return f"bellwether model switch --model {shlex.quote(model)}"


def _refusal(run: str, name: str, bound: Mapping[str, str], own: Mapping[str, str], model: str) -> str:
    change = f"{switch_command(model)} && bellwether resume"
    remedies = {
        MODEL_ID: f"go back to the former model (and precision, and kind of device), or let the run change: {change}",
        PACKS: f"restore model.packs, or let the run change: {change}",
        AUTHOR_KEY: "copy STATE/author.key of the machine that has fed the run here (mode 0600), or set "
        "BELLWETHER_INGEST__AUTHOR_KEY to what it has; to tell authors apart anew: bellwether reset",
        CLUSTER: "point it back at that cluster, or run: bellwether reset",
        "topic_id": "the topic was deleted and recreated; run: bellwether reset",
        "partitions": "restore the count, or run: bellwether topics resize",
    }
    remedy = remedies.get(name.partition(".")[0], "run: bellwether reset")
    return f"run {run!r} is bound to {name} {bound.get(name)!r}, but this worker has {own[name]!r}; {remedy}"
