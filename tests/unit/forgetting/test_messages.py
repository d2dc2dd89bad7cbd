"""Which records lose their words, and what is left of them."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.forgetting.messages import Gone, run_and_kind
from shared.contract.events import (
    Deletion,
    Document,
    Opinion,
    Origin,
    Tick,
    decode_document,
    decode_opinion,
    deletion_in,
    encode,
)
from shared.story import story_of

AT = 1_700_000_000_000_000
ITEM, OTHER = "a" * 32, "b" * 32
SECRET = "never meant to be out"


def document(item: str = ITEM, at: int = AT) -> Document:
    return Document(
        id="1" * 32, channel="news", source="desk", text=SECRET, title=SECRET, url="https://x.ex", author="f" * 16,
        item=item, published_at=at, received_at=at, available_at=at, language="en",
    )  # fmt: skip


def opinion(item: str = ITEM, document_id: str = "1" * 32) -> Opinion:
    return Opinion(
        origin=Origin("t", 0, 1), document_id=document_id, company="AAPL", relevance=1, channel="news", source="desk",
        author="f" * 16, story="s" * 16, title=SECRET, excerpt=SECRET, url="https://x.ex", published_at=AT,
        available_at=AT, negative=0, neutral=0, positive=1_000_000, model="m", companies=1, item=item,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("topic", "told"),
    [
        ("documents.news", ("live", "documents.news")),
        ("opinions", ("live", "opinions")),
        ("run.a.b.documents.dead", ("a.b", "documents.dead")),
        ("run.opinions.opinions", ("opinions", "opinions")),
        ("signals", None),
        ("readings", None),
        ("xdocuments.news", None),
        ("__consumer_offsets", None),
    ],
)
def test_topics_with_words(topic: str, told: tuple[str, str] | None) -> None:
    assert run_and_kind(topic) == told


def test_a_document_keeps_its_place_in_time_and_story() -> None:
    gone = Gone({ITEM: AT})
    held = document()
    raw = gone.bare("documents.news", b"k", encode(held), 0)
    assert raw is not None and SECRET.encode() not in raw and b"x.ex" not in raw
    left = decode_document(raw)
    assert left == msgspec.structs.replace(held, text="", title="", url="", author="", story=story_of(held))
    assert gone.bare("documents.news", b"k", raw, 0) is None  # once is enough
    assert gone.bare("documents.news", b"k", encode(document(at=AT + 1)), 0) is None  # a version that came later
    assert gone.bare("documents.news", b"k", encode(document(OTHER)), 0) is None
    assert (
        gone.bare("documents.news", b"k", encode(Deletion(item=ITEM, channel="news", source="", deleted_at=1)), 0)
        is None
    )


def test_an_opinion_keeps_its_numbers_and_author() -> None:
    gone = Gone({ITEM: AT})
    raw = gone.bare("opinions", b"AAPL", encode(opinion()), 0)
    assert raw is not None and SECRET.encode() not in raw
    assert decode_opinion(raw) == msgspec.structs.replace(opinion(), title="", excerpt="", url="")
    former = encode(opinion(item=""))
    assert gone.bare("opinions", b"AAPL", former, 0) is None
    gone.bare("documents.news", b"k", encode(document()), 0)  # tells its id
    assert gone.bare("opinions", b"AAPL", former, 0) is not None
    assert gone.bare("opinions", b"AAPL", encode(Tick(watermark=1)), 0) is None


def test_a_letter_that_nobody_could_read_goes_by_its_key() -> None:
    gone = Gone({ITEM: AT})
    assert gone.bare("documents.dead", ITEM.encode(), b"\xff" + SECRET.encode(), AT // 1_000) == b""
    assert gone.bare("documents.dead", ITEM.encode(), b"\xff", AT // 1_000 + 1) is None
    assert gone.bare("documents.dead", OTHER.encode(), b"\xff", 0) is None
    assert gone.bare("documents.news", ITEM.encode(), b"\xff", 0) is None


@given(st.binary(max_size=200) | st.just(encode(document())) | st.just(encode(opinion())))
def test_whatever_lies_there_costs_nothing(value: bytes) -> None:
    for kind in ("documents.news", "documents.dead", "opinions"):
        Gone({ITEM: AT}).bare(kind, b"\xfe", value, 0)
        assert Gone({}).bare(kind, b"\xfe", value, 0) is None
    deletion_in(value)


def test_deletions_are_recognised() -> None:
    told = Deletion(schema=2, item=ITEM, channel="news", source="s", deleted_at=AT)
    assert deletion_in(encode(told)) == told
    assert deletion_in(encode(document())) is deletion_in(None) is None
    assert deletion_in(b'"type":"deletion"') is None
