"""From documents to opinions: integers, order, and nothing that depends on anything else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.model.interface import Answer, Sentiment
from services.model.stub import StubEngine
from services.scoring.linking.linker import Link
from services.scoring.opinions import LAST_INSTANT, check, opinions_of, read
from shared.contract.events import (
    EXCERPT_CHARS,
    MARKET,
    MICRO,
    Document,
    InvalidMessage,
    Origin,
    decode_opinion,
    encode,
)
from tests.linking import LINKER

ENGINE = StubEngine("stub")
ORIGIN = Origin("topic", 2, 17)


def document(text: str = "$AAPL and $MSFT rise", **more: object) -> Document:
    fields: dict[str, object] = {
        "id": "0" * 32,
        "channel": "social",
        "source": "test",
        "text": text,
        "published_at": 1,
        "received_at": 3,
        "available_at": 2,
    }
    return Document(**(fields | more))  # type: ignore[arg-type]


def test_each_company_gets_its_own_sentiment_and_the_document_its_count() -> None:
    links, request = read(document(), LINKER)
    answer = Answer(Sentiment(1, 2, MICRO - 3), (Sentiment(10, 20, MICRO - 30), Sentiment(MICRO, 0, 0)), "earnings", 7)
    found = opinions_of(document(), ORIGIN, links, answer, "m", "first")
    assert [o.company for o in found] == [link.company for link in links] == ["AAPL", "MSFT"]
    assert [(o.negative, o.neutral, o.positive) for o in found] == [(10, 20, MICRO - 30), (MICRO, 0, 0)]
    assert [o.origin for o in found] == [Origin("topic", 2, 17, 0), Origin("topic", 2, 17, 1)]
    assert {(o.companies, o.event, o.event_probability, o.model, o.requeued_from) for o in found} == {
        (2, "earnings", 7, "m", "first")
    }
    assert len({o.story for o in found}) == 1
    assert request.text == document().text


def test_what_names_no_company_goes_to_the_market_with_full_relevance() -> None:
    plain = document("The weather was fine all over the country")
    links, request = read(plain, LINKER)
    answer = ENGINE.score([request])[0]
    (only,) = opinions_of(plain, ORIGIN, links, answer, "m")
    assert (only.company, only.relevance, only.companies, only.origin.index) == (MARKET, MICRO, 1, 0)
    assert (only.negative, only.neutral, only.positive) == (
        answer.document.negative,
        answer.document.neutral,
        answer.document.positive,
    )


def test_a_company_that_the_source_names_counts_fully_even_where_the_text_is_silent() -> None:
    silent = document("The weather was fine all over the country", companies=("NVDA",))
    links, request = read(silent, LINKER)
    (only,) = opinions_of(silent, ORIGIN, links, ENGINE.score([request])[0], "m")
    assert (only.company, only.relevance) == ("NVDA", MICRO)


def test_an_answer_for_another_number_of_companies_is_an_error_not_a_shift() -> None:
    links, _ = read(document(), LINKER)
    with pytest.raises(ValueError, match="answered for 1 companies, 2 were asked"):
        opinions_of(document(), ORIGIN, links, Answer(Sentiment(0, MICRO, 0), (Sentiment(0, MICRO, 0),)), "m")


@given(st.text(max_size=2000), st.text(max_size=1500), st.lists(st.sampled_from(("AAPL", "MSFT", "IBM")), max_size=3))
def test_any_text_gives_readable_opinions_again_and_again_the_same(text: str, title: str, named: list[str]) -> None:
    one = document(text, title=title, companies=tuple(named))
    try:
        encode(one)
    except UnicodeEncodeError:
        return  # a lone surrogate cannot have come over Kafka
    made = [_bytes(one), _bytes(one)]
    assert made[0] == made[1]
    for number, raw in enumerate(made[0]):
        opinion = decode_opinion(raw)
        assert opinion.origin == Origin("topic", 2, 17, number)
        assert opinion.companies == len(made[0])  # type: ignore[union-attr]
        assert opinion.negative + opinion.neutral + opinion.positive == MICRO  # type: ignore[union-attr]
        assert len(opinion.excerpt) <= EXCERPT_CHARS  # type: ignore[union-attr]


def _bytes(one: Document) -> list[bytes]:
    links, request = read(one, LINKER)
    return [encode(opinion) for opinion in opinions_of(one, ORIGIN, links, ENGINE.score([request])[0], "m")]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"id": ""}, "id"),
        ({"id": "x" * 300}, "id"),
        ({"available_at": 10**30}, "available_at"),
        ({"published_at": -(10**30)}, "published_at"),
        ({"received_at": LAST_INSTANT + 1}, "received_at"),
        ({"url": "h" * 9000}, "url"),
        ({"source": "s" * 300}, "source"),
        ({"companies": ("A",) * 300}, "companies"),
        ({"companies": ("",)}, "companies"),
    ],
)
def test_what_readers_cannot_hold_is_refused_by_name(fields: dict[str, object], named: str) -> None:
    with pytest.raises(InvalidMessage, match=named):
        check(document(**fields))  # type: ignore[arg-type]


def test_the_bounds_themselves_are_fine() -> None:
    check(document(available_at=LAST_INSTANT, id="x" * 256, companies=("A",) * 256))
    read(document(available_at=LAST_INSTANT), LINKER)


@given(st.lists(st.integers(0, MICRO), min_size=1, max_size=40))
def test_a_document_weighs_one_at_most_and_its_companies_share_that_by_relevance(relevances: list[int]) -> None:
    links = [Link(f"C{index}", relevance, ()) for index, relevance in enumerate(relevances)]
    said = tuple(Sentiment(0, 0, MICRO) for _ in links)
    found = opinions_of(document(), ORIGIN, links, Answer(Sentiment(0, MICRO, 0), said), "m")
    assert [o.relevance for o in found] == relevances
    assert sum(o.share for o in found) <= MICRO
    if sum(relevances) <= MICRO:
        assert [o.share for o in found] == relevances
    else:
        assert sum(o.share for o in found) > MICRO - len(found)
        ordered = sorted(found, key=lambda o: o.relevance)
        assert [o.share for o in ordered] == sorted(o.share for o in found)
    assert all(decode_opinion(encode(o)) == o for o in found)
