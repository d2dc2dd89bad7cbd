"""The languages: which one a text or a set is in; and that every value is whole."""

from __future__ import annotations

import pytest

from shared.event_classes.classes import EVENT_CLASSES
from shared.languages.chinese import CHINESE
from shared.languages.english import ENGLISH
from shared.languages.language import Language
from shared.languages.registry import LANGUAGES, language_of_set, language_of_sets, language_of_text


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("东山银行股价上涨", CHINESE),
        ("Dongshan (东山) rises after its results of the second quarter", None),
        ("東山銀行の株価が上昇", None),
        ("Norrefax rises", None),
        ("", None),
    ],
)
def test_a_script_tells_its_language(text: str, language: Language | None) -> None:
    assert language_of_text(text) is language


def test_a_set_is_in_the_language_that_its_name_begins_with() -> None:
    assert language_of_set("zh_finfe") is CHINESE
    assert language_of_set("tfns_topic") is ENGLISH
    assert language_of_sets(["sentfin", "zh_finfe"]) is CHINESE
    assert language_of_sets([]) is ENGLISH


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.tag)
def test_every_language_is_whole(language: Language) -> None:
    assert language.name in language.card.intended
    assert len(language.wording.names) == len(set(language.wording.names)) > 1
    for name, topics in language.topics.items():
        assert language_of_set(name) is language
        assert set(topics.events.values()) <= set(EVENT_CLASSES)
        assert not topics.silent & topics.events.keys()
