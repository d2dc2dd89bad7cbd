"""Sentences stand in their text as they are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.asking.answering.sentences import MOST_CHARS, cut, gives, sentences_of


def test_sentences() -> None:
    text = "Acme Inc. said on Nov. 3 it lost money. The U.S. maker cut jobs! * Shares down 4 pct * Sees a loss"
    assert sentences_of(text) == [
        "Acme Inc. said on Nov. 3 it lost money.",
        "The U.S. maker cut jobs!",
        "* Shares down 4 pct",
        "* Sees a loss",
    ]
    assert sentences_of("公司亏损。股价下跌。") == ["公司亏损。", "股价下跌。"]


@given(st.text(alphabet="aB .!?*。\n\"'9", max_size=200))
def test_every_sentence_is_a_part_of_its_text(text: str) -> None:
    for sentence in sentences_of(text):
        assert sentence
        assert sentence in text


def test_a_long_sentence_is_cut_where_a_word_ends() -> None:
    long = "word " * 400
    assert long.startswith(cut(long))
    assert len(cut(long)) <= MOST_CHARS
    assert cut(long).endswith("word")


def test_what_a_sentence_gives() -> None:
    assert gives("Shares fell after a warning", "why")
    assert not gives("Shares fell", "why")
    assert gives("It pays $3 billion", "number")
    assert gives("It named Jane Miller", "who")
