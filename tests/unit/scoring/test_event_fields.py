"""What more a model may tell of an event reaches the opinions; of a model that tells less, nothing changes."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.model.engine import build_engine
from services.model.interface import Answer, Request, Sentiment
from services.replay.live_answers import _answer
from services.scoring.on_demand.score_texts import _plain
from services.scoring.opinions import opinions_of, read
from shared.contract.events import MARKET, MICRO, ROLES, Document, Origin, decode_opinion, encode
from shared.settings import ModelSettings
from shared.universe.securities import Catalogue
from tests.linking import LINKER

RECORDS = build_engine(ModelSettings(name="stub:records"))
ORIGIN = Origin("topic", 2, 17)
SAID = Sentiment(0, MICRO, 0)


def document(text: str) -> Document:
    return Document(
        id="0" * 32, channel="news", source="test", text=text, published_at=1, received_at=3, available_at=2
    )


@given(st.integers(0, 10_000))
def test_every_field_reaches_the_opinions_and_comes_back(number: int) -> None:
    told = document(f"$AAPL buys $MSFT for {number}")
    links, request = read(told, LINKER)
    answer = RECORDS.score([request])[0]
    opinions = opinions_of(told, ORIGIN, links, answer, "m")
    assert [each.role for each in opinions] == list(answer.roles)
    assert {(each.second_event, each.second_probability, each.rumour) for each in opinions} == {
        (answer.second_event, answer.second_probability, answer.rumour)
    }
    assert [decode_opinion(encode(each)) for each in opinions] == opinions
    again = opinions_of(told, ORIGIN, links, _answer(opinions, answer.model), "m")  # --reuse-opinions
    assert [msgspec.structs.replace(each, model="") for each in again] == [
        msgspec.structs.replace(each, model="") for each in opinions
    ]


def test_the_stub_tells_all_of_them() -> None:
    answers = RECORDS.score([Request(f"text {number}", ((), ())) for number in range(200)])
    assert {answer.rumour for answer in answers} == {True, False}
    assert {role for answer in answers for role in answer.roles} == set(ROLES)
    seconds = [answer for answer in answers if answer.second_event]
    assert 0 < len(seconds) < len(answers)
    assert all(answer.second_event != answer.event and answer.second_probability for answer in seconds)


def test_a_model_without_these_heads_makes_the_bytes_that_it_made() -> None:
    links, request = read(document("$AAPL rises"), LINKER)
    plain = build_engine(ModelSettings(name="stub")).score([request])[0]
    (opinion,) = opinions_of(document("$AAPL rises"), ORIGIN, links, plain, "m")
    for name in (b"second_event", b"second_probability", b"role", b"rumour"):
        assert name not in encode(opinion)


def test_the_market_has_no_role() -> None:
    told = document("The weather was fine all over the country")
    links, request = read(told, LINKER)
    (opinion,) = opinions_of(told, ORIGIN, links, RECORDS.score([request])[0], "m")
    assert (opinion.company, opinion.role) == (MARKET, "")


@pytest.mark.parametrize("roles", [("buyer", ""), ("acquirer",), ("acquirer", "target", "seller")])
def test_roles_that_are_none_are_refused(roles: tuple[str, ...]) -> None:
    links, _ = read(document("$AAPL buys $MSFT"), LINKER)
    with pytest.raises(ValueError, match="the roles"):
        opinions_of(document("$AAPL buys $MSFT"), ORIGIN, links, Answer(SAID, (SAID, SAID), roles=roles), "m")


def test_score_says_them_where_the_model_does() -> None:
    linked = LINKER.link("$AAPL buys $MSFT", "", (), None)
    request = Request(linked.text, tuple(link.spans for link in linked.links))
    said = _plain(linked, RECORDS.score([request])[0], Catalogue.load())
    assert "rumour" in said and all("role" in company for company in said["companies"])
    plain = _plain(linked, build_engine(ModelSettings(name="stub")).score([request])[0], Catalogue.load())
    assert "rumour" not in plain and not any("role" in company for company in plain["companies"])
