"""What the chaos test breaks: broker, Redis, the proxies before them, the workers; and who starts them again."""

from __future__ import annotations

import random
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from services.aggregation.admin.dump import dump
from services.aggregation.stores.redis_store import RedisStore
from services.embedded.kafka import EmbeddedKafka
from services.embedded.redis import EmbeddedRedis
from services.supervisor.status.drain import wait_drained
from shared.clients.kafka import ensure_topics
from shared.clients.redis import connect
from shared.contract.aggregates import Totals
from shared.contract.topics import Topics
from shared.settings import KafkaSettings, RedisSettings, Settings, load_settings
from tests.chaos.proxy import TcpProxy
from tests.worker_process import BELLWETHER, WorkerProcess, write_settings

SESSION_SECONDS = 6.0
SLOTS, DOCUMENT_PARTITIONS = 4, 2
RESTARTED = frozenset({0, -signal.SIGKILL, -signal.SIGTERM, 75})


class ProxiedKafka(EmbeddedKafka):
    """A broker whose clients all go through a proxy, because that is what it advertises."""

    proxy: TcpProxy

    def _write_configuration(self) -> None:
        super()._write_configuration()
        if not hasattr(self, "proxy"):
            self.proxy = TcpProxy(self.port)
        file = self.folder / "server.properties"
        advertised = f"advertised.listeners=SASL_PLAINTEXT://127.0.0.1:{self.port}\n"
        file.write_text(file.read_text().replace(advertised, advertised.replace(str(self.port), str(self.proxy.port))))


class Feeding:
    """`bellwether ingest file` over the parts, one after the other; a part that did not end well is fed again."""

    def __init__(
        self, state: Path, parts: list[tuple[Path, str]], environment: Mapping[str, str] | None = None
    ) -> None:
        self._state, self._parts, self._environment = state, parts, environment
        self._allowed = self.done = self.failures = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._out = (state / "ingest.out").open("ab")
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def allow(self, parts: int) -> None:
        """Feed up to this many parts in total."""
        self._allowed = parts

    def more(self) -> None:
        """Feed one part more than was allowed."""
        self._allowed += 1

    def kill(self) -> bool:
        """kill -9, if one is being fed right now."""
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                return False
            self._process.kill()
            return True

    def end(self) -> None:
        self._ended.set()
        self.kill()
        self._thread.join(30)
        self._out.close()

    def _run(self) -> None:
        while not self._ended.is_set():
            if self.done >= min(self._allowed, len(self._parts)):
                time.sleep(0.02)
                continue
            path, channel = self._parts[self.done]
            command = [str(BELLWETHER), "ingest", "file", str(path), "--channel", channel, "--state", str(self._state)]
            with self._lock:
                self._process = subprocess.Popen(command, stdout=self._out, stderr=self._out, env=self._environment)
            if self._process.wait() == 0:
                self.done += 1
            else:
                self.failures += 1
                time.sleep(0.2)


class Run:
    """One run of the whole system: its settings, its workers, and a keeper that starts what died."""

    def __init__(self, folder: Path, run: str, kafka: dict[str, Any], redis_url: str, workers: int) -> None:
        self.state = write_settings(
            folder / run,
            run=run,
            kafka=kafka | {"document_partitions": DOCUMENT_PARTITIONS, "opinion_partitions": SLOTS},
            redis={"url": redis_url, "timeout_seconds": 3.0},
            worker={"session_timeout_seconds": SESSION_SECONDS, "heartbeat_seconds": 1.0},
            model={"name": "stub:poison"},
            scoring={"max_batch": 40},
            aggregation={"max_batch": 50},
            archive={"max_wait_ms": 300, "upkeep_seconds": 5.0},
            ingest={"author_key": "chaos"},
        )
        self.settings: Settings = load_settings(self.state)
        self.workers = [
            WorkerProcess(role, self.state, str(number + 1))
            for role in ("scoring", "aggregation", "archive")
            for number in range(workers)
        ]
        self.refused: list[str] = []
        self._resting: set[WorkerProcess] = set()
        self._ended = threading.Event()
        self._keeper = threading.Thread(target=self._keep, daemon=True)

    def start(self) -> None:
        ensure_topics(self.settings.kafka, Topics(self.settings.run, DOCUMENT_PARTITIONS, SLOTS).all())
        self._keeper.start()

    def rest(self, worker: WorkerProcess, resting: bool) -> None:
        """Keep a worker down, or let it be started again."""
        (self._resting.add if resting else self._resting.discard)(worker)

    def _keep(self) -> None:
        while not self._ended.is_set():
            for worker in self.workers:
                if worker in self._resting or worker.running():
                    continue
                code = worker.exit_codes[-1] if worker.exit_codes else 0
                if code not in RESTARTED:
                    self.refused.append(f"{worker.role}-{worker.name} ended with {code}: {worker.output()[-800:]}")
                    self._resting.add(worker)
                    continue
                worker.start()
            time.sleep(0.1)

    def drain(self, timeout: float) -> bool:
        return wait_drained(self.settings, timeout, lambda _stage, _left: None)

    def end(self) -> None:
        self._ended.set()
        self._keeper.join(10)
        for worker in self.workers:
            worker.send(signal.SIGCONT)
            worker.kill()

    def applied(self, url: str) -> int:
        """Opinions applied so far."""
        with connect(RedisSettings(url=url)) as client:
            store = RedisStore(client, self.settings.run, SLOTS)
            return sum(store.totals(slot).opinions_applied for slot in range(SLOTS))

    def dump(self, url: str) -> tuple[bytes, Totals]:
        """The canonical dump, and the totals without what depends on the kills."""
        with connect(RedisSettings(url=url)) as client:
            store = RedisStore(client, self.settings.run, SLOTS)
            total = Totals()
            for slot in range(SLOTS):
                mine = store.totals(slot)
                for name in ("documents_scored", "documents_dead", "opinions_applied"):
                    setattr(total, name, getattr(total, name) + getattr(mine, name))
            return dump(store), total


class World:
    """Broker and Redis with a proxy before each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kafka = ProxiedKafka(folder / "kafka", heap_mb=384)
        self.kafka.start(180)
        self.redis = EmbeddedRedis(folder / "redis")
        self.redis.start(60)
        self.redis_proxy = TcpProxy(self.redis.port)
        self.proxies = (self.kafka.proxy, self.redis_proxy)

    def run(self, name: str, workers: int) -> Run:
        kafka = self.kafka.settings() | {"bootstrap_servers": f"127.0.0.1:{self.kafka.proxy.port}"}
        redis_url = self.redis.url.replace(f":{self.redis.port}/", f":{self.redis_proxy.port}/")
        return Run(self.folder, name, kafka, redis_url, workers)

    def kafka_settings(self) -> KafkaSettings:
        return KafkaSettings(**self.kafka.settings())

    def end(self) -> None:
        for proxy in self.proxies:
            proxy.close()
        self.kafka.kill()
        self.redis.kill()


class Disturbances:
    """What is done to a run, each a method; `counts` says how often."""

    def __init__(self, world: World, run: Run, feeding: Feeding, seed: int) -> None:
        self._world, self._run, self._feeding = world, run, feeding
        self._draw = random.Random(seed)
        self.counts: dict[str, int] = {}
        self._copy = world.folder / "older-redis"

    def do(self, name: str) -> None:
        getattr(self, name)()
        self.counts[name] = self.counts.get(name, 0) + 1

    def _any(self, role: str) -> WorkerProcess:
        return self._draw.choice([w for w in self._run.workers if w.role == role])

    def kill_ingest(self) -> None:
        """While it feeds: waits a moment for it, so that the kill hits."""
        deadline = time.monotonic() + 10
        time.sleep(self._draw.random())
        while not self._feeding.kill() and time.monotonic() < deadline:
            time.sleep(0.01)

    def kill_scoring(self) -> None:
        self._any("scoring").kill()

    def kill_aggregation(self) -> None:
        self._any("aggregation").kill()

    def kill_archive(self) -> None:
        self._any("archive").kill()

    def suspend_archive(self) -> None:
        self._suspend(self._any("archive"))

    def rebalance(self) -> None:
        """A worker leaves in order and comes back."""
        worker = self._any(self._draw.choice(("scoring", "aggregation", "archive")))
        self._run.rest(worker, True)
        try:
            worker.stop(60)
            time.sleep(self._draw.uniform(0.5, 2 * SESSION_SECONDS))
        finally:
            self._run.rest(worker, False)

    def suspend_scoring(self) -> None:
        self._suspend(self._any("scoring"))

    def suspend_aggregation(self) -> None:
        self._suspend(self._any("aggregation"))

    def _suspend(self, worker: WorkerProcess) -> None:
        """Past its session: another has its partitions when it goes on in the middle of what it did."""
        worker.send(signal.SIGSTOP)
        time.sleep(SESSION_SECONDS + 3)
        worker.send(signal.SIGCONT)

    def restart_kafka(self) -> None:
        self._world.kafka.kill()
        time.sleep(self._draw.random())
        self._world.kafka.start(180)

    def restart_redis(self) -> None:
        self._world.redis.kill()
        time.sleep(self._draw.random())
        self._world.redis.start(60)

    def copy_redis(self) -> None:
        self._world.redis.copy_data(self._copy)

    def put_back_redis(self) -> None:
        self._world.redis.kill()
        self._world.redis.put_back(self._copy)
        self._world.redis.start(60)

    def drop_kafka(self) -> None:
        self._world.kafka.proxy.drop()

    def drop_redis(self) -> None:
        self._world.redis_proxy.drop()

    def swallow_kafka(self) -> None:
        self._swallow(self._world.kafka.proxy)

    def swallow_redis(self) -> None:
        self._swallow(self._world.redis_proxy)

    def hold_redis(self) -> None:
        """Past the time-out of a command: it is applied after its sender gave it up."""
        self._hold(self._world.redis_proxy, 4.0)

    def hold_kafka(self) -> None:
        self._hold(self._world.kafka.proxy, self._draw.uniform(1, SESSION_SECONDS))

    def time_out_kafka(self) -> None:
        """Past the request time-out of the producers."""
        self._hold(self._world.kafka.proxy, 33.0)

    def _swallow(self, proxy: TcpProxy) -> None:
        proxy.swallow()
        time.sleep(self._draw.uniform(0.3, 1.5))
        proxy.release()

    def _hold(self, proxy: TcpProxy, seconds: float) -> None:
        proxy.hold()
        time.sleep(seconds)
        proxy.release()
