"""Apache Kafka as a child process: one KRaft node, bound to 127.0.0.1, all its data in one folder.

It survives kill -9: started again on the same folder it has the same port, cluster id and records. It is set up for
one machine (one replica, small internal topics, quick rebalances), not for production.
"""

from __future__ import annotations

import base64
import logging
import subprocess
import uuid
from pathlib import Path
from typing import Final

from services.embedded.errors import EmbeddedError
from services.embedded.jars import kafka_jars
from services.embedded.java import find_java
from services.embedded.ports import is_free
from services.embedded.service import EmbeddedService
from shared.settings import default_cache_dir

MIN_SESSION_TIMEOUT_MS: Final = 1000
START_SECONDS: Final = 180.0  # three on a quiet machine
_JVM: Final = ("-Xms64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=4", "-Djava.awt.headless=true")

_PROPERTIES: Final = f"""\
process.roles=broker,controller
node.id=1
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
auto.create.topics.enable=false
default.replication.factor=1
min.insync.replicas=1
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=2
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.min.session.timeout.ms={MIN_SESSION_TIMEOUT_MS}
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=250
controlled.shutdown.max.retries=1
message.max.bytes=8388608
log.cleaner.dedupe.buffer.size=8388608
num.network.threads=2
num.io.threads=4
background.threads=2
num.recovery.threads.per.data.dir=2
"""

_LOG4J: Final = """\
status=error
appender.file.type=RollingFile
appender.file.name=file
appender.file.fileName={log}
appender.file.filePattern={log}.%i
appender.file.layout.type=PatternLayout
appender.file.layout.pattern=%d{{ISO8601}} %p %c{{1}} %m%n
appender.file.policies.type=Policies
appender.file.policies.size.type=SizeBasedTriggeringPolicy
appender.file.policies.size.size=5MB
appender.file.strategy.type=DefaultRolloverStrategy
appender.file.strategy.max=2
rootLogger.level=info
rootLogger.appenderRef.file.ref=file
"""


class EmbeddedKafka(EmbeddedService):
    """A Kafka broker of our own. `folder` holds its data, configuration and logs (STATE/kafka)."""

    label, log, patience, look_every = "Kafka", "kafka.log", START_SECONDS, 0.2

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        cache: Path | None = None,
        heap_mb: int = 512,
        tied: bool = True,
    ) -> None:
        super().__init__(folder, port, tied=tied)
        self._cache = cache or default_cache_dir()
        self._heap_mb = heap_mb
        self._java = ""  # found once: a restart must not wait for it

    @property
    def bootstrap_servers(self) -> str:
        return f"127.0.0.1:{self.port}"

    def spawn(self) -> None:
        java = self._java = self._java or find_java().path
        jars = kafka_jars(self._cache)
        self._write_configuration()
        class_path = ":".join(str(jar) for jar in jars)
        if not (self.folder / "data" / "meta.properties").exists():
            self._format(java, class_path)
        command = [
            java,
            f"-Xmx{self._heap_mb}m",
            *_JVM,
            "-Dbellwether.role=kafka",
            f"-Dbellwether.state={self.folder.parent}",
            f"-Dlog4j2.configurationFile={self.folder / 'log4j2.properties'}",
            "-cp",
            class_path,
            "kafka.Kafka",
            str(self.folder / "server.properties"),
        ]
        self._run(command, "kafka.out")

    def usable(self) -> bool:
        """Whether every partition of every topic has a leader again."""
        return not is_free(self.port) and all_partitions_led(self.bootstrap_servers)

    def _write_configuration(self) -> None:
        (controller,) = self._take_ports("broker", "controller")
        (self.folder / "server.properties").write_text(
            _PROPERTIES
            + f"controller.quorum.voters=1@127.0.0.1:{controller}\n"
            + f"listeners=PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{controller}\n"
            + f"advertised.listeners=PLAINTEXT://127.0.0.1:{self.port}\n"
            + f"log.dirs={self.folder / 'data'}\n"
        )
        (self.folder / "log4j2.properties").write_text(_LOG4J.format(log=self.folder / "kafka.log"))

    def _format(self, java: str, class_path: str) -> None:
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "A", 1)
        command = [java, "-Xmx128m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", class_path]
        command += ["kafka.tools.StorageTool", "format", "--cluster-id", cluster]
        command += ["--config", str(self.folder / "server.properties"), "--ignore-formatted"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode != 0:
            raise EmbeddedError(
                f"the embedded Kafka's folder {self.folder} could not be prepared: {done.stderr[-600:]}"
            )


def all_partitions_led(bootstrap_servers: str) -> bool:
    """Whether the cluster answers and every partition of every topic has a leader."""
    from kafka import KafkaAdminClient

    quiet = logging.getLogger("kafka")
    level = quiet.level
    quiet.setLevel(logging.CRITICAL)  # a broker that is not there yet is what we are waiting for
    try:
        admin = KafkaAdminClient(bootstrap_servers=bootstrap_servers.split(","), request_timeout_ms=5000)
        try:
            topics = admin.describe_topics(admin.list_topics())
            brokers = admin.describe_cluster()["brokers"]
        finally:
            admin.close()
    except Exception:  # kafka-python raises many kinds while a broker starts; the caller has the deadline
        return False
    finally:
        quiet.setLevel(level)
    return bool(brokers) and all(part["leader_id"] >= 0 for topic in topics for part in topic["partitions"])
