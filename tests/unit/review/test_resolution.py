"""What stands when people differ: two agree, a third decides, and the order in which labels arrive says nothing."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contract.feedback.label import UNSURE, Asked, Label, decode_label, encode_label
from shared.contract.feedback.resolution import Resolution, resolutions, resolve
from tests.unit.review.questions import ASKED, label

ANSWERS = ("negative", "neutral", "positive", UNSURE)

labels = st.lists(st.builds(label, st.sampled_from("abcde"), st.sampled_from(ANSWERS), st.integers(1, 6)), max_size=12)


def of(*votes: tuple[str, str]) -> Resolution:
    return resolve(ASKED, [label(*vote) for vote in votes])


@pytest.mark.parametrize(
    ("votes", "state", "answer"),
    [
        ((), "open", ""),
        ((("a", UNSURE),), "open", ""),
        ((("a", "neutral"),), "once", "neutral"),
        ((("a", "neutral"), ("b", UNSURE)), "once", "neutral"),
        ((("a", "neutral"), ("b", "neutral")), "agreed", "neutral"),
        ((("a", "neutral"), ("b", "positive")), "disputed", ""),
        ((("a", "neutral"), ("b", "positive"), ("c", "positive")), "decided", "positive"),
        ((("a", "neutral"), ("b", "positive"), ("c", "negative")), "disputed", ""),
        ((("a", "neutral"), ("b", "positive"), ("c", "negative"), ("d", "negative")), "decided", "negative"),
        ((("a", "neutral"), ("b", "neutral"), ("c", "positive"), ("d", "positive")), "disputed", ""),
    ],
)
def test_what_stands(votes: tuple[tuple[str, str], ...], state: str, answer: str) -> None:
    found = of(*votes)
    assert (found.state, found.answer) == (state, answer)
    assert found.settled == bool(answer)


@given(labels, st.randoms(use_true_random=False))
def test_no_order_and_no_copy_changes_what_stands(some: list[Label], chance: random.Random) -> None:
    mixed = some + chance.sample(some, len(some) // 2)  # Kafka may have some of them twice
    chance.shuffle(mixed)
    assert resolve(ASKED, mixed) == resolve(ASKED, some)


@given(labels, st.sampled_from(ANSWERS[:3]))
def test_a_third_decides_and_a_second_confirms(some: list[Label], answer: str) -> None:
    found, later = resolve(ASKED, some), [*some, label("z", answer, 99)]
    after = resolve(ASKED, later)
    if found.state == "open":
        assert (after.state, after.answer) == ("once", answer)
    elif found.state == "once":
        assert after.state == ("agreed" if answer == found.answer else "disputed")
    elif found.state == "disputed" and found.voters == 2 and answer in found.votes.values():
        assert (after.state, after.answer) == ("decided", answer)
    elif found.state == "agreed" and answer == found.answer:
        assert (after.state, after.answer) == ("agreed", answer)


@given(labels)
def test_of_one_person_s_answers_the_latest_holds(some: list[Label]) -> None:
    last: dict[str, Label] = {}
    for each in sorted(some, key=lambda each: (each.at, each.id)):
        last[each.reviewer] = each
    assert resolve(ASKED, some) == resolve(ASKED, last.values())
    assert resolve(ASKED, some).votes == {name: last[name].answer for name in sorted(last)}


@given(labels, labels)
def test_one_question_s_answers_say_nothing_of_another(some: list[Label], others: list[Label]) -> None:
    other = Asked("d", "event")
    mine = [label(each.reviewer, each.answer, each.at, other, name=f"o{each.id}") for each in others]
    found = resolutions([*some, *mine])
    assert found.get(ASKED) == (resolve(ASKED, some) if some else None)
    assert found.get(other) == (resolve(other, mine) if mine else None)


def test_a_label_travels_whole() -> None:
    made = label("a", "positive")
    assert decode_label(encode_label(made)) == made
