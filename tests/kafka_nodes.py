"""Three Kafka brokers on this machine, each a controller, too: topics have three copies, two of which acknowledge."""

from __future__ import annotations

import base64
import logging
import signal
import subprocess
import uuid
from pathlib import Path
from typing import Any, Final

from kafka import KafkaAdminClient

from services.embedded.jars import kafka_jars
from services.embedded.java import find_java
from services.embedded.ports import free_port
from services.embedded.process import ChildProcess
from shared.clients.kafka import client_config
from shared.settings import KafkaSettings, default_cache_dir
from tests.system import until

NODES: Final = (1, 2, 3)
START_SECONDS: Final = 240.0
_JVM: Final = ("-Xms64m", "-Xmx224m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true")
_PROPERTIES: Final = """\
process.roles=broker,controller
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
auto.create.topics.enable=false
offsets.topic.num.partitions=4
offsets.topic.replication.factor=3
transaction.state.log.num.partitions=3
transaction.state.log.replication.factor=3
transaction.state.log.min.isr=2
group.min.session.timeout.ms=1000
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
replica.lag.time.max.ms=5000
message.max.bytes=8388608
log.cleaner.dedupe.buffer.size=8388608
num.network.threads=2
num.io.threads=3
background.threads=2
"""


class KafkaNodes:
    """Started with the first call of `start`; a node that was killed or held has its port and data when it is back."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ports = {node: (free_port(), free_port()) for node in NODES}
        self._java = find_java().path
        self._classes = ":".join(str(jar) for jar in kafka_jars(default_cache_dir()))
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "A", 1)
        self.processes = {node: self._made(node, cluster) for node in NODES}

    @property
    def bootstrap_servers(self) -> str:
        return ",".join(f"127.0.0.1:{broker}" for broker, _ in self._ports.values())

    def settings(self, **more: Any) -> KafkaSettings:
        return KafkaSettings(bootstrap_servers=self.bootstrap_servers, **more)

    def start(self, *nodes: int) -> None:
        """Start some (default: all) without waiting."""
        for node in nodes or NODES:
            self.processes[node].start()

    def wait(self) -> None:
        """Until every partition has a leader and all of its copies."""
        until(lambda: all(part["leader"] >= 0 and part["isr"] == 3 for part in self.partitions()), START_SECONDS)

    def kill(self, node: int) -> None:
        self.processes[node].kill()

    def hold(self, node: int, held: bool) -> None:
        """SIGSTOP or SIGCONT: a node that is away, with everything that it knew."""
        self.processes[node].signal(signal.SIGSTOP if held else signal.SIGCONT)

    def end(self) -> None:
        for process in self.processes.values():
            process.kill()

    def partitions(self) -> list[dict[str, Any]]:
        """Topic, number, leader (node, -1: none) and in-sync copies of every partition; one of no topic while nobody
        tells."""
        quiet = logging.getLogger("kafka")
        level = quiet.level
        quiet.setLevel(logging.CRITICAL)  # a node that is away is what this is about
        try:
            admin = KafkaAdminClient(**client_config(self.settings()), request_timeout_ms=5000)
            try:
                topics = admin.describe_topics(admin.list_topics())
                brokers = len(admin.describe_cluster()["brokers"])
            finally:
                admin.close()
        except Exception:  # kafka-python raises many kinds while brokers come and go
            return [{"topic": "", "partition": 0, "leader": -1, "isr": 0}]
        finally:
            quiet.setLevel(level)
        found = [
            {"topic": topic["name"], "partition": part["partition_index"], "leader": part["leader_id"],
             "isr": len(part["isr_nodes"])}
            for topic in topics for part in topic["partitions"]
        ]  # fmt: skip
        return [*found, {"topic": "", "partition": 0, "leader": 0 if brokers == len(NODES) else -1, "isr": brokers}]

    def leader_of_most(self, prefix: str) -> int:
        """The node that leads the most partitions of topics with this prefix."""
        led = [part["leader"] for part in self.partitions() if part["topic"].startswith(prefix)]
        return max(NODES, key=led.count)

    def _made(self, node: int, cluster: str) -> ChildProcess:
        folder = self._folder / str(node)
        folder.mkdir(parents=True)
        broker, controller = self._ports[node]
        voters = ",".join(f"{each}@127.0.0.1:{self._ports[each][1]}" for each in NODES)
        configuration = folder / "server.properties"
        configuration.write_text(
            f"{_PROPERTIES}node.id={node}\ncontroller.quorum.voters={voters}\nlog.dirs={folder / 'data'}\n"
            f"listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}\n"
            f"advertised.listeners=PLAINTEXT://127.0.0.1:{broker}\n"
        )
        log4j = folder / "log4j2.properties"
        log4j.write_text(
            "status=error\nappender.out.type=Console\nappender.out.name=out\nappender.out.layout.type=PatternLayout\n"
            "appender.out.layout.pattern=%d{ISO8601} %p %c{1} %m%n\nrootLogger.level=warn\n"
            "rootLogger.appenderRef.out.ref=out\n"
        )
        command = [self._java, *_JVM, f"-Dlog4j2.configurationFile={log4j}", "-cp", self._classes]
        formatting = [*command, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(configuration)]
        subprocess.run(formatting, check=True, capture_output=True, timeout=120)
        return ChildProcess([*command, "kafka.Kafka", str(configuration)], folder / "out")
