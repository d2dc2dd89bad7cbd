"""What the fleet's chaos breaks: three brokers, a Redis Cluster of three masters with a replica each, and the processes
of docker-compose.yml on them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from services.aggregation.stores.redis_store import RedisStore
from services.embedded.ports import free_port
from shared.clients.redis import connect
from shared.contract.keys import Keys
from shared.settings import Settings, load_settings
from tests.fleet.composed import Composed, Keeper
from tests.kafka_nodes import KafkaNodes
from tests.redis_nodes import RedisNodes

RUN: Final = "fleet"
SLOTS, DOCUMENT_PARTITIONS = 6, 4
FLEET: Final = {"scoring": 4, "aggregation": 2, "archive": 2, "api": 2}
PASSWORD: Final = "made-for-this-test"
START_SECONDS: Final = 600.0  # on a machine that does much else
WAIT_SECONDS: Final = 300.0
TAIL: Final = 40  # opinions, at least, that a replica lacks when it is promoted
log = logging.getLogger(__name__)


class FleetWorld:
    """Made with everything started but the workers; `keeper.start()` starts those."""

    def __init__(self, folder: Path) -> None:
        self.began = time.monotonic()
        self.kafka, self.redis = KafkaNodes(folder / "kafka"), RedisNodes(folder / "redis", password=PASSWORD)
        self.state = folder / "state"
        self.state.mkdir()
        self.counts: dict[str, int] = {}
        self.feed: Callable[[], None] = lambda: None  # something more is to be on its way
        variables = {
            "BELLWETHER_RUN": RUN,
            "BELLWETHER_KAFKA__BOOTSTRAP_SERVERS": self.kafka.bootstrap_servers,
            "BELLWETHER_KAFKA__REPLICATION": "3",
            "BELLWETHER_KAFKA__MIN_INSYNC_REPLICAS": "2",
            "BELLWETHER_KAFKA__DOCUMENT_PARTITIONS": str(DOCUMENT_PARTITIONS),
            "BELLWETHER_KAFKA__OPINION_PARTITIONS": str(SLOTS),
            "BELLWETHER_REDIS__URL": self.redis.settings().url,
            "BELLWETHER_REDIS__CLUSTER": "true",
            "BELLWETHER_REDIS_PASSWORD": PASSWORD,
            "BELLWETHER_REDIS__PASSWORD": PASSWORD,
            "BELLWETHER_MODEL__NAME": "stub:poison",
            "BELLWETHER_SCORING__MAX_BATCH": "40",
            "BELLWETHER_AGGREGATION__MAX_BATCH": "50",
            "BELLWETHER_ARCHIVE__MAX_WAIT_MS": "300",
            "BELLWETHER_ARCHIVE__UPKEEP_SECONDS": "20",
            "BELLWETHER_INGEST__AUTHOR_KEY": "fleet",
        }
        self.settings: Settings = load_settings(
            self.state,
            run=RUN,
            kafka=self.kafka.settings(document_partitions=DOCUMENT_PARTITIONS, opinion_partitions=SLOTS).model_dump(),
            redis=self.redis.settings().model_dump(),
            ingest={"author_key": "fleet"},
        )
        self.topics = Composed("topics", "topics", self.state, variables)
        self.containers = [
            Composed(service, f"{service}-{number}", self.state, variables | _own(service))
            for service, count in FLEET.items()
            for number in range(1, count + 1)
        ]
        self.keeper = Keeper(self.containers)

    def say(self, words: str) -> None:
        """Progress."""
        log.warning(f"{time.monotonic() - self.began:5.0f} s  {words}")

    def start(self) -> None:
        """Topics are asked for while one broker is still away, as at a first start; then the workers."""
        self.kafka.start(1, 2)
        first = self.topics.run(*self.topics.command())
        self.say(f"topics with one broker away: {first.returncode}, {(first.stderr or first.stdout).strip()[-200:]}")
        assert first.returncode in (0, 1)
        assert "Traceback" not in first.stderr
        self.kafka.start(3)
        made = first
        while made.returncode != 0:  # as `restart: on-failure` does
            made = self.topics.run(*self.topics.command())
            assert time.monotonic() - self.began < START_SECONDS, made.stderr
        self.kafka.wait()
        self.keeper.start()
        self.until(lambda: all(each.starts for each in self.containers), "the workers")

    def until(
        self,
        true: Callable[[], bool],
        what: str,
        seconds: float = WAIT_SECONDS,
        progress: Callable[[], object] = lambda: None,
    ) -> None:
        """Wait for `true()`; fails `seconds` after `progress()` last told something new: a machine that does much else
        is slow, not at a standstill."""
        told, deadline = progress(), time.monotonic() + seconds
        while not true():
            assert not self.keeper.refused, self.keeper.refused
            if (now := progress()) != told:
                told, deadline = now, time.monotonic() + seconds
            assert time.monotonic() < deadline, f"no progress for {seconds:.0f} s: {what}\n{self.words()}"
            time.sleep(0.1)

    def words(self) -> str:
        return "\n".join(f"-- {each.host} {each.starts} {each.exits}\n{each.said(900)}" for each in self.containers)

    def end(self) -> None:
        try:
            self.keeper.end()
        finally:
            self.kafka.end()
            self.redis.end()

    def applied(self) -> int:
        """Opinions applied so far; -1 while Redis does not say."""
        try:
            with connect(self.settings.redis) as client:
                store = RedisStore(client, RUN, SLOTS)
                return sum(store.totals(slot).opinions_applied for slot in range(SLOTS))
        except Exception:  # what a cluster says while nobody leads a part of it comes in many kinds
            return -1

    # -- losses: each returns when nobody is away any more
    def do(self, name: str) -> None:
        self.say(name)
        getattr(self, name)()
        self.counts[name] = self.counts.get(name, 0) + 1

    def _kill(self, service: str) -> None:
        each = next(each for each in self.containers if each.service == service and each.alive())
        starts = each.starts
        each.kill()
        self.until(lambda: each.starts > starts, f"{each.host} is started again")

    def kill_scoring(self) -> None:
        self._kill("scoring")

    def kill_aggregation(self) -> None:
        self._kill("aggregation")

    def kill_archive(self) -> None:
        self._kill("archive")

    def kill_api(self) -> None:
        self._kill("api")

    def kill_leader(self) -> None:
        """kill -9 of the broker that leads most of `opinions`; it is back when others lead."""
        self.feed()
        node = self.kafka.leader_of_most(f"{RUN}.opinions")
        self.kafka.kill(node)
        self.until(lambda: all(part["leader"] not in (-1, node) for part in self._led()), f"others lead than {node}")
        self.kafka.start(node)
        self.kafka.wait()

    def kill_coordinator(self) -> None:
        """The broker that leads most of the groups' own topic."""
        node = self.kafka.leader_of_most("__consumer_offsets")
        self.kafka.kill(node)
        self.until(lambda: all(part["leader"] not in (-1, node) for part in self._led()), f"others lead than {node}")
        self.kafka.start(node)
        self.kafka.wait()

    def hold_broker(self) -> None:
        """One is away with all that it knew, for longer than others wait for it, and then goes on in the middle."""
        self.feed()
        node = self.kafka.leader_of_most(f"{RUN}.documents")
        self.kafka.hold(node, True)
        try:
            self.until(lambda: all(p["leader"] not in (-1, node) for p in self._led()), f"others lead than {node}")
            time.sleep(5)
        finally:
            self.kafka.hold(node, False)
        self.kafka.wait()

    def _led(self) -> list[dict[str, Any]]:
        found = [part for part in self.kafka.partitions() if part["topic"]]
        return found or [{"leader": -1}]

    def hold_redis(self) -> None:
        """A master is away past its successor's election, and comes back believing that it is one."""
        self._healthy()
        masters = self.redis.masters()
        master = max(masters, key=lambda place: len(self._slots_of(place)))
        self.redis.hold(master, True)
        self.feed()
        try:
            self.until(lambda: masters[master] in self.redis.masters(), "the replica is promoted")
        finally:
            self.redis.hold(master, False)
        self._healthy()

    def promote_without_tail(self) -> None:
        """A replica that lacks the last opinions becomes the master of its part; what it lacks is nowhere but in
        Kafka."""
        with self.without_tail() as behind:
            self.feed()
            self.until(lambda: behind() >= TAIL, "the replica lacks a tail", progress=behind)

    @contextmanager
    def without_tail(self) -> Iterator[Callable[[], int]]:
        """What is applied inside is lost by one master of Redis: a replica that has not heard of it takes its place.
        Gives how many records that would be by now."""
        self._healthy()
        masters = self.redis.masters()
        master = max(masters, key=lambda place: len(self._slots_of(place)))
        replica, slots = masters[master], self._slots_of(master)
        self.redis.cut_off(replica)
        held = self._positions(replica, slots)

        def behind() -> int:
            return sum(self._positions(master, slots).values()) - sum(held.values())

        yield behind
        lost = behind()
        self.redis.kill(master)
        self.until(lambda: replica in self.redis.masters(), "the replica is promoted")
        self.say(f"  node {replica} follows {master} without its last {lost} records in slots {sorted(slots)}")
        assert lost > 0
        self.redis.join_again(replica)
        self.redis.start(master)
        self._healthy()

    def _healthy(self) -> None:
        self.until(self.redis.healthy, "the Redis Cluster is whole")

    def _slots_of(self, place: int) -> set[int]:
        keys = Keys(RUN, SLOTS)
        with connect(self.settings.redis) as client:
            found: Any = client
            port = self.redis.ports[place]
            return {slot for slot in range(SLOTS) if found.get_node_from_key(keys.position(slot)).port == port}

    def _positions(self, place: int, slots: set[int]) -> dict[int, int]:
        """Slot -> offset, as one node alone has it."""
        client, keys = self.redis.client(place), Keys(RUN, SLOTS)
        with client.client() as alone:
            if alone.info("replication")["role"] != "master":
                alone.execute_command("READONLY")
            raw: dict[int, Any] = {slot: alone.get(keys.position(slot)) for slot in slots}
        return {slot: int(found.rpartition(b":")[2]) if found else 0 for slot, found in raw.items()}


def _own(service: str) -> dict[str, str]:
    """A port of its own, as each container has for itself; on this machine alone."""
    return {"BELLWETHER_API__PORT": str(free_port()), "BELLWETHER_API__HOST": "127.0.0.1"} if service == "api" else {}
