"""How much evidence a name needs, computed. A grade set by hand wins over all of this.

`z` is the Zipf value of a word: 3 is once in a million words, 6 once in a thousand. A *word* is one of the dictionary
(Webster's Second, in lower case there); a *place* is a country, an American state or a city of 15,000 people; a
*person* is a given name or a family name. Latin script:

1. One word of the dictionary: EVERYDAY from z 2.5 on, DOUBTFUL below. A place or a person: EVERYDAY from z 4.3 on,
   DOUBTFUL below. A word of German, French or Spanish (ten times as frequent there as in English, from z 3.5 on):
   DOUBTFUL, EVERYDAY from z 4.5 on. Up to three letters: EVERYDAY from z 2.6 on, DOUBTFUL below. A company with whose
   name two others begin: DOUBTFUL. Anything else is SURE, however frequent: who is written of often is known.
2. Several words: DOUBTFUL where each of them is a word, a place or a person, EVERYDAY where they are two and very
   frequent (z 5.3 on), or the name of a place; else SURE.

Chinese (z in Chinese):

3. Two characters: EVERYDAY from z 2.5 on, else DOUBTFUL. Three: EVERYDAY from z 3.3 on, DOUBTFUL from z 2.2 on.
4. Four and more: where it falls into two words of two and more characters that are both frequent (z 4.6 on),
   EVERYDAY; where the first of them is a place, DOUBTFUL (中国石油: China's oil, too). A bank, insurer, broker or drug
   maker is SURE.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from shared.universe.building.packages import Packages
from shared.universe.instrument import DOUBTFUL, EVERYDAY, SURE, plain_name

HAND: Final = Path(__file__).parent / "hand"
_WORDS: Final = re.compile(r"[\w&]+")
_HAN: Final = re.compile(r"[\u4e00-\u9fff]")
_PLACES: Final = frozenset((HAND / "chinese_places.txt").read_text().split())
_FINANCE: Final = tuple((HAND / "chinese_endings.txt").read_text().split())


class Grades:
    """The rule, with what it looks up; `begins` counts how many instruments begin with a word."""

    def __init__(self, packages: Packages) -> None:
        self.english = packages.frequencies("en")
        self._others = [packages.frequencies(language) for language in ("de", "fr", "es")]
        self._chinese = packages.frequencies("zh")
        self._dictionary = packages.dictionary()
        self._places = packages.places()
        self._given = frozenset(packages.people("male.first") | packages.people("female.first"))
        self._family = frozenset(name for name, share in packages.people("all.last").items() if share >= 0.001)
        self.begins: Counter[str] = Counter()

    def count(self, names: Iterable[str]) -> None:
        """Once all are known: the first names of every instrument."""
        self.begins.update(plain_name(name).partition(" ")[0] for name in names)

    def of(self, name: str, kind: str = "") -> int:
        """SURE, DOUBTFUL or EVERYDAY. `kind` "" is a company."""
        if _HAN.search(name):
            return self._of_chinese(name)
        words = _WORDS.findall(name.lower().replace("'", "").replace("\u2019", "").replace(".", ""))
        if len(words) <= 1:
            return self._of_word("".join(words), kind)
        if " ".join(words) in self._places:
            return EVERYDAY
        if not all(self._is_common(word) for word in words):
            return SURE
        frequent = len(words) == 2 and min(self._frequency(word) for word in words) >= 5.3
        return EVERYDAY if frequent else DOUBTFUL

    def _frequency(self, word: str) -> float:
        return 5.0 if word.isdigit() else self.english.get(word, 0.0)

    def _is_common(self, word: str) -> bool:
        return word.isdigit() or self._is_word(word) or word in self._places or self._is_person(word)

    def _is_word(self, word: str) -> bool:
        """A word of the dictionary, or its plural."""
        return word in self._dictionary or (word.endswith("s") and word[:-1] in self._dictionary)

    def _is_person(self, word: str) -> bool:
        return word in self._given or word in self._family

    def _of_word(self, word: str, kind: str) -> int:
        frequency = self.english.get(word, 0.0)
        if len(word) < 4:
            return EVERYDAY if max(frequency, self._foreign(word)) >= 2.6 else DOUBTFUL
        if self._is_word(word):
            return EVERYDAY if frequency >= 2.5 else DOUBTFUL
        if word in self._places or self._is_person(word):
            return EVERYDAY if frequency >= 4.3 else DOUBTFUL
        foreign = self._foreign(word)
        if foreign >= 3.5 and foreign - frequency >= 1:
            return EVERYDAY if foreign >= 4.5 else DOUBTFUL
        return DOUBTFUL if self.begins[word] > 2 and not kind else SURE

    def _foreign(self, word: str) -> float:
        return max(words.get(word, 0.0) for words in self._others)

    def _of_chinese(self, name: str) -> int:
        frequency = self._chinese.get(name, 0.0)
        if len(name) <= 2:
            return EVERYDAY if frequency >= 2.5 else DOUBTFUL
        if len(name) == 3:
            return EVERYDAY if frequency >= 3.3 else DOUBTFUL if frequency >= 2.2 else SURE
        if name.endswith(_FINANCE):
            return SURE
        for cut in range(2, len(name) - 1):
            first, second = name[:cut], name[cut:]
            if min(self._chinese.get(first, 0), self._chinese.get(second, 0)) >= 4.6:
                return DOUBTFUL if first in _PLACES else EVERYDAY
        return SURE
