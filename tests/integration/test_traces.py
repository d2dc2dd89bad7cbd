"""One document's trace from ingest through Kafka to Redis, and a request's through the API: real processes, and a
collector that they tell."""

from __future__ import annotations

import json

import httpx
import pytest

from services.embedded.ports import free_port
from services.ingest.delivery.publisher import Publisher
from shared.clients.otlp import Exporter
from shared.contract.events import Tick
from shared.settings import Settings, load_settings
from shared.traced import TRACES
from tests.collector import attributes, collecting
from tests.integration.worker_process import Worker, document, make_topics, publish, records, wait_for

pytestmark = pytest.mark.kafka
PASSED_ON = "4bf92f3577b34da6a3ce929d0e0e4736"


def test_a_document_and_a_request_can_be_followed(settings: Settings) -> None:
    with collecting() as collector:
        settings = load_settings(
            settings.state_dir, run=settings.run, kafka=settings.kafka.model_dump(), redis=settings.redis.model_dump(),
            model={"name": "stub:poison"}, traces={"endpoint": collector.endpoint, "share": 1.0},
            api={"port": free_port()},
        )  # fmt: skip
        topics = make_topics(settings)
        fine, dead = document(1, "$AAPL rises after earnings"), document(2, "$AAPL bellwether-poison")
        TRACES.begin(1)
        Exporter(collector.endpoint, {"service.name": "bellwether-ingest"})
        try:
            publisher = Publisher(settings.kafka, topics)
            for each in (fine, dead):
                publisher.send(each).wait()
            publisher.close()
        finally:
            TRACES.close()
        workers = [Worker(settings, "1", role) for role in ("scoring", "aggregation", "api")]
        try:
            wait_for(lambda: bool(collector.of(fine.id, "apply")) and bool(collector.of(dead.id, "score")), *workers)
            _is_one_tree(collector.spans, fine.id)
            (failed,) = collector.of(dead.id, "score")
            assert (failed["status"], attributes(failed)["error.type"]) == ({"code": 2}, "unscorable")
            (opinion,) = [record for record in records(settings, topics.opinions) if record.headers]
            assert [name for name, _ in opinion.headers] == ["traceparent"]
            _asked(settings, workers, collector)
            publish(settings, topics.documents("news"), [Tick(watermark=fine.available_at)])  # has none, and needs none
        finally:
            for each in workers:
                each.stop()
                each.close()
    lines = (settings.state_dir / "logs" / "scoring-1.jsonl").read_text().splitlines()
    (line,) = [found for found in map(json.loads, lines) if "became a dead letter" in found["message"]]
    assert line["trace"] == dead.id


def _is_one_tree(spans: list[dict[str, object]], trace: str) -> None:
    """Each span's parent is a span of this trace, in the order of the way; the first has none."""
    mine = {span["spanId"]: span for span in spans if span["traceId"] == trace}
    way = {
        "send documents.news": "", "score": "send documents.news", "link": "score", "model": "score",
        "send opinions": "score", "apply": "score", "load, plan and commit": "apply",
    }  # fmt: skip
    told = {}
    for span in mine.values():
        name = str(span["name"]).replace(f"run.{_run(span)}.", "")
        parent = mine.get(span.get("parentSpanId", ""))
        told[name] = str(parent["name"]).replace(f"run.{_run(parent)}.", "") if parent else ""
        assert int(str(span["startTimeUnixNano"])) <= int(str(span["endTimeUnixNano"]))
        if parent:
            assert int(str(parent["startTimeUnixNano"])) <= int(str(span["startTimeUnixNano"]))
    assert told == way


def _run(span: dict[str, object]) -> str:
    return str(span["name"]).partition("run.")[2].partition(".")[0]


def _asked(settings: Settings, workers: list[Worker], collector: object) -> None:
    """A request that brings a trace is a span of it."""
    url = f"http://127.0.0.1:{settings.api.port}/v1/companies/AAPL/sentiment"
    sent = {"traceparent": f"00-{PASSED_ON}-00f067aa0ba902b7-01"}

    def answered() -> bool:
        try:
            return httpx.get(url, headers=sent, timeout=60).status_code == 200
        except httpx.TransportError:
            return False

    wait_for(answered, *workers)
    name = "GET /v1/companies/{id}/sentiment"
    wait_for(lambda: bool(collector.of(PASSED_ON, name)), *workers)  # type: ignore[attr-defined]
    span = collector.of(PASSED_ON, name)[-1]  # type: ignore[attr-defined]
    assert (span["parentSpanId"], span["kind"], span["service"]) == ("00f067aa0ba902b7", 2, "bellwether-api")
    assert attributes(span)["http.response.status_code"] == "200"
