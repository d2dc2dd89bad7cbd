"""Typing slips and standing words around a text: spans stay on the names, links and figures stay as they are."""

from __future__ import annotations

import random
import re

from hypothesis import given
from hypothesis import strategies as st

from services.training.data.datasets import Company, Example
from services.training.data.slips import framed, mistyped, replaced
from shared.languages.registry import LANGUAGES

WORDS = st.lists(
    st.sampled_from(["Shell", "profit", "up", "12.5%", "$ABC", "https://x.example/Shell", "a", "loss"]), min_size=1
)


def example_of(words: list[str]) -> Example:
    """A text of these words, with every Shell a mention."""
    text = " ".join(words)
    spans = tuple(match.span() for match in re.finditer(r"(?<!/)Shell", text))
    return Example(text, "", (Company(spans, 2),))


@given(WORDS, st.integers(0, 10**6))
def test_slips_keep_links_figures_and_spans_on_the_same_words(words: list[str], seed: int) -> None:
    before = example_of(words)
    after = mistyped(before, random.Random(seed))
    assert re.findall(r"\d|https?://\S+", after.text) == re.findall(r"\d|https?://\S+", before.text)
    assert after.text.count(" ") == before.text.count(" ") and abs(len(after.text) - len(before.text)) <= 3
    whole = [match.span() for match in re.finditer(r"\S+", after.text)]
    named = [place for place, word in enumerate(words) if word == "Shell"]
    assert [whole[place] for place in named] == list(after.companies[0].spans)


def test_every_kind_of_slip_is_made() -> None:
    seen = {mistyped(Example("profit", ""), random.Random(seed)).text for seed in range(400)}
    assert {"rpofit", "proft", "proffit", "pfofit", "PROFIT"} & seen >= {"PROFIT"}
    assert any(len(text) < 6 for text in seen) and any(len(text) > 6 for text in seen)
    assert any(sorted(text.lower()) == sorted("profit") and text.lower() != "profit" for text in seen)
    assert any(len(text) == 6 and sorted(text.lower()) != sorted("profit") for text in seen)


@given(st.integers(0, 40), st.integers(0, 3), st.text("xyz", max_size=3))
def test_what_is_put_elsewhere_moves_the_span_with_its_word(start: int, long: int, piece: str) -> None:
    text = "profit falls at Shell as costs of oil rise"
    span = (text.index("Shell"), text.index("Shell") + 5)
    end = min(len(text), start + long)
    if start < span[1] and end > span[0]:
        return  # inside the name, or over its edge
    changed = replaced(Example(text, "", (Company((span,), 0),)), start, end, piece)
    assert changed.text == text[:start] + piece + text[end:]
    assert changed.text[slice(*changed.companies[0].spans[0])] == "Shell"


def test_what_is_measured_with_is_not_learnt_from() -> None:
    for language in LANGUAGES:
        wording = language.wording
        assert len(wording.openings) >= 5 and len(wording.closings) >= 5
        measured = set(re.findall(r"\w+", wording.boilerplate.lower()))
        for piece in (*wording.openings, *wording.closings):
            words = set(re.findall(r"\w+", piece.lower()))
            assert len(words & measured) / len(words | measured) < 0.3, piece


def test_a_frame_stands_before_or_after_or_both() -> None:
    example = example_of(["Shell", "profit"])
    texts = [framed(example, ("Before:",), ("After.",), random.Random(seed)) for seed in range(60)]
    assert {each.text for each in texts} == {
        "Before: Shell profit",
        "Shell profit After.",
        "Before: Shell profit After.",
    }
    assert all(each.text[slice(*each.companies[0].spans[0])] == "Shell" for each in texts)
    assert framed(example, (), (), random.Random(1)) == example
