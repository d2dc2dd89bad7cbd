from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.documents.identity import document_id, former_document_id, item_key, nameless_item_key
from services.ingest.documents.masker import Masker
from services.ingest.documents.normalise import (
    FIELDS,
    MAX_TEXT_CHARS,
    REASONS,
    Reading,
    Rejected,
    is_undated,
    normalise,
)
from services.ingest.documents.raw_document import RawDocument
from shared.clock import HOUR, to_iso, to_micros
from shared.contract.events import MAX_TEXT_BYTES, MAX_TITLE_CHARS, decode_document, encode

NOW = to_micros(datetime(2026, 11, 24, 12, tzinfo=UTC))
HISTORY = Reading("social", "file:x.jsonl")
MASKER = Masker(b"key")
LIVE = Reading("social", "rss:x", live=True)


def made(reading: Reading = HISTORY, **raw: object) -> RawDocument:
    document = normalise({"text": "Apple rises"} | raw, reading, NOW)
    assert isinstance(document, RawDocument), document
    return document


def refused(reading: Reading = HISTORY, **raw: object) -> Rejected:
    rejected = normalise({"text": "Apple rises"} | raw, reading, NOW)
    assert isinstance(rejected, Rejected), rejected
    assert rejected.reason in REASONS
    return rejected


# -- times (design 2.3)


@given(st.integers(10**14, NOW), st.integers(10**14, NOW))
def test_history_is_available_when_it_says_and_never_before_it_was_published(published: int, mapped: int) -> None:
    only = made(published_at=to_iso(published))
    assert (only.published_at, only.available_at, only.received_at) == (published, published, NOW)
    both = made(published_at=to_iso(published), available_at=to_iso(mapped))
    assert (both.published_at, both.available_at) == (published, max(published, mapped))
    assert made(available_at=to_iso(mapped)).published_at == mapped


@given(st.integers(10**14, NOW + 10**15), st.sampled_from(["published_at", "available_at"]))
def test_live_items_are_available_when_read_whatever_they_are_dated(stated: int, field: str) -> None:
    document = made(LIVE, **{field: to_iso(stated)})
    assert (document.published_at, document.available_at) == (min(stated, NOW), NOW)
    assert document.dated_ahead == MASKER.apply(document).dated_ahead == (stated > NOW)


def test_a_live_item_with_a_time_that_cannot_be_read_counts_as_one_without() -> None:
    for value in ("yesterday evening", "0000-00-00", "9999-366", 10**30):
        assert made(LIVE, published_at=value).published_at == NOW
        assert is_undated({"published_at": value}, LIVE) and not is_undated({"published_at": value}, HISTORY)
    assert made(LIVE, published_at="soon", available_at="2014-07-01T13:00Z").published_at < NOW
    assert not is_undated({"published_at": "2014-07-01T13:00Z"}, LIVE) and is_undated({}, HISTORY)


def test_a_bare_date_is_available_from_the_next_midnight_at_the_exchange() -> None:
    assert to_iso(made(published_at="2014-07-01").available_at) == "2014-07-02T04:00:00Z"
    assert to_iso(made(available_at="2014-01-01").available_at) == "2014-01-02T05:00:00Z"
    shanghai = Reading("news", "x", ZoneInfo("Asia/Shanghai"))
    assert to_iso(made(shanghai, published_at="20140701").available_at) == "2014-07-01T16:00:00Z"
    # a moment mapped beside a bare date counts; read live, the date of today is known now
    assert (
        to_iso(made(published_at="2014-07-01", available_at="2014-07-01T13:00Z").available_at) == "2014-07-01T13:00:00Z"
    )
    assert made(LIVE, published_at="2026-11-24").available_at == NOW


@given(st.integers(NOW + HOUR + 1, NOW + 10**15))
def test_history_more_than_an_hour_ahead_is_refused(ahead: int) -> None:
    assert refused(published_at=to_iso(ahead)).reason == "future"
    assert refused(published_at="2014-01-01", available_at=to_iso(ahead)).reason == "future"
    assert made(published_at=to_iso(NOW + HOUR)).available_at == NOW + HOUR
    assert refused(published_at="2026-11-24").reason == "future"  # over at the next midnight only


def test_no_time_at_all_counts_from_reading() -> None:
    assert (made().published_at, made().available_at) == (NOW, NOW)
    assert made(published_at=None, available_at="").available_at == NOW
    assert made(published_at=float("nan")).available_at == NOW


@pytest.mark.parametrize("value", ["soon", 0, "0000-00-00", [1], {"a": 1}, 10**30, "9999-12-31", True, -5])
def test_a_time_that_cannot_be_read_is_a_reason(value: object) -> None:
    assert refused(published_at=value).reason in {"time", "future"}
    assert "published_at" in refused(published_at="soon").detail


# -- identity


def test_an_item_is_what_its_feed_calls_by_one_id_and_its_texts_are_documents() -> None:
    one = made(external_id="17", source="wire")
    feed = Reading("news", "rss:x", live=True, feed="rss:http://x/feed")
    edited = made(feed, external_id="17", source="wire", text="edited", url="http://x/y")
    assert edited.id != one.id and edited.item != one.item  # another feed's 17
    assert made(external_id="17", source="wire", text="edited").item == one.item
    assert made(external_id=17, source="wire").id == made(external_id=17.0, source="wire").id == one.id
    assert made(external_id="17", source="wire", text="<p>Apple  rises</p>", published_at="2014-01-01").id == one.id
    assert made(external_id="17").item != one.item  # of a file that names no source
    assert made(Reading("social", "wire"), external_id="17").id == one.id  # the same source, named for the whole file
    assert made(url="http://x/y").item == made(url="http://x/y", text="edited").item
    assert made(url="http://x/y").id != made(url="http://x/y", text="edited").id
    assert made(title="A", text="B").id != made(title="AB", text="").id
    assert len(one.id) == len(one.item) == 32 and int(one.id, 16) + int(one.item, 16) >= 0
    assert MASKER.apply(one).key == one.item and MASKER.apply(one).item == one.item


@pytest.mark.parametrize(
    "useless",
    [None, "", " ", "N/A", "nan", "None", "null", "#N/A", "1.36788E+18", "1,36788e+18", 1.36788e18, float("nan")],
)
def test_a_useless_id_tells_nothing_apart_but_text_and_date_do(useless: object) -> None:
    day = made(external_id=useless, published_at="2026-03-02T14:00Z")
    assert day.external_id == "" and day.id == made(published_at="2026-03-02T14:00Z").id
    assert day.id == made(external_id=useless, published_at="2026-03-02T09:00:00-05:00").id  # the same moment
    assert day.id != made(external_id=useless, published_at="2026-03-03T14:00Z").id
    assert day.id != made(external_id=useless, published_at="2026-03-02T14:00Z", text="other").id
    assert made(LIVE, external_id=useless, url="http://x/y").item == made(LIVE, url="http://x/y").item


@given(st.integers(NOW, NOW + 10**15), st.booleans())
def test_when_an_item_was_read_never_enters_its_identity(later: int, live: bool) -> None:
    reading = LIVE if live else HISTORY
    for raw in ({"text": "x"}, {"text": "x", "published_at": "2014-01-02"}, {"text": "x", "external_id": "7"}):
        one, again = normalise(raw, reading, NOW), normalise(raw, reading, later)
        assert isinstance(one, RawDocument) and isinstance(again, RawDocument)
        assert (one.id, one.item, one.former_id) == (again.id, again.item, again.former_id)


IDENTITIES = st.tuples(st.text(), st.text(), st.text(min_size=1), st.tuples(st.text(), st.text()))


@given(IDENTITIES, IDENTITIES)
def test_equal_items_and_texts_are_one_document_and_others_never(
    one: tuple[str, str, str, tuple[str, str]], other: tuple[str, str, str, tuple[str, str]]
) -> None:
    items = [item_key(*identity[:3]) for identity in (one, other)]
    assert (items[0] == items[1]) == (one[:3] == other[:3])
    ids = [document_id(item, identity[3]) for item, identity in zip(items, (one, other), strict=True)]
    assert (ids[0] == ids[1]) == (one == other)
    nameless = [nameless_item_key(identity[0], identity[3], None) for identity in (one, other)]
    assert (nameless[0] == nameless[1]) == ((one[0], one[3]) == (other[0], other[3]))
    assert not {*items, *ids} & {*nameless}
    assert nameless[0] not in {nameless_item_key(one[0], one[3], at) for at in (0, 1)}


def test_ids_of_the_former_form_are_those_that_it_gave() -> None:
    assert made(external_id="17", source="wire").former_id == "920eb690cd2dad90cafc33498e7f93b8"
    assert made(title="A", text="B").former_id == "361d82649a5354f0dbd6e3b303375194"
    assert made(url="http://x/y").former_id == former_document_id("file:x.jsonl", "http://x/y", ("", ""))


def test_an_item_may_name_its_channel() -> None:
    assert [made(channel=said).channel for said in ("news", " News ", "social", "twitter", None, 5)] == [
        "news", "news", "social", "social", "social", "social",
    ]  # fmt: skip


# -- texts


def test_long_texts_are_cut_with_a_mark_and_longer_ones_refused() -> None:
    assert not made(text="x" * MAX_TEXT_CHARS).truncated
    cut = made(text="x" * (MAX_TEXT_CHARS + 1), title="t" * (MAX_TITLE_CHARS + 1))
    assert cut.truncated and len(cut.text) == MAX_TEXT_CHARS and len(cut.title) == MAX_TITLE_CHARS
    assert made(text="x" * MAX_TEXT_BYTES).truncated
    assert refused(text="x" * (MAX_TEXT_BYTES + 1)).reason == "too-long"
    assert refused(text="\u20ac" * (MAX_TEXT_BYTES // 3 + 1)).reason == "too-long"
    assert refused(title="x" * 10_000_000).reason == "too-long"
    # the id is of the whole text: two that begin alike are two
    assert made(text="x" * 200_000 + "a").id != made(text="x" * 200_000 + "b").id


def test_text_or_title_is_needed() -> None:
    assert made(text=None, title="Only a title").language == "en"
    for nothing in (None, "", " \n", "<p></p>", "\x00", float("nan")):
        assert refused(text=nothing).reason == "empty"


@pytest.mark.parametrize("value", [True, [], {}, b"bytes", object()])
@pytest.mark.parametrize("field", ["text", "title", "url", "external_id", "source", "author"])
def test_a_wrong_type_is_a_reason(field: str, value: object) -> None:
    rejected = refused(**{field: value})
    assert rejected.reason == "type" and field in rejected.detail


def test_links_are_http_or_nothing() -> None:
    assert made(url="https://x.com/a?b=c").url == "https://x.com/a?b=c"
    assert made(url="https://bob:secret@x.com/@a?b=c").url == "https://x.com/@a?b=c"
    for bad in (
        "http:///x",
        "javascript:alert(1)",
        "ftp://x",
        "http://x/<b>",
        "http://x/a b",
        "http://x/" + "y" * 3000,
        "http://x/\u200e",
    ):
        assert made(url=bad).url == ""
    assert made(url="urn:uuid:1").id != made(url="urn:uuid:2").id


def test_companies_come_from_the_linker() -> None:
    seen: list[tuple[object, int]] = []

    def link(field: object, when: int) -> tuple[str, ...]:
        seen.append((field, when))
        return ("META",)

    document = made(Reading("news", "x", link=link), company="FB", published_at="2014-01-02T00:00Z")
    assert document.companies == ("META",)
    assert seen == [("FB", document.available_at)]
    assert made(Reading("news", "x", link=link), company="").companies == ()


ANYTHING = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(st.characters()), st.binary(), st.datetimes(),
        st.timedeltas(timedelta(0)),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(FIELDS), ANYTHING), st.booleans())
def test_anything_is_a_document_that_readers_accept_or_a_reason(raw: dict[str, object], live: bool) -> None:
    result = normalise(raw, LIVE if live else HISTORY, NOW)
    if isinstance(result, Rejected):
        assert result.reason in REASONS and result.original is raw
    else:
        document = MASKER.apply(result)
        assert decode_document(encode(document)) == document
        assert result.text or result.title
        assert 0 < result.available_at <= NOW + HOUR
