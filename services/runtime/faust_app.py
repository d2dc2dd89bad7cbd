"""The Faust application that the workers are built on: no tables, no web server, no topics of its own."""

from __future__ import annotations

import ssl
from typing import Any, Literal, cast

import faust
from faust.sensors import Monitor
from faust.types import TP

from services.runtime.assignment import Assignment
from services.runtime.exits import WorkerStop
from services.runtime.faust_consumer import WorkerTransport
from services.runtime.faust_producer import BATCH_BYTES, MAX_REQUEST_BYTES, IdempotentProducer
from services.runtime.incurable import ending
from shared.clients.state_folder import StateFolder
from shared.settings import KafkaSettings, Settings

Role = Literal["scoring", "aggregation", "alerts", "archive"]


class _SilentMonitor(Monitor):
    """Faust's sensors cost a tenth of the time of a record; the worker reports its own (telemetry/report.py)."""

    def on_message_in(self, tp: TP, offset: int, message: Any) -> None: ...
    def on_message_out(self, tp: TP, offset: int, message: Any) -> None: ...
    def on_stream_event_in(self, tp: TP, offset: int, stream: Any, event: Any) -> None: ...
    def on_stream_event_out(self, tp: TP, offset: int, stream: Any, event: Any, state: Any = None) -> None: ...
    def track_tp_end_offset(self, tp: TP, offset: int) -> None: ...


class WorkerApp(faust.App):
    """A Faust application that lives under an `Assignment`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.assignment = Assignment()
        super().__init__(*args, **kwargs)

    @property
    def consumer_generation_id(self) -> int:  # type: ignore[override]  # nobody but the assignment moves it
        """What Faust compares wherever it compares group generations: see services/runtime/faust_consumer.py."""
        return self.assignment.number

    def _crash(self, reason: BaseException) -> None:
        super()._crash(reason)
        stop = reason if isinstance(reason, WorkerStop) else ending(reason, f"Faust: {reason!r}")
        self.assignment.fail(stop)

    def _new_transport(self) -> Any:
        return WorkerTransport(self.conf.broker_consumer, self, self.assignment, loop=self.loop)

    def _new_producer_transport(self) -> Any:
        return WorkerTransport(self.conf.broker_producer, self, self.assignment, loop=self.loop)

    @property
    def outbox(self) -> IdempotentProducer:
        """The started producer."""
        return cast(IdempotentProducer, self.producer)


def build_app(settings: Settings, role: Role, name: str, group: str) -> WorkerApp:
    """The application of one worker process. Call with a running event loop (uvloop: services/runtime/process.py).

    `group` is the consumer group; run, role and `name` make the static member, so that a worker which is started again
    within the session timeout gets its partitions back without a rebalance.
    """
    worker, kafka = settings.worker, settings.kafka
    return WorkerApp(
        group,
        broker=[f"aiokafka://{address.strip()}" for address in kafka.bootstrap_servers.split(",")],
        broker_credentials=credentials(kafka),
        broker_client_id=f"bellwether-{role}-{name}",
        broker_session_timeout=worker.session_timeout_seconds,
        broker_heartbeat_interval=worker.heartbeat_seconds,
        broker_rebalance_timeout=max(10.0, 2 * worker.session_timeout_seconds),
        broker_request_timeout=30.0,
        broker_commit_interval=0.5,
        broker_max_poll_records=500,
        broker_max_poll_interval=300.0,
        broker_check_crcs=True,
        consumer_group_instance_id=f"{settings.run}-{role}-{name}",
        consumer_auto_offset_reset="none",
        consumer_max_fetch_size=1024 * 1024,
        producer_request_timeout=30.0,
        producer_linger=0.0,
        producer_max_batch_size=BATCH_BYTES,
        producer_max_request_size=MAX_REQUEST_BYTES,
        processing_guarantee="at_least_once",
        stream_buffer_maxsize=8,  # pages, see services/runtime/faust_consumer.py
        stream_wait_empty=False,
        stream_recovery_delay=0.0,
        table_standby_replicas=0,
        topic_allow_declare=False,
        topic_disable_leader=True,
        topic_partitions=1,
        store="memory://",
        cache="memory://",
        datadir=str(StateFolder(settings.state_dir).faust),
        web_enabled=False,
        autodiscover=False,
        key_serializer="raw",
        value_serializer="raw",
        Monitor=_SilentMonitor,
        logging_config=None,
        worker_redirect_stdouts=False,
    )


def raw_topic(app: WorkerApp, *names: str) -> Any:
    """A Faust topic over existing Kafka topics that hands out the bytes as they are."""
    return app.topic(
        *names, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw", allow_empty=True
    )


def credentials(kafka: KafkaSettings) -> Any:
    """TLS and SASL as settings say, in Faust's terms; None for plaintext."""
    context = None
    if kafka.security_protocol.endswith("SSL"):
        context = ssl.create_default_context(cafile=kafka.ssl_cafile)
        if kafka.ssl_certfile:
            context.load_cert_chain(kafka.ssl_certfile, kafka.ssl_keyfile)
    if kafka.security_protocol.startswith("SASL"):
        return faust.SASLCredentials(
            username=kafka.sasl_username,
            password=kafka.sasl_password.get_secret_value() if kafka.sasl_password else None,
            mechanism=kafka.sasl_mechanism,
            ssl_context=context,
        )
    return faust.SSLCredentials(context) if context else None
