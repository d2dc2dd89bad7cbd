"""A guess at a text's language: script first, then frequent small words, for a line of English the dictionary. Cheap
(tens of microseconds), no model.

It is a hint for filters and display, not a classifier: mixed texts, and short ones that are not English, may come out
as "und".
"""

from __future__ import annotations

import re
from typing import Final

from shared.languages.english_line import words_of_line

UNKNOWN: Final = "und"
_LOOKED_AT: Final = 600  # characters
_LINE: Final = 120  # characters of a headline
_SURE: Final = 2.0  # votes

_SCRIPTS: Final = (
    (re.compile("[\u3040-\u30ff]"), "ja"),
    (re.compile("[\uac00-\ud7af]"), "ko"),
    (re.compile("[\u4e00-\u9fff]"), "zh"),
    (re.compile("[\u0404\u0406\u0407\u0454\u0456\u0457\u0490\u0491]"), "uk"),
    (re.compile("[\u0400-\u04ff]"), "ru"),
    (re.compile("[\u0600-\u06ff]"), "ar"),
    (re.compile("[\u0590-\u05ff]"), "he"),
    (re.compile("[\u0370-\u03ff]"), "el"),
    (re.compile("[\u0900-\u097f]"), "hi"),
    (re.compile("[\u0e00-\u0e7f]"), "th"),
)
_OTHER_SCRIPT = re.compile("[\u0370-\ud7af]")
_SCRIPT_SHARE: Final = 0.15  # of the letters: a Greek letter or one quoted word does not make a text Greek
_LETTERS = re.compile(r"[^\W\d_]")
_WORDS = re.compile(r"[a-zà-öø-ÿāăąćčďęěğıłńňőœřśşšťůűźżžß]+")

_FREQUENT: Final = {
    "en": "the of and to in is are was for on with that this it at as be by has have from will not but you your "
    "its their after up more over than what just about get buy sell stock stocks shares market earnings "
    "price today new",
    "de": "der die das und ist nicht ein eine einen mit von zu den dem des auf für im sich wird werden auch "
    "nach bei über sind hat wie aus aktie aktien",
    "fr": "le la les des et est une dans pour que qui sur pas avec au aux du ce sont par plus ses cette été l d "
    "actions",
    "es": "el los las y es una en que por con para se su del al como más lo ha sus este son pero acciones",
    "pt": "o os as e é uma em que por com para se seu do da dos das ao como mais não na no são foi ações",
    "it": "il lo gli e è una di che per con si del della dei nel alla sono ha più non anche le azioni",
    "nl": "de het een en van is dat op te voor met zijn niet aan er om ook als bij naar wordt aandelen",
    "sv": "och att det som en är på för av med till den har inte om ett var från kan aktier",
    "pl": "i w na z do się nie to jest że o jak za po przez od dla są ze akcje",
    "tr": "ve bir bu için ile da de çok daha olarak olan gibi en ne hisse",
    "id": "yang dan di dari untuk dengan ini itu pada tidak dalam akan saham",
}
_VOTES: Final[dict[str, tuple[str, ...]]] = {}
for _language, _words in _FREQUENT.items():
    for _word in _words.split():
        _VOTES[_word] = (*_VOTES.get(_word, ()), _language)


def guess_language(text: str) -> str:
    """A BCP 47 primary tag such as "en", or "und" when there is too little to go by."""
    text = text[:_LOOKED_AT]
    if not text.isascii() and _OTHER_SCRIPT.search(text):
        letters = max(1, len(_LETTERS.findall(text)))
        for pattern, language in _SCRIPTS:
            if len(pattern.findall(text)) >= _SCRIPT_SHARE * letters:
                return language
    votes: dict[str, float] = {}
    for word in set(_WORDS.findall(text.lower())):
        languages = _VOTES.get(word)
        if languages:
            for language in languages:
                votes[language] = votes.get(language, 0.0) + 1.0 / len(languages)
    best, second = sorted([*votes.items(), (UNKNOWN, 0.0), (UNKNOWN, 0.0)], key=lambda vote: (-vote[1], vote[0]))[:2]
    if best[1] < _SURE and text[:_LINE] == text:
        return _of_line(text, best, second)
    return best[0] if best[1] > second[1] else UNKNOWN


def _of_line(text: str, best: tuple[str, float], second: tuple[str, float]) -> str:
    """Of a text that is too short for small words to tell: English is told by its dictionary."""
    english, foreign, names = words_of_line(text)
    if english and not foreign:
        return "en"
    if (best[0] == "en" and foreign >= english) or (best[0] != "en" and not foreign and not names):
        return UNKNOWN
    return best[0] if best[1] > second[1] else UNKNOWN
