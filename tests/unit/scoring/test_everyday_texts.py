"""Two thousand sentences of everyday life in three languages: the world's thousands of names link no more of them than
the companies that are written by hand do.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.scoring.linking.linker import Linker
from shared.universe import securities
from shared.universe.securities import Catalogue
from tests.linking import LINKER as WORLD

TEXTS = Path(__file__).parent / "everyday_frames"
HAND = Linker(Catalogue((Path(securities.__file__).parent / "securities.csv").read_bytes()))
LEAST = {"english": 1_200, "german": 500, "chinese": 500}


def sentences(language: str) -> Iterator[str]:
    """Who, what they do, and of what: as many as there are pairs of the two that vary most, the third in turn."""
    lines = [line for line in (TEXTS / f"{language}.txt").read_text().splitlines() if not line.startswith("#")]
    first, second = (at for at, line in enumerate(lines) if line == "---")
    who, what, things = lines[:first], lines[first + 1 : second], lines[second + 1 :]
    joined = "" if language == "chinese" else " "
    for at, thing in enumerate(things):
        for number, person in enumerate(who):
            for turn in range(3):
                yield person + joined + what[(at + number + turn * 2) % len(what)].format(thing)


@pytest.mark.parametrize("language", LEAST)
def test_everyday_sentences_name_no_more_than_they_did(language: str) -> None:
    texts = list(sentences(language))
    assert len(set(texts)) >= LEAST[language]
    for text in texts:
        for written in (text, text.upper()) if language == "english" else (text,):
            more = {link.company for link in WORLD.link(written).links} - {
                link.company for link in HAND.link(written).links
            }
            assert not more, written


def test_there_are_two_thousand_of_them() -> None:
    assert sum(len(set(sentences(language))) for language in LEAST) >= 2_000
