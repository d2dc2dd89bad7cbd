"""Rows of exports: what former versions recorded stands under the event classes of now."""

from __future__ import annotations

import json

from services.aggregation.admin.export import _dumped, _opinion
from services.runs.result import Result
from shared.contract.events import Opinion, Origin


def opinion(event: str, language: str = "en") -> Opinion:
    return Opinion(
        origin=Origin("t", 0, 0), document_id="d", company="AAPL", relevance=1, channel="news", source="s", story="x",
        published_at=0, available_at=0, negative=0, neutral=0, positive=0, event=event, model="m", companies=1,
        language=language,
    )  # fmt: skip


def test_opinions() -> None:
    assert _opinion(opinion("financing"))["event"] == "earnings_report"
    assert _opinion(opinion("financing", "zh"))["event"] == "debt"
    assert _opinion(opinion(""))["event"] == ""
    result = Result(store=None)  # type: ignore[arg-type]
    result.heard([opinion("energy"), opinion(""), opinion("own")])
    assert [event for _, _, event in result.events] == ["commodities", "own"]


def test_buckets() -> None:
    counts = ("documents", "positive", "neutral", "negative", "weight_sum", "score_sum", "score_square_sum")
    place = {"resolution": "hour", "company": "AAPL", "channel": "news", "start": "2026-02-27T15:00:00+00:00"}
    named = {"sources": {"s": 3}, "events": {"financing": 1, "earnings_report": 1, "dividend": 1}}
    line = place | dict.fromkeys([*counts, "authors", "stories"], 1) | named
    assert _dumped(json.dumps(line).encode())["events"] == [("dividend", 1), ("earnings_report", 2)]
