"""The stream on a real Kafka: all that comes, in order; without loss over reconnections, kills of the broker and slow
clients; no id survives what it counts in."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from kafka import KafkaAdminClient, KafkaProducer, TopicPartition

from services.api.stream.hub import Hub
from services.archive import keeping
from services.embedded.kafka import EmbeddedKafka
from services.runtime.binding import bind, read_cluster
from shared.clients.kafka import client_config, ensure_topics
from shared.clients.redis import connect
from shared.contract.alerts import Alert, encode
from shared.contract.events import MICRO, Document, Opinion, Origin, Tick
from shared.contract.events import encode as encode_message
from shared.contract.keys import API_KEYS, Keys
from shared.contract.topics import Topics, partition_for
from shared.settings import Settings, load_settings
from tests.api_server import served

pytestmark = pytest.mark.kafka
PATIENCE = 60.0


def opinion(number: int, company: str = "AAPL", title: str = "") -> Opinion:
    return Opinion(
        origin=Origin("t", 0, number), document_id=f"{number:032x}", company=company, relevance=MICRO, channel="news",
        source="s", story="0" * 16, title=title or f"title {number}", published_at=1, available_at=number, negative=0,
        neutral=0, positive=MICRO, model="m", companies=1,
    )  # fmt: skip


class Log:
    """The topics of a run, and a producer."""

    def __init__(self, settings: Settings) -> None:
        self.topics, self.settings = Topics.of(settings), settings
        ensure_topics(settings.kafka, self.topics.all())
        with connect(settings.redis) as client:
            client.delete(API_KEYS)
            bind(client, settings.run, read_cluster(settings.kafka, [each.name for each in self.topics.all()]).fields())
        self.producer = KafkaProducer(**client_config(settings.kafka), acks="all")

    def opinions(self, numbers: range, company: str = "AAPL", title: str = "") -> None:
        for number in numbers:
            raw = encode_message(opinion(number, company, title))
            self.producer.send(self.topics.opinions, raw, key=company.encode())
        self.producer.flush()

    def close(self) -> None:
        self.producer.close()


@pytest.fixture
def log(settings: Settings) -> Iterator[Log]:
    made = Log(settings)
    yield made
    made.close()


class Client:
    """A reader of the stream, event by event."""

    def __init__(self, answer: httpx.Response) -> None:
        assert answer.status_code == 200, answer.read()
        self._lines = answer.iter_lines()
        self.last = ""

    def next(self) -> tuple[str, Any]:
        """The next event, heart-beats too."""
        event, data = "", None
        for line in self._lines:
            if not line and event:
                return event, data
            name, _, value = line.partition(": ")
            if name == "id":
                self.last = value
            elif name == "event":
                event = value
            elif name == "data":
                data = json.loads(value)
        raise EOFError

    def take(self, count: int, kind: str = "opinions") -> list[Any]:
        found: list[Any] = []
        while len(found) < count:
            event, data = self.next()
            if event == kind:
                found.append(data)
        return found


@contextmanager
def listening(api: httpx.Client, last: str | None = None, **parameters: str) -> Iterator[Client]:
    headers = {"Last-Event-ID": last} if last else {}
    with api.stream("GET", "/v1/stream", params=parameters, headers=headers, timeout=PATIENCE) as answer:
        yield Client(answer)


def numbers(rows: list[Any]) -> list[int]:
    return [int(row["document"], 16) for row in rows]


def test_what_comes_is_told_in_order_and_a_reader_goes_on_where_it_was(settings: Settings, log: Log) -> None:
    log.opinions(range(5))
    with served(settings) as api:
        with listening(api) as client:
            assert client.next()[0] == "heartbeat"
            first = client.last
            log.opinions(range(5, 25))
            rows = client.take(20)
            assert numbers(rows) == list(range(5, 25))
            assert rows[0]["sentiment"] == 1.0 and rows[0]["title"] == "title 5"
        log.opinions(range(25, 40))
        with listening(api, client.last) as again:
            assert numbers(again.take(15)) == list(range(25, 40))
        with listening(api, first) as from_first:
            assert numbers(from_first.take(35)) == list(range(5, 40))
        with listening(api, **{"from": "start"}) as whole:
            assert numbers(whole.take(40)) == list(range(40))
        with listening(api, first) as middle:  # stop in the middle of the catching up
            assert numbers(middle.take(7)) == list(range(5, 12))
        with listening(api, middle.last) as rest:
            assert numbers(rest.take(28)) == list(range(12, 40))


def test_what_kafka_no_longer_holds_comes_of_the_archive(settings: Settings, log: Log) -> None:
    log.opinions(range(40))
    assert keeping.rebuild(settings) >= 40
    cut = delete_before(settings, log.topics.opinions, 30)
    log.opinions(range(40, 45))
    with served(settings) as api:
        with listening(api, **{"from": "start"}) as whole:
            assert numbers(whole.take(12)) == list(range(12))
        with listening(api, whole.last) as rest:  # a place that only the archive has
            assert numbers(rest.take(33)) == list(range(12, 45))
        keeping.forget(settings)
        with listening(api, **{"from": "start"}) as held:
            assert numbers(held.take(45 - cut)) == list(range(cut, 45))
        headers = {"Last-Event-ID": whole.last}
        assert api.get("/v1/stream", headers=headers).status_code == 410


def delete_before(settings: Settings, topic: str, offset: int) -> int:
    """Apple's partition of the topic begins at `offset` afterwards, as its retention would have it."""
    part = TopicPartition(topic, partition_for("AAPL", settings.kafka.opinion_partitions))
    admin = KafkaAdminClient(**client_config(settings.kafka))
    admin.delete_records({part: offset})
    admin.close()
    return offset


def test_another_process_goes_on_with_the_same_id(settings: Settings, log: Log) -> None:
    with served(settings) as api, listening(api) as client:
        client.next()
        log.opinions(range(3))
        client.take(2)
    with served(settings) as other, listening(other, client.last) as again:
        assert numbers(again.take(1)) == [2]


def test_kinds_and_filters(settings: Settings, log: Log) -> None:
    document = Document(
        id="a" * 32,
        channel="social",
        source="s",
        text="Text\r\nid: forged",
        published_at=1,
        received_at=2,
        available_at=2,
    )
    with (
        served(settings) as api,
        listening(api, kinds="opinions,documents", company="TSLA", channel="social") as narrow,
    ):
        with listening(api, kinds="documents,opinions") as wide:
            narrow.next(), wide.next()
            log.producer.send(log.topics.documents("social"), encode_message(Tick(watermark=1)), partition=0)
            log.producer.send(log.topics.documents("social"), b"\xffno message", partition=0)
            log.producer.send(log.topics.documents("social"), encode_message(document), partition=0)
            log.opinions(range(2), "TSLA")
            found = wide.take(1, "documents")
            assert found[0]["text"] == "Text\r\nid: forged"
            assert found[0]["id"] == "a" * 32
        log.producer.send(
            log.topics.documents("social"),
            encode_message(document_of(document, companies=("TSLA",), id="b" * 32)),
            partition=0,
        )
        log.producer.flush()
        assert narrow.take(1, "documents")[0]["id"] == "b" * 32


def document_of(document: Document, **changes: Any) -> Document:
    fields = {name: getattr(document, name) for name in document.__struct_fields__}
    return Document(**(fields | changes))


def test_alerts_follow_with_their_numbers(settings: Settings, log: Log) -> None:
    with connect(settings.redis) as client:
        keys = Keys(settings.run, settings.kafka.opinion_partitions)

        def alert(number: int) -> None:
            made = Alert(
                id=f"{number:016x}", rule="r", kind="k", company="AAPL", signal="s", strategy="pulse", at=number,
                available_at=number, action="buy", score=1, confidence=1, text=f"alert {number}",
            )  # fmt: skip
            client.hset(keys.alerts(), str(number), encode(made))

        for number in range(1, 4):
            alert(number)
        with served(settings) as api:
            with listening(api, kinds="alerts", **{"from": "start"}) as whole:
                assert [row["number"] for row in whole.take(3, "alerts")] == [1, 2, 3]
            alert(4)
            with listening(api, whole.last, kinds="alerts") as again:
                assert [row["number"] for row in again.take(1, "alerts")] == [4]
    assert log.topics.run == settings.run


@pytest.mark.parametrize("text", ["nonsense", "e30", "x" * 9000, "WyJ4IixbXSxudWxsXQ"])
def test_what_is_no_id_is_refused(settings: Settings, log: Log, text: str) -> None:
    assert log.topics.run == settings.run
    with served(settings) as api:
        answer = api.get("/v1/stream", headers={"Last-Event-ID": text})
        assert answer.status_code in (400, 410)
        assert answer.json()["remedy"]


def test_an_id_of_topics_that_were_made_again_is_gone_with_a_new_start(settings: Settings, log: Log) -> None:
    with served(settings) as api:
        with listening(api) as client:
            client.next()
            log.opinions(range(3))
            client.take(3)
            again(settings, log.topics)
            while (event := client.next()[0]) == "heartbeat":
                pass
            assert event == "gone"
        answer = api.get("/v1/stream", headers={"Last-Event-ID": client.last})
        assert answer.status_code == 410
        with listening(api, answer.json()["start"]) as fresh:
            fresh.next()
            log.opinions(range(7, 9))
            assert numbers(fresh.take(2)) == [7, 8]


def again(settings: Settings, topics: Topics) -> None:
    """Delete `opinions` and make it anew with other partitions, as a resize does."""
    admin = KafkaAdminClient(**client_config(settings.kafka))
    admin.delete_topics([topics.opinions])
    admin.close()
    deadline = threading.Event()
    resized = [
        each if each.name != topics.opinions else type(each)(each.name, each.partitions + 1, each.config)
        for each in topics.all()
    ]
    for _ in range(100):
        try:
            ensure_topics(settings.kafka, resized)
            return
        except Exception:
            deadline.wait(0.2)
    raise AssertionError("the topic was not made again")


def test_a_client_that_takes_nothing_is_cut_off_and_comes_back_without_loss(
    settings: Settings, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.api.routes.stream.SEND_SECONDS", 3.0)
    with served(settings) as api:
        host, port = str(api.base_url.host), int(api.base_url.port or 0)
        with socket.socket() as slow, listening(api) as quick:
            quick.next()
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow.connect((host, port))
            slow.sendall(b"GET /v1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            head = slow.recv(2000)
            while b"id: " not in head:
                head += slow.recv(2000)
            # more than the system keeps for a client
            writing = threading.Thread(target=lambda: log.opinions(range(4000), title="x" * 4000))
            writing.start()
            assert numbers(quick.take(4000)) == list(range(4000))  # the slow one holds nobody up
            writing.join()
            slow.settimeout(PATIENCE)
            raw = head
            while part := slow.recv(65536):  # until the server closes
                raw += part
        last = raw.rpartition(b"\n\n")[0].rpartition(b"id: ")[2].partition(b"\n")[0].decode()
        told = raw.rpartition(b"\n\n")[0].count(b"event: opinions")
        assert told < 4000
        with listening(api, last) as back:
            assert numbers(back.take(4000 - told)) == list(range(told, 4000))


def test_a_broker_that_is_killed_costs_nothing(own_kafka: EmbeddedKafka, redis_url: str, settings: Settings) -> None:
    own = load_settings(settings.state_dir, run=settings.run, kafka=own_kafka.settings(), redis={"url": redis_url})
    log = Log(own)
    with served(own) as api, listening(api) as client:
        client.next()
        log.opinions(range(4))
        assert numbers(client.take(4)) == [0, 1, 2, 3]
        log.close()
        own_kafka.kill()
        own_kafka.start()
        log = Log(own)
        log.opinions(range(4, 9))
        assert numbers(client.take(5)) == [4, 5, 6, 7, 8]
    log.close()


def test_one_consumer_serves_all_readers(settings: Settings, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Hub] = []
    original = Hub.__init__

    def counted(self: Hub, *arguments: Any, **named: Any) -> None:
        made.append(self)
        original(self, *arguments, **named)

    monkeypatch.setattr(Hub, "__init__", counted)
    with served(settings) as api:
        streams = [listening(api) for _ in range(12)]
        clients = [stream.__enter__() for stream in streams]
        for client in clients:
            client.next()
        log.opinions(range(10))
        for client in clients:
            assert numbers(client.take(10)) == list(range(10))
        for stream in streams:
            stream.__exit__(None, None, None)
    assert len(made) == 1


def test_without_kafka_the_stream_says_so(settings: Settings) -> None:
    away = load_settings(settings.state_dir, run="x", redis=settings.redis, kafka={"bootstrap_servers": "127.0.0.1:1"})
    with served(away) as api:
        assert api.get("/v1/stream").status_code == 503
