"""Apache Kafka as a child process: one KRaft node, bound to 127.0.0.1, all its data in one folder.

Whoever connects, to the broker or to the controller, needs the password (SASL PLAIN): every account of the machine
reaches 127.0.0.1. The password is asked for once a connection and costs nothing afterwards.
It survives kill -9: started again on the same folder it has the same port, cluster id and records. It is set up for
one machine (one replica, small internal topics, quick rebalances), not for production.
"""

from __future__ import annotations

import base64
import logging
import subprocess
import uuid
from pathlib import Path
from typing import Any, Final

from services.embedded.errors import EmbeddedError
from services.embedded.jars import kafka_jars
from services.embedded.java import find_java
from services.embedded.ports import is_free
from services.embedded.service import EmbeddedService
from shared.clients.kafka import client_config
from shared.clients.state_folder import write_atomically
from shared.settings import KafkaSettings, default_cache_dir

MIN_SESSION_TIMEOUT_MS: Final = 1000
USER: Final = "bellwether"
START_SECONDS: Final = 180.0  # three on a quiet machine
_JVM: Final = ("-Xms64m", "-XX:+UseSerialGC", "-Djava.awt.headless=true")

_PROPERTIES: Final = f"""\
process.roles=broker,controller
node.id=1
controller.listener.names=CONTROLLER
listener.security.protocol.map=SASL_PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT
inter.broker.listener.name=SASL_PLAINTEXT
sasl.enabled.mechanisms=PLAIN
sasl.mechanism.inter.broker.protocol=PLAIN
sasl.mechanism.controller.protocol=PLAIN
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

    def settings(self) -> dict[str, Any]:
        return {
            "bootstrap_servers": self.bootstrap_servers,
            "security_protocol": "SASL_PLAINTEXT",
            "sasl_mechanism": "PLAIN",
            "sasl_username": USER,
            "sasl_password": self.password,
        }

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
        return not is_free(self.port) and all_partitions_led(KafkaSettings(**self.settings()))

    def _write_configuration(self) -> None:
        (controller,) = self._take_ports("broker", "controller")
        configuration = (
            _PROPERTIES
            + "".join(_login(listener, self.password) for listener in ("sasl_plaintext", "controller"))
            + f"controller.quorum.voters=1@127.0.0.1:{controller}\n"
            + f"listeners=SASL_PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{controller}\n"
            + f"advertised.listeners=SASL_PLAINTEXT://127.0.0.1:{self.port}\n"
            + f"log.dirs={self.folder / 'data'}\n"
        )
        write_atomically(self.folder / "server.properties", configuration.encode())
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


def _login(listener: str, password: str) -> str:
    """Who is let in at a listener, and as whom the broker itself goes there: one user, with the one password."""
    quoted = password.replace("\\", r"\\\\").replace('"', '\\\\"')  # once for JAAS, once for the file of properties
    return (
        f"listener.name.{listener}.plain.sasl.jaas.config="
        "org.apache.kafka.common.security.plain.PlainLoginModule required "
        f'username="{USER}" password="{quoted}" user_{USER}="{quoted}";\n'
    )


def all_partitions_led(settings: KafkaSettings) -> bool:
    """Whether the cluster answers and every partition of every topic has a leader."""
    from kafka import KafkaAdminClient

    quiet = logging.getLogger("kafka")
    level = quiet.level
    quiet.setLevel(logging.CRITICAL)  # a broker that is not there yet is what we are waiting for
    try:
        admin = KafkaAdminClient(**client_config(settings), request_timeout_ms=5000)
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
