"""Changes of a text, and how often they flip the model's answer.

All but ``negation`` leave the meaning as it was: a flip is an error. After a negation the answer should change: there
a flip is what one hopes for.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from services.model.opinion_model import OpinionModel
from services.model.reading import blank_links, change_words
from services.training.data.augmentation import rename, slip, swap_cashtags
from services.training.data.datasets import Company, Example
from services.training.measuring.prediction import predict
from shared.languages.english import ENGLISH
from shared.languages.language import Wording

Change = Callable[[Example, random.Random, Wording], Example]

_EMOJI = ("\N{ROCKET}", "\N{CHART WITH UPWARDS TREND}", "\N{THINKING FACE}", "\N{FIRE}")
_NUMBER = re.compile(r"\d+")
_VERB = re.compile(r"\b(is|are|was|were|will|has|have|had|can|could|should|would|may|might)\b")


def _spans_after(example: Example, text: str) -> Example:
    """The example with a new text of the same length, or one that only grew at its end."""
    return replace(example, text=text)


def _typos(example: Example, chance: random.Random, _: Wording) -> Example:
    return _spans_after(example, change_words(example.text, lambda words: slip(slip(words, chance), chance)))


def _casing(example: Example, _: random.Random, __: Wording) -> Example:
    upper = change_words(example.text, str.upper)
    return _spans_after(example, upper) if len(upper) == len(example.text) else example


def _ticker_swap(example: Example, chance: random.Random, _: Wording) -> Example:
    if example.companies:
        return example
    return replace(example, text=swap_cashtags(example.text, chance))


def _name_swap(example: Example, chance: random.Random, wording: Wording) -> Example:
    """Only where companies are named by name: a cashtag's turn is ``ticker_swap``."""
    return rename(example, wording.names, chance)[0] if example.companies else example


def _anonymous(example: Example, chance: random.Random, wording: Wording) -> Example:
    return rename(example, (wording.anonymous,), chance)[0] if example.companies else example


def _negation(example: Example, _: random.Random, __: Wording) -> Example:
    match = _VERB.search(example.text)
    if match is None:
        return example
    return _inserted(example, match.end(), " not")


def _numbers(example: Example, chance: random.Random, _: Wording) -> Example:
    """Every number outside links becomes another of as many digits (never starting with 0)."""

    def other(match: re.Match[str]) -> str:
        size = len(match[0])
        return str(chance.randint(10 ** (size - 1), 10**size - 1))

    return _spans_after(example, change_words(example.text, lambda words: _NUMBER.sub(other, words)))


def _boilerplate(example: Example, _: random.Random, wording: Wording) -> Example:
    return _spans_after(example, example.text + wording.boilerplate)


def _emoji(example: Example, chance: random.Random, _: Wording) -> Example:
    return _spans_after(example, f"{example.text} {chance.choice(_EMOJI)}")


def _inserted(example: Example, place: int, piece: str) -> Example:
    def moved(span: tuple[int, int]) -> tuple[int, int]:
        start, end = span
        return (start + len(piece), end + len(piece)) if start >= place else (start, end)

    companies = tuple(
        Company(tuple(moved(span) for span in company.spans), company.sentiment, company.weight)
        for company in example.companies
    )
    return replace(example, text=example.text[:place] + piece + example.text[place:], companies=companies)


PERTURBATIONS: dict[str, Change] = {
    "typos": _typos,
    "casing": _casing,
    "ticker_swap": _ticker_swap,
    "name_swap": _name_swap,
    "anonymised": _anonymous,
    "negation": _negation,
    "numbers": _numbers,
    "boilerplate": _boilerplate,
    "emoji": _emoji,
}


@dataclass(frozen=True)
class Flips:
    """Of ``n`` answers whose text, as the model reads it, changed, the share that flipped; accuracy before, after."""

    n: int
    flipped: float
    accuracy: float
    accuracy_after: float


def measure_flips(
    model: OpinionModel,
    tokenizer: Any,
    examples: Sequence[Example],
    wording: Wording = ENGLISH.wording,
    *,
    whole: bool = False,
    seed: int = 20261124,
) -> dict[str, Flips]:
    """Each perturbation over the examples' labelled sentiment: of the companies where there are any, else the text's;
    with ``whole`` always the text's, whose companies then only say where names stand.
    """

    def asked(example: Example) -> Example:
        return replace(example, companies=()) if whole else example

    before = _answers(model, tokenizer, [asked(example) for example in examples])
    found = {}
    for name, change in PERTURBATIONS.items():
        chance = random.Random(seed)
        changed = [change(example, chance, wording) for example in examples]
        kept = [row for row, item in enumerate(changed) if blank_links(item.text) != blank_links(examples[row].text)]
        if kept:
            after = _answers(model, tokenizer, [asked(changed[row]) for row in kept])
            labels = [_labels(asked(examples[row])) for row in kept]
            found[name] = _flips([before[row] for row in kept], after, labels)
    return found


def _flips(before: Sequence[list[int]], after: Sequence[list[int]], labels: Sequence[list[int]]) -> Flips:
    old, new, true = (np.array([answer for row in rows for answer in row]) for rows in (before, after, labels))
    return Flips(len(old), float((old != new).mean()), float((old == true).mean()), float((new == true).mean()))


def _labels(example: Example) -> list[int]:
    return [company.sentiment for company in example.companies] or [example.document]


def _answers(model: OpinionModel, tokenizer: Any, examples: Sequence[Example]) -> list[list[int]]:
    found = predict(model, tokenizer, examples)
    document, company = found.document.argmax(1).tolist(), iter(found.company.argmax(1).tolist())
    answers = []
    for row, example in enumerate(examples):
        own = [int(next(company)) for _ in example.companies]
        answers.append(own or [int(document[row])])
    return answers
