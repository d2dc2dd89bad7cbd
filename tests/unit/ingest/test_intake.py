"""The way of a batch with a Kafka that the test plays: which documents go out, when the cursor moves, what is counted.

The real Kafka is in tests/integration/ingest.
"""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ingest.delivery.intake import IN_FLIGHT, Intake
from services.ingest.delivery.ledger import Counts, Known, Ledger, Progress
from services.ingest.delivery.publisher import DeliveryFailed
from services.ingest.delivery.rejected import RejectedFile, read_rejected
from services.ingest.documents.companies import CompanyNames
from services.ingest.documents.identity import former_document_id
from services.ingest.documents.masker import Masker
from services.ingest.documents.normalise import FIELDS, RawItem, Reading, Rejected
from services.ingest.sources.source import Batch
from services.ingest.sources.tabular.rows import parse_json
from shared.clock import ReplayClock
from shared.contract.events import Document, decode_document, encode
from shared.universe.securities import Catalogue

NOW = 1_790_000_000_000_000


class Fate:
    def __init__(self, log: Log) -> None:
        self.done = log.acknowledges
        self._log = log

    def wait(self) -> None:
        if not self._log.up:
            raise DeliveryFailed("down")
        self.done = True


class Log:
    """What arrived, in order."""

    def __init__(self) -> None:
        self.documents: list[Document] = []
        self.acknowledges = True
        self.up = True

    def send(self, document: Document) -> Fate:
        self.documents.append(document)
        return Fate(self)


@contextmanager
def intake(state: Path, log: Log, **reading: Any) -> Iterator[Intake]:
    with Ledger(state / "ledger", "topic", {"news": "topic", "social": "posts"}) as ledger:
        names = CompanyNames(Catalogue.load())
        clock = ReplayClock(NOW)
        circumstances = Reading("news", "test", link=names.link, **reading)
        rejected = RejectedFile(state, "test", clock)
        yield Intake("key", circumstances, log.send, ledger, Masker(b"k"), rejected, names, clock)


def items(*numbers: int) -> list[RawItem]:
    return [
        {"text": f"item {number}", "external_id": number, "published_at": "2014-01-02T00:00Z"} for number in numbers
    ]


def adds_up(counts: Counts) -> bool:
    return counts.read == counts.published + counts.rejected + counts.duplicates


def test_each_item_goes_out_once(tmp_path: Path) -> None:
    log = Log()
    with intake(tmp_path, log) as one:
        one.take(Batch(items(1, 2, 1), {"rows": 3}))
        one.take(Batch(items(2, 3), {"rows": 5}))
        counts = one.finish()
    assert [document.external_id for document in log.documents] == ["1", "2", "3"]
    assert (counts.read, counts.published, counts.duplicates) == (5, 3, 2)
    with intake(tmp_path, log) as again:
        assert again.cursor == {"rows": 5} and again.counts == counts
        again.take(Batch(items(1, 2, 3, 4), {"rows": 9}))
        assert again.finish().published == 4
    assert len(log.documents) == 4


def test_the_cursor_waits_for_kafka(tmp_path: Path) -> None:
    log = Log()
    log.acknowledges = False
    with intake(tmp_path, log) as one:
        for number in range(IN_FLIGHT):
            one.take(Batch(items(number), {"rows": number + 1}))
        assert one.cursor is None and one.counts == Counts()
        assert one.earliest_unsettled() == log.documents[0].available_at
        one.take(Batch(items(number), {"rows": IN_FLIGHT}))  # one more than may be under way: the oldest is waited for
        assert one.cursor == {"rows": 1} and one.counts.published == 1
        one.take(Batch(items(0), {"rows": IN_FLIGHT}))  # under way or known: a duplicate either way
        assert one.finish().duplicates == 2
        assert one.earliest_unsettled() is None


def test_a_failed_delivery_leaves_the_cursor_and_everything_is_sent_again(tmp_path: Path) -> None:
    log = Log()
    with intake(tmp_path, log) as one:
        one.take(Batch(items(1), {"rows": 1}))
        log.acknowledges = log.up = False
        one.take(Batch(items(2, 3), {"rows": 3}))
        with pytest.raises(DeliveryFailed):
            one.finish()
    log.acknowledges = log.up = True
    with intake(tmp_path, log) as again:
        assert again.cursor == {"rows": 1}
        again.take(Batch(items(2, 3), {"rows": 3}))
        counts = again.finish()
    assert [document.external_id for document in log.documents] == ["1", "2", "3", "2", "3"]
    assert (counts.read, counts.published, counts.duplicates) == (3, 3, 0)


def test_refused_items_are_kept_privately_with_reason_and_place(tmp_path: Path) -> None:
    with intake(tmp_path, Log()) as one:
        one.take(Batch([{"text": ""}, Rejected("undecodable", "why", b"\xff"), *items(1)], {"rows": 3}, first=1))
        counts = one.finish()
    assert (counts.read, counts.published, counts.rejected) == (3, 1, 2)
    kept = list(read_rejected(tmp_path))
    assert [(item.position, item.reason) for item in kept] == [("1", "empty"), ("2", "undecodable")]
    assert json.loads(kept[0].original) == {"text": ""} and kept[1].original_base64 == "/w=="
    assert stat.S_IMODE((tmp_path / "rejected" / "test.jsonl").stat().st_mode) == 0o600


def test_the_same_refusal_of_a_feed_is_written_once(tmp_path: Path) -> None:
    with intake(tmp_path, Log()) as one:
        for _ in range(3):
            one.take(Batch([{"text": ""}], {}))
        counts = one.finish()
        assert (counts.read, counts.rejected, counts.duplicates) == (3, 1, 2)
    assert len(list(read_rejected(tmp_path))) == 1


def test_nothing_personal_goes_out(tmp_path: Path) -> None:
    log = Log()
    raw = {"text": "mail a@b.com", "author": "@bob", "url": "https://x.com/?q=a%40b.com", "title": "+1 212 555 0100"}
    with intake(tmp_path, log) as one:
        one.take(Batch([raw], {}))
    sent = encode(log.documents[0])
    assert not [word for word in (b"bob", b"a@b", b"a%40b", b"212") if word in sent]


def test_companies_are_linked_and_the_unknown_counted(tmp_path: Path) -> None:
    log = Log()
    with intake(tmp_path, log) as one:
        one.take(Batch([{"text": "t", "company": "FB;Apple Inc; NOSUCH ;FB", "published_at": "2014-01-02"}], {}))
        counts = one.finish()
    assert log.documents[0].companies == ("META", "AAPL")
    assert (counts.unlinked, counts.rejected) == (1, 0)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)
WELL_FORMED = st.fixed_dictionaries(
    {"text": st.text(min_size=1, max_size=30)},
    optional={
        "published_at": st.datetimes().map(str) | st.integers(), "external_id": st.integers(0, 5),
        "company": st.sampled_from(["AAPL", "nobody", "FB;MSFT"]),
    },
)  # fmt: skip
LINES = st.one_of(
    st.binary(max_size=80),
    st.dictionaries(st.sampled_from(FIELDS), ANYTHING).map(lambda value: json.dumps(value).encode()),
    WELL_FORMED.map(lambda value: json.dumps(value).encode()),
    WELL_FORMED.map(lambda value: json.dumps(value).encode()[:-3]),
    st.sampled_from([1_000, 100_001, 1_000_001, 10_000_000]).map(lambda size: b'{"text": "' + b"x" * size + b'"}'),
)


@settings(deadline=None)
@given(st.lists(st.lists(LINES, max_size=6), max_size=5), st.booleans())
def test_any_input_is_published_refused_or_a_duplicate(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[bytes]], live: bool
) -> None:
    log, state = Log(), tmp_path_factory.mktemp("fuzz")
    with intake(state, log, live=live) as one:
        row = 0
        for lines in batches:
            one.take(Batch([parse_json(line) for line in lines], {"rows": row + len(lines)}, first=row + 1))
            row += len(lines)
        counts = one.finish()
    assert counts.read == row and adds_up(counts)
    assert counts.published == len(log.documents) == len({document.id for document in log.documents})
    assert len(list(read_rejected(state))) == counts.rejected
    for document in log.documents:
        assert decode_document(encode(document)) == document


def test_an_item_that_trips_our_own_code_costs_itself_alone(tmp_path: Path) -> None:
    def trip(value: object, _: int) -> tuple[str, ...]:
        raise ZeroDivisionError(value)

    log = Log()
    with intake(tmp_path, log) as one:
        one._reading = replace(one._reading, link=trip)
        one.take(Batch([*items(1), items(2)[0] | {"company": "AAPL"}, *items(3)], {"rows": 3}))  # type: ignore[operator]
        counts = one.finish()
    assert [document.external_id for document in log.documents] == ["1", "3"]
    assert (counts.read, counts.published, counts.rejected) == (3, 2, 1)
    (kept,) = read_rejected(tmp_path)
    assert kept.reason == "undecodable" and "ZeroDivisionError" in kept.detail


def test_where_an_item_was_refused_the_other_cursor_is_kept(tmp_path: Path) -> None:
    with intake(tmp_path, Log(), live=True) as one:
        good, bad = Batch(items(1), {"etag": "v1"}, unless_refused={}), Batch([{}], {"etag": "v2"}, unless_refused={})
        one.take(good)
        one.finish()
        assert one.cursor == {"etag": "v1"} and good.refused == []
        one.take(bad)
        one.finish()
        assert one.cursor == {} and [refused.reason for refused in bad.refused] == ["empty"]


def test_items_dated_ahead_and_gaps_are_counted(tmp_path: Path) -> None:
    ahead: RawItem = {"text": "Intel opens a plant", "published_at": NOW // 1_000_000 + 8 * 3600}
    with intake(tmp_path, Log(), live=True) as one:
        one.take(Batch([ahead, Rejected("gap", "nothing from 1 to 2", "")], {}))
        counts = one.finish()
    assert (counts.published, counts.ahead, counts.rejected, counts.gaps) == (1, 1, 1, 1)


def test_the_same_bad_item_at_every_poll_is_one_rejected_item(tmp_path: Path) -> None:
    with intake(tmp_path, Log(), live=True) as one:
        for _ in range(5):
            one.take(Batch([{"external_id": "7"}, *items(1)], {}))
        counts = one.finish()
    assert adds_up(counts) and (counts.published, counts.rejected, counts.duplicates) == (1, 1, 8)


TEXTS = st.sampled_from(["Apple rises", "Tesla falls", "Intel waits"])
GIVEN = st.fixed_dictionaries(
    {
        "text": TEXTS,
        "external_id": st.sampled_from(["1", "2", "N/A", "1.36788E+18", None]),
        "published_at": st.sampled_from(["2026-03-02T14:00Z", "2026-03-02T09:00:00-05:00", "2026-03-03T14:00Z", None]),
        "channel": st.sampled_from(["news", "social", None]),
    }
)


def distinct(rows: list[dict[str, Any]]) -> set[tuple[object, ...]]:
    """What identity says of rows, told again: by id where there is one, else by text and the moment stated."""
    moments = {"2026-03-02T09:00:00-05:00": "2026-03-02T14:00Z"}
    found: set[tuple[object, ...]] = set()
    for row in rows:
        stated = row["published_at"]
        named = row["external_id"] in {"1", "2"}
        own = row["external_id"] if named else moments.get(str(stated), stated)
        found.add((row["channel"] or "news", named, own, row["text"]))
    return found


@settings(deadline=None)
@given(st.lists(st.lists(GIVEN, max_size=5), max_size=6), st.data())
def test_every_text_is_kept_and_no_copy_of_it(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[dict[str, Any]]], data: st.DataObject
) -> None:
    log, state = Log(), tmp_path_factory.mktemp("identity")
    rows = [row for batch in batches for row in batch]
    ended = data.draw(st.integers(0, len(batches)))
    counts = Counts()
    for part in (batches[:ended], batches[ended:], batches):  # stopped between, and all of it once more
        with intake(state, log) as one:
            for batch in part:
                one.take(Batch(batch, {}))
            counts = one.finish()
    seen = {(made.channel, made.id) for made in log.documents}
    assert len(log.documents) == len(seen) == len(distinct(rows)) == counts.published
    assert counts.read == 2 * len(rows) and adds_up(counts)
    assert {(made.channel, made.text) for made in log.documents} == {
        (row["channel"] or "news", row["text"]) for row in rows
    }
    items = {(made.channel, made.item) for made in log.documents}
    assert counts.versions == len(log.documents) - len(items)  # each document behind the first of its item


def test_an_id_with_another_text_is_a_document_of_its_own_and_is_counted(tmp_path: Path) -> None:
    rows: list[RawItem] = [{"text": f"part {part}", "external_id": "1.36788E+18"} for part in (1, 2, 2)]
    rows += [{"text": "first", "external_id": "7"}, {"text": "second", "external_id": "7"}]
    log = Log()
    with intake(tmp_path, log) as one:
        one.take(Batch(rows, {}))
        counts = one.finish()
    assert (counts.published, counts.duplicates, counts.versions, counts.useless_ids) == (4, 1, 1, 3)


def test_copies_of_what_the_former_version_sent_are_known_one_each(tmp_path: Path) -> None:
    sent = former_document_id("test", "N/A", ("", "whatever")), former_document_id("test", "7", ("", ""))
    with Ledger(tmp_path / "ledger", "topic") as ledger:
        ledger.commit("key", Progress({}, Counts()), [Known(one) for one in sent])
        ledger._db.execute("DELETE FROM former")  # as the version before left it
    log = Log()
    rows: list[RawItem] = [{"text": f"note {number}", "external_id": "N/A"} for number in range(3)]
    rows += [{"text": "seven", "external_id": "7"}, {"text": "eight", "external_id": "8"}]
    for _ in range(2):
        with intake(tmp_path, log) as one:
            one.take(Batch(rows, {}))
            counts = one.finish()
    assert [made.text for made in log.documents] == ["note 1", "note 2", "eight"]
    assert (counts.read, counts.published, counts.duplicates) == (10, 3, 7)
