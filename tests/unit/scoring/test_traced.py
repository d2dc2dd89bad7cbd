"""What a traced record costs and tells in scoring and aggregation: one chain of spans; nothing of any other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from services.aggregation import traced as applied
from services.runtime.record import Recorded
from services.scoring.traced import Moments, tell
from shared.contract.events import encode
from shared.traced import HEADER, TRACES, Context, Span, context_among
from tests.unit.scoring.test_entries import TOPICS, entry, sent
from tests.unit.scoring.test_opinions import document

SENDER = Context("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")
HEADERS = [(HEADER, SENDER.header().encode())]


@pytest.fixture
def tracing() -> Iterator[None]:
    TRACES.begin(1)
    yield
    TRACES.take(1000)
    TRACES.end()


def opinion_headers(*entries_of: bytes, headers: list[tuple[str, bytes]] = HEADERS) -> list[Context | None]:
    made = [entry(value, headers=headers) for value in entries_of]
    outgoing = sent(*made)
    tell(made, Moments(1, 2, 3, 4), "stub")
    return [
        context_among(found)
        for (topic, _), records in outgoing.records.items() if topic == TOPICS.opinions
        for _, _, found in records
    ]  # fmt: skip


@pytest.mark.usefixtures("tracing")
def test_opinions_go_on_with_the_trace_and_their_spans_are_one_chain() -> None:
    contexts = opinion_headers(encode(document(text="$AAPL and $MSFT rise")))
    assert len(contexts) == 2
    own = contexts[0]
    assert own is not None
    assert contexts == [own, own]
    assert own.trace == SENDER.trace
    scored = TRACES.take(100)
    assert [(span.name, span.parent) for span in scored] == [
        ("score", SENDER.span), ("link", own.span), ("model", own.span), ("send opinions", own.span),
    ]  # fmt: skip
    assert scored[0].context == own
    read = [Recorded("opinions", 2, at, None, b"", [(HEADER, own.header().encode())] if at else ()) for at in range(2)]
    applied.tell(read, 5, 6)
    apply, commit = TRACES.take(100)
    assert (apply.name, apply.parent, apply.attributes["messaging.kafka.offset"]) == ("apply", own.span, 1)
    assert (commit.parent, commit.began, commit.attributes["db.system.name"]) == (apply.context.span, 6, "redis")


@pytest.mark.usefixtures("tracing")
def test_a_dead_letter_s_span_says_why() -> None:
    assert opinion_headers(b"rubbish") == [None]  # its outcome
    failed: list[Span] = [span for span in TRACES.take(100) if span.failed]
    assert [(span.name, span.attributes["error.type"]) for span in failed] == [("score", "undecodable")]


def test_a_worker_that_traces_nothing_passes_the_trace_on_and_keeps_nothing() -> None:
    assert opinion_headers(encode(document(text="$AAPL rises"))) == [SENDER]
    applied.tell([Recorded("opinions", 2, 1, None, b"", HEADERS)], 5, 6)
    assert TRACES.take(100) == []


@pytest.mark.usefixtures("tracing")
def test_records_without_a_trace_have_none_behind_them() -> None:
    assert opinion_headers(encode(document(text="$AAPL rises")), headers=[]) == [None]
    assert TRACES.take(100) == []
