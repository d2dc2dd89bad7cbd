"""`bellwether worker ingest` as the process that it is: feeds in, documents and ticks out, through restarts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

import httpx
import pytest

from services.embedded.kafka import EmbeddedKafka
from shared.clients.redis import connect
from shared.contract.keys import worker_key
from shared.contract.operation.health import decode_report
from shared.settings import KafkaSettings, Settings
from tests.contract.feed_servers import answer, http_server
from tests.integration.ingest.reading import in_environment, read_documents, wait_for

pytestmark = pytest.mark.kafka


class Wire:
    """A feed that grows."""

    def __init__(self) -> None:
        self.items = 3
        self.polls = 0

    def respond(self, request: BaseHTTPRequestHandler) -> None:
        self.polls += 1
        items = "".join(
            f'<item><title>Story {number}</title><guid isPermaLink="false">{number}</guid></item>'
            for number in range(self.items)
        )
        answer(request, 200, f'<rss version="2.0"><channel><title>W</title>{items}</channel></rss>'.encode())


@contextmanager
def worker(settings: Settings, feed: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    env = os.environ | {
        "BELLWETHER_KAFKA": in_environment(settings.kafka),
        "BELLWETHER_REDIS": in_environment(settings.redis),
        "BELLWETHER_INGEST__RSS": f'["{feed}"]',
        "BELLWETHER_INGEST__RSS_SECONDS": "0.2",
        "BELLWETHER_INGEST__TICK_SECONDS": "0.3",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "services.commands.main", "worker", "ingest", "--name", "1", "--run", settings.run,
         "--state", str(settings.state_dir)], env=env | environment, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def stories(settings: Settings) -> set[str]:
    return {document.title for document in read_documents(settings).documents}


def report(settings: Settings, pid: int | None = None) -> str:
    """What the worker says of its sources; with `pid` only what this process said (a report outlives its worker)."""
    return " ".join(detail(settings, pid).values())


def detail(settings: Settings, pid: int | None = None) -> dict[str, str]:
    raw = connect(settings.redis).get(worker_key(settings.run, "ingest", "1"))
    if not isinstance(raw, bytes) or (pid is not None and decode_report(raw).pid != pid):
        return {}
    return decode_report(raw).detail


def test_a_feed_flows_ticks_keep_their_promise_and_it_stops_cleanly(settings: Settings) -> None:
    wire = Wire()
    with http_server(wire.respond) as feed:
        with worker(settings, feed) as process:
            wait_for(lambda: "3 published" in report(settings), "the first three stories")
            wire.items = 6
            wait_for(lambda: "6 published" in report(settings), "three more")
            metrics = httpx.get(f"http://{detail(settings)['metrics']}/metrics").text
            assert f'bellwether_records_total{{name="1",role="ingest",run="{settings.run}"}} 6.0' in metrics
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0, process.communicate()
        with worker(settings, feed) as process:
            wire.items = 7
            wait_for(lambda: "7 published" in report(settings), "one more after a restart")
            process.kill()
            process.wait()
        with worker(settings, feed) as process:
            wire.items = 8
            wait_for(lambda: "8 published" in report(settings), "one more after kill -9")
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0, process.communicate()
    found = read_documents(settings)
    assert {document.title for document in found.documents} == {f"Story {number}" for number in range(8)}
    assert found.broken == [] and len(found.documents) == len(found.ids)
    assert len(found.ticks) == 8 and all(marks and marks == sorted(marks) for marks in found.ticks.values())


def test_it_outlives_a_broker_that_dies(settings: Settings, own_kafka: EmbeddedKafka) -> None:
    own = settings.model_copy(update={"kafka": KafkaSettings(**own_kafka.settings())})
    wire = Wire()
    with http_server(wire.respond) as feed, worker(own, feed) as process:
        wait_for(lambda: "3 published" in report(own), "the first stories")
        own_kafka.kill()
        wire.items, polls = 5, wire.polls
        wait_for(lambda: wire.polls > polls + 3, "polls while Kafka is away")
        own_kafka.start()
        wait_for(lambda: "5 published" in report(own), "what came while Kafka was away")
        assert process.poll() is None
        assert stories(own) == {f"Story {number}" for number in range(5)}
    found = read_documents(own)
    assert found.broken == [] and len(found.documents) == 5


def test_without_kafka_it_asks_to_be_started_again(settings: Settings) -> None:
    from services.runtime.exits import ExitCode

    address = "127.0.0.1:9"
    with worker(settings, "http://127.0.0.1:9/", BELLWETHER_KAFKA__BOOTSTRAP_SERVERS=address) as process:
        assert process.wait(90) == ExitCode.RESTART


def test_the_week_is_played_once_per_cluster(settings: Settings) -> None:
    sample = {
        "BELLWETHER_INGEST__RSS": "[]", "BELLWETHER_INGEST__SAMPLE": "true",
        "BELLWETHER_INGEST__SAMPLE_SPEED": "100000",
    }  # fmt: skip
    with worker(settings, "", **sample) as process:
        wait_for(lambda: "published" in report(settings) and " 0 published" not in report(settings), "the week begins")
        process.kill()
        process.wait()
    with worker(settings, "", **sample) as process:
        wait_for(lambda: report(settings, process.pid).count("ended") == 2, "the week ends")
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    before = read_documents(settings)
    assert len(before.ids) > 3_000 and before.broken == []
    assert all(document.synthetic for document in before.documents)
    last = max(document.available_at for document in before.documents)
    assert {max(marks) for marks in before.ticks.values()} == {last + 1}
    with worker(settings, "", **sample) as process:
        wait_for(lambda: report(settings, process.pid).count("ended") == 2, "nothing is left to play")
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert len(read_documents(settings).documents) == len(before.documents)


GOOD = '<rss version="2.0"><channel><title>W</title>{}</channel></rss>'
BAD = GOOD.format(
    "<item><title>Year nought</title><pubDate>Mon, 01 Jan 0000 00:00:00 GMT</pubDate></item>"
    "<item><title>Half a sign &#xD800;</title></item><item><title>Beyond &#x110000;</title></item>"
    '<item><title>Nowhere</title><gml:Polygon xmlns:gml="http://www.opengis.net/gml"><gml:posList>1 a</gml:posList>'
    "</gml:Polygon></item><item><guid>no text at all</guid></item>"
)


def test_what_is_wrong_with_one_feed_touches_neither_the_others_nor_the_worker(settings: Settings) -> None:
    wire = Wire()

    def respond(request: BaseHTTPRequestHandler) -> None:
        if request.path == "/good":
            wire.respond(request)
        elif request.path == "/bad":
            answer(request, 200, BAD.encode())
        elif request.path == "/drip":
            request.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            for _ in range(600):
                request.wfile.write(b"x")
                time.sleep(0.1)
        elif request.path == "/bomb":
            answer(request, 200, b"x", Content_Encoding="gzip, gzip")
        elif request.path == "/dtd":
            answer(request, 200, '<!DOCTYPE rss [<!ENTITY a "b">]><rss/>'.encode("utf-16"))
        else:
            answer(request, 200)

    with http_server(respond) as address:
        feeds = ", ".join(f'"{address}/{name}"' for name in ("good", "bad", "drip", "bomb", "dtd", "empty"))
        several = {"BELLWETHER_INGEST__RSS": f"[{feeds}]", "BELLWETHER_INGEST__TIMEOUT_SECONDS": "1"}
        with worker(settings, "", **several) as process:
            wait_for(lambda: "3 published" in report(settings), "the good feed's stories")
            told = {"empty answer", "gzip, once, is", "document type definition", "Timeout", "4 published, 1 rejected"}
            wait_for(lambda: all(words in report(settings) for words in told), "the trouble of each of the others")
            wire.items, polls = 7, wire.polls
            wait_for(lambda: "7 published" in report(settings), "four more of the good one")
            wait_for(lambda: wire.polls > polls + 5, "the good one is polled on")
            assert process.poll() is None
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0, process.communicate()
    assert {"Year nought", "Half a sign \ufffd", "Beyond \ufffd", "Nowhere", "Story 6"} <= stories(settings)
