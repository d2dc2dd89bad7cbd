"""Which training texts are also evaluation texts: exact (same key) and near (token Jaccard >= 0.8)."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from shared.languages.registry import UNSPACED

_LINK = re.compile(r"https?://\S+|www\.\S+")
_WORD = re.compile(r"[^\W_]+")
_UNSPACED = re.compile(f"[{UNSPACED}]")
NEAR = Fraction(4, 5)  # exact: in floating point 1 - 0.8 is a little less than a fifth
_MIN_TOKENS = 4


def text_key(text: str) -> str:
    """What makes two texts the same: NFKC, lower case, no links, letters and digits only."""
    return "".join(_WORD.findall(_plain(text)))


def text_tokens(text: str) -> frozenset[str]:
    """Words of a text, or pairs of characters where its script has no spaces."""
    plain = _plain(text)
    if _UNSPACED.search(plain):
        letters = "".join(_WORD.findall(plain))
        return frozenset(letters[i : i + 2] for i in range(len(letters) - 1))
    return frozenset(_WORD.findall(plain))


@dataclass(frozen=True)
class Overlap:
    """Indices into the scanned texts that are exactly, or else nearly, in the evaluation texts."""

    exact: frozenset[int]
    near: frozenset[int]


def scan(texts: Sequence[str], evaluation: Iterable[str]) -> Overlap:
    """Compare every text with every evaluation text.

    Of two sets with Jaccard >= s, of n tokens the one, at least ``ceil(s * n)`` are shared, so one of its
    ``n - ceil(s * n) + 1`` rarest is (Chaudhuri et al. 2006, prefix filtering): only few pairs are ever compared.
    """
    evaluation = list(evaluation)
    keys = {text_key(text) for text in evaluation}
    known = list({tokens for tokens in map(text_tokens, evaluation) if len(tokens) >= _MIN_TOKENS})
    frequency = Counter(token for tokens in known for token in tokens)
    index: dict[str, list[frozenset[str]]] = defaultdict(list)
    for tokens in known:
        for token in tokens:
            index[token].append(tokens)
    exact, near = set(), set()
    for row, text in enumerate(texts):
        if text_key(text) in keys:
            exact.add(row)
        elif _is_near(text_tokens(text), frequency, index):
            near.add(row)
    return Overlap(frozenset(exact), frozenset(near))


def _is_near(tokens: frozenset[str], frequency: Counter[str], index: dict[str, list[frozenset[str]]]) -> bool:
    if len(tokens) < _MIN_TOKENS:
        return False
    least = ceil(NEAR * len(tokens))
    rarest = sorted(tokens, key=lambda token: (frequency[token], token))[: len(tokens) - least + 1]
    return any(_are_near(tokens, other) for token in rarest for other in index.get(token, ()))


def _are_near(left: frozenset[str], right: frozenset[str]) -> bool:
    shared = len(left & right)
    return shared * NEAR.denominator >= NEAR.numerator * (len(left) + len(right) - shared)


def _plain(text: str) -> str:
    return _LINK.sub(" ", unicodedata.normalize("NFKC", text).lower())
