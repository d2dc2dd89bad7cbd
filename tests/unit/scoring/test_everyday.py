"""Nothing is said of a company in everyday life: 2,000 sentences (everyday/), and what linking finds there."""

from __future__ import annotations

import pytest

from tests.linking import LINKER
from tests.unit.scoring.everyday import LANGUAGES, sentences

# What the linker of 1,099 companies found in the same sentences (commit 32870d4)
FORMER = {"english": 25, "german": 24, "chinese": 0}


def test_there_are_two_thousand_sentences() -> None:
    found = {sentence for language in LANGUAGES for sentence in sentences(language)}
    assert len(found) == sum(len(sentences(language)) for language in LANGUAGES) >= 2_000


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_more_false_links_than_with_a_tenth_of_the_names(language: str) -> None:
    false = {sentence: links for sentence in sentences(language) if (links := LINKER.link(sentence).links)}
    assert sum(map(len, false.values())) <= FORMER[language], list(false)[:10]
