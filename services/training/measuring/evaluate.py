"""How good a model is on a labelled CSV file, and what it says about an unlabelled one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

import numpy as np
import pandas as pd

from services.model.labels import LabelError, label_weights
from services.model.opinion_model import EVENTS_OF_TFNS_TOPIC, SENTIMENTS
from services.training.data.tables import read_table
from services.training.errors import DataError
from services.training.measuring.measures import Floats, Intervals, Ints, Scores, bootstrap_intervals, score
from services.training.measuring.scorers import Scorer, in_pieces
from shared.event_classes.former import class_of_former
from shared.nothing import says_nothing

Task = Literal["sentiment", "event"]
_ALIASES = {
    "negative": ("bearish", "bear", "neg", "-", "负面", "消极", "利空", "看空"),
    "neutral": ("neu", "flat", "hold", "中性"),
    "positive": ("bullish", "bull", "pos", "+", "正面", "积极", "利好", "看多"),
}
_SENTIMENT_WORDS = {alias: name for name, aliases in _ALIASES.items() for alias in aliases}
_SIGNED = {"-1": "negative", "0": "neutral", "1": "positive"}  # taken where a file has no other labels, and a -1
IDS = ("id", "external_id", "story_id", "document_id")  # columns that name a row
MEASURES = ("accuracy", "macro_f1", "weighted_f1", "ece")


def _nothing(_: int) -> None:
    """No progress bar."""


@dataclass(frozen=True)
class Columns:
    """Which columns of the file hold what; ``entity`` asks for the sentiment about the company named there."""

    text: str = "text"
    label: str = "polarity"
    entity: str | None = None


@dataclass(frozen=True)
class Evaluation:
    """Scores of a model on a file, their 95 % bootstrap intervals, and how fast it was (texts per second)."""

    labels: tuple[str, ...]
    scores: Scores
    interval: Intervals  # texts resampled whole, with all their companies
    docs_per_s: float

    def as_json(self) -> dict[str, Any]:
        """The object that ``bellwether evaluate --json`` prints."""
        return {
            "n": self.scores.n,
            "accuracy": self.scores.accuracy,
            "macro_f1": self.scores.macro_f1,
            "weighted_f1": self.scores.weighted_f1,
            "ece": self.scores.ece,
            "interval": {name: list(getattr(self.interval, name)) for name in MEASURES},
            "per_class": {
                name: {"precision": c.precision, "recall": c.recall, "f1": c.f1, "n": c.n, "f1_interval": list(bounds)}
                for name, c, bounds in zip(self.labels, self.scores.per_class, self.interval.f1, strict=True)
            },
            "confusion": self.scores.confusion.tolist(),
            "labels": list(self.labels),
            "docs_per_s": self.docs_per_s,
        }


def evaluate(
    scorer: Scorer,
    data: Path,
    columns: Columns,
    *,
    task: Task = "sentiment",
    restrict_labels: bool = False,
    tick: Callable[[int], None] = _nothing,
) -> Evaluation:
    """Score a model on every row of a CSV file.

    ``restrict_labels`` leaves classes that the file never uses out of the answer, and of the report. Raises DataError
    for a missing column, an empty file, or a label that is none of the model's classes.
    """
    wanted = [columns.text, columns.label, *([columns.entity] if columns.entity else [])]
    table = read_table(data, wanted)
    names = _class_names(scorer, task)
    labels = _label_indices(table[columns.label].tolist(), names, data, columns.label)
    started = perf_counter()
    probabilities = _probabilities(scorer, table, columns, task, tick)
    elapsed = perf_counter() - started
    if restrict_labels:
        used, labels = np.unique(labels, return_inverse=True)
        probabilities = restrict(probabilities, used)
        names = tuple(names[place] for place in used)
    groups, _ = pd.factorize(table[columns.text])
    return Evaluation(
        labels=names,
        scores=score(labels, probabilities),
        interval=bootstrap_intervals(labels, probabilities, groups),
        docs_per_s=len(labels) / elapsed,
    )


def predictions(
    scorer: Scorer, data: Path, text: str, entity: str | None, tick: Callable[[int], None] = _nothing
) -> pd.DataFrame:
    """One row per row of the file, in its order: its id where it has one, the answer and the probabilities of negative,
    neutral and positive, and the event where the model has one. A row without text gets no answer.
    """
    table = read_table(data, [text, *([entity] if entity else [])])
    columns = Columns(text=text, entity=entity)
    sentiment = _probabilities(scorer, table, columns, "sentiment", tick)
    answer = table[[name for name in IDS if name in table and name not in (text, entity)]].copy()
    answer["answer"] = [SENTIMENTS[i] for i in sentiment.argmax(1)]
    for i, name in enumerate(SENTIMENTS):
        answer[name] = sentiment[:, i]
    if _has_events(scorer):
        event = _probabilities(scorer, table, columns, "event", _nothing)
        answer["event"] = [scorer.event_labels[i] for i in event.argmax(1)]
        answer["event_probability"] = event.max(1)
    answer.loc[table[text].map(says_nothing), answer.columns.difference(IDS)] = None
    return answer


def restrict(probabilities: Floats, used: Ints) -> Floats:
    """Probabilities [n, U] of the classes ``used`` [U] alone, scaled to sum to one."""
    kept = probabilities[:, used]
    return np.asarray(kept / np.maximum(kept.sum(1, keepdims=True), 1e-12))


def _probabilities(
    scorer: Scorer, table: pd.DataFrame, columns: Columns, task: Task, tick: Callable[[int], None]
) -> Floats:
    texts = table[columns.text].tolist()
    if task == "event":
        return in_pieces(lambda part, _: scorer.event(part), texts, None, tick)
    entities = table[columns.entity].tolist() if columns.entity else None
    return in_pieces(scorer.sentiment, texts, entities, tick)


def _class_names(scorer: Scorer, task: Task) -> tuple[str, ...]:
    if task == "sentiment":
        return SENTIMENTS
    if not _has_events(scorer):
        raise DataError(f"{scorer.name}: has no event classes; use --task sentiment")
    return scorer.event_labels


def _has_events(scorer: Scorer) -> bool:
    """Whether the model's classes are events: not where they can be read as sentiments (stars and advice, too)."""
    try:
        label_weights(dict(enumerate(scorer.event_labels)))
    except LabelError:
        return bool(scorer.event_labels)
    return False


def _label_indices(values: Sequence[str], names: Sequence[str], data: Path, column: str) -> Ints:
    place = {name.lower(): i for i, name in enumerate(names)}
    aliases = _SENTIMENT_WORDS | {topic.lower(): event for topic, event in EVENTS_OF_TFNS_TOPIC.items()}
    if "-1" in (written := {value.strip() for value in values}) and written <= _SIGNED.keys():
        aliases |= _SIGNED
    found = []
    for row, value in enumerate(values):
        name = value.strip().lower()
        name = name if name in place else aliases.get(name, name)
        name = name if name in place else class_of_former(name)
        if name not in place:
            number = "; numbers other than -1, 0, 1 do not say what they mean" if name.lstrip("+-").isdecimal() else ""
            raise DataError(
                f"{data}: row {row + 1} has the unknown {column} {value!r}; the model's classes are "
                f"{', '.join(names)}{number}"
            )
        found.append(place[name])
    return np.array(found, dtype=np.int64)
