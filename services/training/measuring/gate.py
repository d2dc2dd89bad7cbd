"""Whether a model is worse than the one before it: both read the same labelled texts, as they would in the stream.

The differences are paired (the same text by both), and texts are drawn whole, with all that is asked about them.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from services.model.interface import Engine, Request, Sentiment
from services.model.opinion_model import EVENTS, SENTIMENTS
from services.training.data.datasets import UNLABELLED, Example, has_dev, load_examples
from services.training.data.feedback import sets_with
from services.training.measuring.devset import head_of
from services.training.measuring.measures import Interval
from shared.event_classes.former import class_of_former

DEV: Final = ("tfns_sentiment", "sentfin", "events")  # sentiment of texts, of companies, events
ROWS: Final = 300  # texts of a dev set, at most: those with the lowest CRC-32
_DRAWS: Final = 2_000
_SEED: Final = 20261130
_AT_ONCE: Final = 64

Marks = list[tuple[str, bool]]  # of each answer: the text that it is about, and whether it is right


class WorseModel(RuntimeError):
    """A model that is worse than the one before it; the text says by how much, on what."""


class Difference(NamedTuple):
    """On one yardstick: shares of right answers, and their difference with its 95 % interval."""

    name: str
    answers: int
    texts: int
    before: float
    after: float
    interval: Interval

    @property
    def worse(self) -> bool:
        """Whether chance alone would hardly show as bad a difference."""
        return self.interval[1] < 0

    def words(self) -> str:
        low, high = self.interval
        return (
            f"{self.name}: {self.after:.3f} right, {self.before:.3f} before, difference "
            f"{self.after - self.before:+.3f}, 95 % [{low:+.3f}, {high:+.3f}], {self.answers:,} answers on "
            f"{self.texts:,} texts"
        )


def held_back(folder: Path) -> list[Example]:
    """The texts of an export that no model has learnt from."""
    return [example for name in sets_with(folder, "held") for example in load_examples(folder, name, "held")]


def dev_texts(labelled: Path, names: Sequence[str] = DEV) -> list[Example]:
    """Some of each dev set that is there."""
    found: list[Example] = []
    for name in names:
        if has_dev(labelled, name):
            examples = load_examples(labelled, name, "dev")
            found += sorted(examples, key=lambda each: (zlib.crc32(each.text.encode()), each.text))[:ROWS]
    return found


def compare(name: str, examples: Sequence[Example], before: Engine, after: Engine) -> Difference | None:
    """None where nothing is asked."""
    first, second = marks(before, examples), marks(after, examples)
    if not first:
        return None
    texts = [text for text, _ in first]
    right = np.array([[float(mark) for _, mark in some] for some in (first, second)])
    return Difference(
        name=name,
        answers=len(first),
        texts=len(set(texts)),
        before=float(right[0].mean()),
        after=float(right[1].mean()),
        interval=paired_interval(texts, right[1] - right[0]),
    )


def refuse_worse(found: Sequence[Difference], anyway: str) -> None:
    """Raises WorseModel. `anyway`: the command that does not ask."""
    worse = [each for each in found if each.worse]
    if worse:
        on = "; on ".join(each.words() for each in worse)
        raise WorseModel(f"the new model is worse on {on}; to switch all the same: {anyway}")


def marks(engine: Engine, examples: Sequence[Example]) -> Marks:
    """What is asked of each example, by its labels, in their order."""
    found: Marks = []
    for start in range(0, len(examples), _AT_ONCE):
        some = examples[start : start + _AT_ONCE]
        requests = [Request(example.text, tuple(company.spans for company in example.companies)) for example in some]
        for example, answer in zip(some, engine.score(requests), strict=True):
            head = head_of([example])
            if head == "event":
                found.append((example.text, class_of_former(answer.event) == EVENTS[example.event]))
            elif head == "document":
                found.append((example.text, _says(answer.document) == example.document))
            else:
                heard = zip(example.companies, answer.companies, strict=True)
                found += [
                    (example.text, _says(said) == company.sentiment)
                    for company, said in heard
                    if company.sentiment != UNLABELLED
                ]
    return found


def _says(sentiment: Sentiment) -> int:
    shares = [getattr(sentiment, name) for name in SENTIMENTS]
    return shares.index(max(shares))


def paired_interval(texts: Sequence[str], differences: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Interval:
    """Of the mean difference, 95 %: texts are drawn with all their answers."""
    _, group = np.unique(texts, return_inverse=True)
    sums, counts = np.bincount(group, weights=differences), np.bincount(group)
    chance = np.random.default_rng(_SEED)
    drawn = chance.integers(0, len(sums), (_DRAWS, len(sums)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)
