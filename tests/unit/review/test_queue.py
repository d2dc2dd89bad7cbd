"""The queue: uncertain before sure, weighty before light, new before known; nobody is asked twice."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.contract.events import MICRO
from shared.contract.feedback.label import Asked
from shared.contract.feedback.resolution import resolutions
from shared.reading.review.questions import Question
from shared.reading.review.queue import Queued, Seen, queue
from tests.unit.review.questions import label, question, reading

NOBODY = Seen({}, "me")


def names(found: list[Queued]) -> list[str]:
    return [each.question.asked.document_id for each in found]


def seen(*votes: tuple[str, str, str], me: str = "me") -> Seen:
    """(document, reviewer, answer) …"""
    labels = [
        label(who, answer, asked=Asked(name, "sentiment", "BA"), name=f"{name}{who}") for name, who, answer in votes
    ]
    return Seen(resolutions(labels), me)


def test_uncertain_and_weighty_ones_come_first() -> None:
    asked = [question("sure", 100_000), question("light", 900_000, 50_000), question("best", 900_000)]
    assert names(queue(asked, {}, NOBODY, 9)) == ["best", "sure", "light"]
    assert names(queue(asked, {}, NOBODY, 1)) == ["best"]
    assert queue([question("known", 0)], {}, NOBODY, 9) == []


def test_what_resembles_an_earlier_one_comes_later() -> None:
    asked = [question("a", 900_000), question("b", 899_000), question("c", 500_000)]
    readings = {"a": reading("a", 0), "b": reading("b", 0), "c": reading("c", 1)}
    assert names(queue(asked, readings, NOBODY, 9)) == ["a", "c"]  # b would say nothing that a does not
    labelled = seen(("x", "other", "neutral"))
    assert names(queue(asked, readings | {"x": reading("x", 1)}, labelled, 9)) == ["a"]


def test_questions_of_one_document_stand_together() -> None:
    asked = [question("a", 900_000), question("b", 800_000), question("a", 500_000, aspect="event"),
             question("a", 100_000, aspect="link")]  # fmt: skip
    found = queue(asked, {}, NOBODY, 9)
    assert [(each.question.asked.document_id, each.question.asked.aspect) for each in found] == [
        ("a", "sentiment"), ("a", "event"), ("b", "sentiment"),
    ]  # fmt: skip


def test_what_two_differ_about_comes_first_and_agreed_ones_no_more() -> None:
    asked = [question("a", 900_000), question("b", 10_000), question("c", 800_000)]
    votes = [("b", "x", "neutral"), ("b", "y", "positive"), ("c", "x", "neutral"), ("c", "y", "neutral")]
    found = queue(asked, {}, seen(*votes), 9)
    assert names(found) == ["b", "a"]
    assert [each.state for each in found] == ["disputed", "open"]
    assert names(queue(asked, {}, seen(*votes, me="x"), 9)) == ["a"]  # one of the two does not decide


def test_what_one_has_answered_is_asked_of_others_later() -> None:
    asked = [question("a", 900_000), question("b", 500_000)]
    votes = [("a", "x", "neutral")]
    found = queue(asked, {}, seen(*votes), 9)
    assert names(found) == ["b", "a"]
    assert [each.state for each in found] == ["open", "once"]
    assert names(queue(asked, {}, seen(*votes, me="x"), 9)) == ["b"]


questions = st.lists(
    st.builds(
        question, st.sampled_from("abcdefgh"), st.integers(0, MICRO), st.integers(0, MICRO),
        st.sampled_from(("sentiment", "event", "link")),
    ),
    max_size=20, unique_by=lambda each: each.asked,
)  # fmt: skip
votes = st.lists(
    st.tuples(
        st.sampled_from("abcdefgh"), st.sampled_from(("me", "x", "y")), st.sampled_from(("neutral", "positive", ""))
    ),
    max_size=12, unique_by=lambda each: each[:2],
)  # fmt: skip


@given(questions, votes, st.integers(1, 20), st.integers(0, 3))
def test_nobody_is_asked_twice_and_the_order_of_what_is_given_says_nothing(
    asked: list[Question], given_: list[tuple[str, str, str]], limit: int, directions: int
) -> None:
    readings = {name: reading(name, number % (directions + 1)) for number, name in enumerate("abcdefgh")}
    known = seen(*given_)
    found = queue(asked, readings, known, limit)
    assert found == queue(reversed(asked), dict(reversed(readings.items())), known, limit)
    assert len({each.question.asked for each in found}) == len(found) <= limit
    mine = {(name, "sentiment") for name, who, _ in given_ if who == "me"}
    assert mine.isdisjoint((each.question.asked.document_id, each.question.asked.aspect) for each in found)
    states = [each.state != "disputed" for each in found]
    assert states == sorted(states)
    assert all(each.state not in ("agreed", "decided") for each in found)
