"""traceparent, which documents are traced, and spans as a collector gets them."""

from __future__ import annotations

import logging
import socket
import threading

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.clients import otlp
from shared.traced import CURRENT, MOST_SPANS, Context, Span, Traces, context_among, context_of, within
from tests.collector import attributes, collecting

HEX = "0123456789abcdef"
TRACE = "0af7651916cd43dd8448eb211c80319c"
CONTEXT = Context(TRACE, "b7ad6b7169203331")


def ids(length: int) -> st.SearchStrategy[str]:
    return st.text(HEX, min_size=length, max_size=length).filter(lambda text: set(text) != {"0"})


@given(ids(32), ids(16))
def test_a_context_comes_back_from_its_header(trace: str, span: str) -> None:
    context = Context(trace, span)
    assert context_of(context.header()) == context_of(context.header().encode()) == context
    child = context.child()
    assert child.trace == trace
    assert child.span != span
    assert context_among([("reason", b"x"), ("traceparent", context.header().encode())]) == context


@given(st.binary(max_size=80) | st.text(max_size=80) | st.none())
@example(f"ff-{TRACE}-b7ad6b7169203331-01")  # no version
@example(f"00-{TRACE}-b7ad6b7169203331-00")  # whoever sent it keeps nothing of it
@example(f"00-{'0' * 32}-b7ad6b7169203331-01")
@example(f"00-{TRACE}-{'0' * 16}-01")
@example(f"00-{TRACE}-b7ad6b7169203331-01-more")  # version 00 has nothing behind its flags
@example(f"00-{TRACE.upper()}-b7ad6b7169203331-01")
def test_anything_else_is_no_context(header: bytes | str | None) -> None:
    assert context_of(header) is None


def test_a_later_version_is_read_by_what_this_one_knows() -> None:
    assert context_of(f"cc-{TRACE}-b7ad6b7169203331-03-what-the-future-holds") == CONTEXT


@given(ids(32), st.floats(0.001, 1), st.floats(0.001, 1))
def test_a_share_is_part_of_every_larger_one_and_the_same_everywhere(id: str, one: float, other: float) -> None:
    few, many = Traces(), Traces()
    few.begin(min(one, other))
    many.begin(max(one, other))
    mine, theirs = few.of_document(id), many.of_document(id)
    assert mine is None or (mine.trace == id and theirs is not None)
    many.begin(1)
    assert many.of_document(id) is not None


def test_what_is_off_keeps_nothing() -> None:
    traces = Traces()
    assert traces.of_document(TRACE) is None
    assert traces.of_request(CONTEXT.header()) == (None, "")
    traces.add(Span("score", "consumer", CONTEXT, "", 1, 2))
    assert traces.take(10) == []


def test_a_request_goes_on_with_the_trace_that_it_brings() -> None:
    traces = Traces()
    traces.begin(1)
    own, parent = traces.of_request(CONTEXT.header())
    assert own is not None
    assert (own.trace, parent) == (TRACE, CONTEXT.span)
    assert own.span != parent
    begun, none = traces.of_request("nonsense")
    assert begun is not None
    assert none == ""
    assert begun.trace != TRACE


def test_more_than_can_be_sent_is_dropped_and_counted() -> None:
    traces = Traces()
    traces.begin(1)
    for number in range(MOST_SPANS + 3):
        traces.add(Span("score", "consumer", CONTEXT, "", number, number))
    assert traces.dropped == 3
    assert [span.began for span in traces.take(2)] == [0, 1]


def test_a_collector_gets_them_as_the_protocol_has_them() -> None:
    traces = Traces()
    with collecting() as collector:
        traces.begin(1)
        exporter = otlp.Exporter(f"{collector.endpoint}/", {"service.name": "bellwether-scoring"}, "secret", traces)
        about = {"messaging.system": "kafka", "messaging.kafka.offset": 2**40, "share": 0.5}
        traces.add(Span("score", "consumer", CONTEXT, "00f067aa0ba902b7", 10**18, 10**18 + 5, about, failed=True))
        traces.close()
    (span,) = collector.spans
    assert exporter.sent == 1
    assert attributes(span) == {"messaging.system": "kafka", "messaging.kafka.offset": str(2**40), "share": 0.5}
    assert {name: value for name, value in span.items() if name != "attributes"} == {
        "traceId": TRACE, "spanId": CONTEXT.span, "parentSpanId": "00f067aa0ba902b7", "name": "score", "kind": 5,
        "startTimeUnixNano": str(10**18), "endTimeUnixNano": str(10**18 + 5), "flags": 1, "status": {"code": 2},
        "service": "bellwether-scoring",
    }  # fmt: skip
    (headers,) = collector.headers
    assert (headers["path"], headers["Content-Type"]) == ("/v1/traces", "application/json")
    assert headers["Authorization"] == "Bearer secret"
    assert not traces.on


def test_a_collector_that_is_away_costs_its_spans_and_one_line(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    traces = Traces()
    traces.begin(1)
    with caplog.at_level(logging.WARNING):
        exporter = otlp.Exporter(f"http://127.0.0.1:{port}", {"service.name": "x"}, traces=traces)
        for _ in range(2 * otlp.MOST_AT_ONCE):
            traces.add(Span("score", "consumer", CONTEXT, "", 1, 2))
        traces.close()
    assert (exporter.sent, exporter.lost) == (0, 2 * otlp.MOST_AT_ONCE)
    assert len([line for line in caplog.records if "do not reach the collector" in line.message]) == 1


def test_log_lines_of_a_block_know_the_trace_in_this_thread_alone() -> None:
    seen: list[str] = []
    with within(None):
        assert CURRENT.get() == ""
    with within(CONTEXT):
        thread = threading.Thread(target=lambda: seen.append(CURRENT.get()))
        thread.start()
        thread.join()
        assert CURRENT.get() == TRACE
    assert (CURRENT.get(), seen) == ("", [""])
