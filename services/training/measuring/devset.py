"""The dev files as a yardstick: which rows choose settings, which only report, and how a model does on each set."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from services.model.opinion_model import OpinionModel
from services.training.data.datasets import UNLABELLED, Example, load_examples
from services.training.data.overlap import text_key
from services.training.measuring.measures import Floats, Ints, Scores, score, softmax
from services.training.measuring.prediction import Predictions, predict

Half = Literal["choose", "report", "all"]
Head = Literal["document", "company", "event", "role", "rumour"]
Answers = tuple[list[Example], Predictions]  # the examples of a set, and what a model said of them


@dataclass(frozen=True)
class Judged:
    """One set: labels [n], logits [n, classes] of ``head``, each row's half and text (None: each row is a text)."""

    labels: Ints
    logits: Floats
    choose: np.ndarray[Any, np.dtype[np.bool_]]
    text: Ints | None = None
    head: Head = "document"

    def part(self, half: Half) -> tuple[Ints, Floats]:
        """The rows of one half."""
        keep = self._rows(half)
        return self.labels[keep], self.logits[keep]

    def texts(self, half: Half) -> Ints | None:
        """Which text each row of one half belongs to."""
        return None if self.text is None else self.text[self._rows(half)]

    def _rows(self, half: Half) -> np.ndarray[Any, np.dtype[np.bool_]]:
        return np.ones(len(self.labels), bool) if half == "all" else self.choose == (half == "choose")

    def scores(self, half: Half, temperature: float = 1.0) -> Scores:
        """Scores on one half."""
        labels, logits = self.part(half)
        return score(labels, softmax(logits, temperature))


def chooses(text: str) -> bool:
    """Whether a dev text may choose settings (checkpoint, temperature); the other half is only reported on.

    By CRC-32 of the text's key, so that all rows of a text are in one half and anyone can recompute it.
    """
    return zlib.crc32(text_key(text).encode()) % 2 == 0


def head_of(examples: Sequence[Example]) -> Head:
    """The head that a set is judged by; its labels decide: a text's own sentiment counts in full only where it is the
    label, and not a guess from the companies'.
    """
    if any(example.event != UNLABELLED for example in examples):
        return "event"
    own = any(example.document != UNLABELLED and example.document_weight == 1.0 for example in examples)
    return "document" if own else "company"


def judge(
    model: OpinionModel, tokenizer: Any, labelled: Path, names: Sequence[str], half: Half = "all"
) -> dict[str, Judged]:
    """Logits of the model on the dev file of each set, or on one half of it: one forward pass per set."""
    return by_set(answer(model, tokenizer, labelled, names, half))


def judge_heads(
    model: OpinionModel, tokenizer: Any, labelled: Path, names: Sequence[str], half: Half = "all"
) -> dict[str, Judged]:
    """What calibration goes by (:func:`by_head`), from one forward pass per set."""
    return by_head(answer(model, tokenizer, labelled, names, half))


def answer(
    model: OpinionModel, tokenizer: Any, labelled: Path, names: Sequence[str], half: Half = "all"
) -> dict[str, Answers]:
    """What the model says of the dev file of each set, or of one half of it."""
    found = {}
    for name in names:
        examples = _dev_examples(labelled, name, half)
        found[name] = examples, predict(model, tokenizer, examples)
    return found


def by_set(answers: Mapping[str, Answers]) -> dict[str, Judged]:
    """Each set by the head that it is judged by."""
    return {name: _judged(examples, said, head_of(examples)) for name, (examples, said) in answers.items()}


def by_head(answers: Mapping[str, Answers]) -> dict[str, Judged]:
    """What calibration goes by, as SET/HEAD: every head that a set has a person's labels for; guessed ones are left out
    (a headline's sentiment taken for the text's, a company that is not named as negative taken for neutral).
    """
    judged = {}
    for name, (examples, said) in answers.items():
        for head in get_args(Head):
            found = _judged(examples, said, head, least=1.0)
            if len(found.labels):
                judged[f"{name}/{head}"] = found
    return judged


def _dev_examples(labelled: Path, name: str, half: Half) -> list[Example]:
    examples = load_examples(labelled, name, "dev")
    return [example for example in examples if half == "all" or chooses(example.text) == (half == "choose")]


def _judged(examples: Sequence[Example], predictions: Predictions, head: Head, least: float = 0.0) -> Judged:
    """The rows that have a label for ``head`` of at least the weight ``least``."""
    logits: Floats = getattr(predictions, head)
    if head == "company":
        rows = [(c.sentiment, c.weight, example.text) for example in examples for c in example.companies]
    elif head == "role":
        rows = [(c.role, 1.0, example.text) for example in examples for c in example.companies]
    elif head == "rumour":
        rows = [(e.rumour, 1.0, e.text) for e in examples]
    else:
        rows = [(getattr(e, head), getattr(e, f"{head}_weight"), e.text) for e in examples]
    if not len(logits):  # a model without that head
        rows = []
    labels = np.array([label for label, _, _ in rows], dtype=np.int64)
    choose = np.array([chooses(text) for _, _, text in rows], dtype=bool)
    known = (labels != UNLABELLED) & np.array([weight >= least for _, weight, _ in rows], dtype=bool)
    _, texts = np.unique([text for _, _, text in rows], return_inverse=True)
    return Judged(labels[known], logits[: len(known)][known], choose[known], texts[known], head)
