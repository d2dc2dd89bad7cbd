"""The shorter names that people use: "Duos Technologies Group" is Duos Technologies, "PharmaCyte Biotech" PharmaCyte.

A last word that says only what kind of company it is may go, as long as what is left is not a word, a person or the
beginning of another instrument's name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from shared.universe.building.ambiguity import HAND, Grades
from shared.universe.instrument import SURE, plain_name

_BARE: Final = frozenset({"group", "holdings", "holding", "international", "global", "worldwide", "enterprises"})
_KINDS: Final = _BARE | frozenset((HAND / "kinds_of_company.txt").read_text().split())


def shortened(name: str, grades: Grades) -> Iterator[str]:
    """Shorter ways to write `name` that are still its own."""
    words = name.split()
    while len(words) > 1 and plain_name(words[-1]) in _KINDS:
        last = plain_name(words.pop())
        if words[-1] in ("&", "and"):
            return
        short = " ".join(words)
        if (len(words) > 1 and (last in _BARE or grades.of(short) == SURE)) or (
            len(words) == 1 and _own(short, grades)
        ):
            yield short


def _own(word: str, grades: Grades) -> bool:
    plain = plain_name(word)
    return len(plain) >= 5 and grades.begins[plain] == 1 and grades.of(word) == SURE
