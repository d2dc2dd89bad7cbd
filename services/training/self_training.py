"""Pseudo-labels: what a model is sure of about unlabelled text, as examples to learn from."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from services.model.opinion_model import OpinionModel
from services.training.datasets import UNLABELLED, Example, read_table
from services.training.errors import DataError
from services.training.measures import softmax
from services.training.prediction import predict

_WEIGHT = 0.3  # of a pseudo-label, next to a person's
_TEXT_FIELDS = ("text", "title")


def read_texts(path: Path) -> list[str]:
    """Texts of a file: .csv (column text, else title), .jsonl (title, summary and text, as far as a line has them,
    joined) or one a line; .gz is fine.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    kind = Path(path.stem if path.suffix == ".gz" else path.name).suffix
    if kind == ".csv":
        table = read_table(path, [])
        column = next((name for name in _TEXT_FIELDS if name in table), None)
        if column is None:
            raise DataError(f"{path}: no column text or title; it has {', '.join(table.columns)}")
        texts = table[column].tolist()
    else:
        lines = (line for line in _lines(path) if line.strip())
        texts = [_text_of(line, path) if kind in (".jsonl", ".json") else line for line in lines]
    found = list(dict.fromkeys(text.strip() for text in texts if text.strip()))
    if not found:
        raise DataError(f"{path}: holds no text")
    return found


def pseudo_label(model: OpinionModel, tokenizer: Any, texts: Sequence[str], sure: float) -> list[Example]:
    """The texts whose sentiment or event the model gives at least the probability ``sure``."""
    blank = [Example(text, "unlabelled") for text in texts]
    found = predict(model, tokenizer, blank)
    temperatures = model.config.temperatures or {}
    document = softmax(found.document, temperatures["document"])
    event = softmax(found.event, temperatures["event"])
    examples = []
    for row, text in enumerate(texts):
        sentiment = int(document[row].argmax()) if document[row].max() >= sure else UNLABELLED
        topic = int(event[row].argmax()) if event[row].max() >= sure else UNLABELLED
        if sentiment != UNLABELLED or topic != UNLABELLED:
            examples.append(Example(text, "unlabelled", (), sentiment, _WEIGHT, topic, _WEIGHT))
    return examples


def _lines(path: Path) -> Iterator[str]:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", errors="replace") as lines:
        yield from lines


def _text_of(line: str, path: Path) -> str:
    try:
        row = json.loads(line)
    except ValueError:
        raise DataError(f"{path}: a line is not JSON: {line[:60]!r}") from None
    if not isinstance(row, dict):
        raise DataError(f"{path}: a line is no JSON object: {line[:60]!r}")
    return " ".join(str(row[name]) for name in ("title", "summary", "text") if row.get(name))
