"""Pseudo-labels: what a model is sure of about unlabelled text, as examples to learn from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from services.model.interface import Span
from services.model.opinion_model import OpinionModel
from services.training.data.datasets import CASHTAG, UNLABELLED, Company, Example
from services.training.data.mentions import find_mentions
from services.training.data.texts import read_rows
from services.training.measuring.measures import Floats, softmax
from services.training.measuring.prediction import predict

_WEIGHT = 0.3  # of a pseudo-label, next to a person's
_SOURCE = "unlabelled"


def read_unlabelled(paths: Sequence[Path]) -> list[Example]:
    """The texts of all files, with the companies that they name: of the rows' field entity, else company, and cashtags.

    A company's sentiment is UNLABELLED; :func:`pseudo_label` fills in what a model is sure of.
    """
    names: dict[str, dict[str, None]] = {}
    for path in paths:
        for text, company in read_rows(path):
            names.setdefault(text, {}).update(dict.fromkeys([company] if company else ()))
    return [Example(text, _SOURCE, tuple(_companies(text, found))) for text, found in names.items()]


def pseudo_label(model: OpinionModel, tokenizer: Any, examples: Sequence[Example], sure: float) -> list[Example]:
    """The examples of which the model gives any answer at least the probability ``sure``, with those answers.

    A company that it is not sure of stays in its text, without a label: a teacher may still say something of it.
    """
    found = predict(model, tokenizer, examples)
    temperatures = model.config.temperatures or {}
    document, company, event = (
        _sure(softmax(getattr(found, head), temperatures[head]), sure) for head in ("document", "company", "event")
    )
    companies = iter(company)
    labelled = []
    for example, sentiment, topic in zip(examples, document, event, strict=True):
        told = tuple(replace(one, sentiment=next(companies), weight=_WEIGHT) for one in example.companies)
        if any(label != UNLABELLED for label in (sentiment, topic, *(one.sentiment for one in told))):
            labelled.append(Example(example.text, _SOURCE, told, sentiment, _WEIGHT, topic, _WEIGHT))
    return labelled


def _sure(probabilities: Floats, least: float) -> list[int]:
    """The likeliest class of each row, or UNLABELLED."""
    return [int(row.argmax()) if row.max() >= least else UNLABELLED for row in probabilities]


def _companies(text: str, names: Iterable[str]) -> Iterator[Company]:
    """The companies of these names, the longest first, then cashtags: no place belongs to two of them."""
    tags: dict[str, list[Span]] = {}
    for match in CASHTAG.finditer(text):
        tags.setdefault(match[0], []).append(match.span())
    inside = [span for spans in tags.values() for span in spans]
    taken: list[Span] = []
    for name in sorted(names, key=lambda name: (-len(name), name)):
        spans = tuple(span for span in find_mentions(text, name) if not _meets(span, [*taken, *inside]))
        if spans:
            taken += spans
            yield Company(spans, UNLABELLED)
    for found in tags.values():
        yield Company(tuple(found), UNLABELLED)


def _meets(span: Span, others: Iterable[Span]) -> bool:
    return any(span[0] < end and start < span[1] for start, end in others)
