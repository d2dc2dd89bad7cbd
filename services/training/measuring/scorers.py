"""A model behind one small interface for measuring: texts in, probabilities out. Builders are picked by config.json."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch

from services.model.event_labels import classes_of_logits
from services.model.folders import CLASSIFIER, OPINION, find_model, kind_of, longest_text
from services.model.labels import LabelError, label_weights
from services.training.checkpoints import load_opinion_model
from services.training.data.datasets import Company, Example
from services.training.data.mentions import find_mentions
from services.training.errors import DataError
from services.training.measuring.measures import Floats, softmax
from services.training.measuring.prediction import Predictions, predict

_PIECE = 512  # texts between two steps of the progress bar


class Scorer(Protocol):
    """Scores texts; ``entities`` names one company per text, or is None for the text as a whole."""

    name: str
    event_labels: tuple[str, ...]  # empty: the model has no event classes

    def sentiment(self, texts: Sequence[str], entities: Sequence[str] | None) -> Floats:
        """Probabilities [n, 3]: negative, neutral, positive."""

    def event(self, texts: Sequence[str]) -> Floats:
        """Probabilities [n, E], in the order of ``event_labels``."""


class OpinionScorer:
    """Bellwether's own model, in float32, calibrated by the temperatures of its configuration."""

    def __init__(self, folder: Path) -> None:
        self.name = folder.name
        self.model, self.tokenizer = load_opinion_model(folder)
        torch.nn.Module.to(self.model, "cuda" if torch.cuda.is_available() else "cpu")
        self.temperatures = self.model.config.temperatures or {}
        self.event_labels = classes_of_logits(self.model.config.event_labels or ())

    def sentiment(self, texts: Sequence[str], entities: Sequence[str] | None) -> Floats:
        """Company sentiment where entities are given, else document sentiment."""
        if entities is None:
            return softmax(self._predict(texts, None).document, self.temperatures["document"])
        return softmax(self._predict(texts, entities).company, self.temperatures["company"])

    def event(self, texts: Sequence[str]) -> Floats:
        """Event probabilities."""
        return softmax(self._predict(texts, None).event, self.temperatures["event"])

    def _predict(self, texts: Sequence[str], entities: Sequence[str] | None) -> Predictions:
        examples = [
            Example(text, "", () if entities is None else (Company(find_mentions(text, entities[row]), 0),))
            for row, text in enumerate(texts)
        ]
        return predict(self.model, self.tokenizer, examples)


class ClassifierScorer:
    """Any sequence-classification model: it sees the text alone; its label names come from its configuration."""

    def __init__(self, folder: Path) -> None:
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        self.name = folder.name
        self.model = AutoModelForSequenceClassification.from_pretrained(
            folder, use_safetensors=True, trust_remote_code=False, dtype=torch.float32
        ).eval()
        self.model.to("cuda" if torch.cuda.is_available() else "cpu")
        self.tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        self._longest = longest_text(folder)
        labels: dict[int, str] = self.model.config.id2label
        self.event_labels = tuple(labels[i] for i in range(len(labels)))
        try:
            self._weights: Floats | None = label_weights(labels)
        except LabelError as error:
            self._weights, self._why = None, str(error)

    def sentiment(self, texts: Sequence[str], entities: Sequence[str] | None) -> Floats:  # noqa: ARG002
        """The text's own sentiment, for a company too: such a model knows no mentions."""
        if self._weights is None:
            raise DataError(f"{self.name}: {self._why}")
        return np.asarray(self.event(texts) @ self._weights)

    def event(self, texts: Sequence[str]) -> Floats:
        """Probabilities of its own labels."""
        order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
        found = np.zeros((len(texts), len(self.event_labels)))
        limit = min(self._longest, int(self.tokenizer.model_max_length))
        for start in range(0, len(order), 32):
            rows = order[start : start + 32]
            encoded: Any = self.tokenizer(
                [texts[row] for row in rows], truncation=True, max_length=limit, padding=True, return_tensors="pt"
            ).to(self.model.device)
            with torch.inference_mode():
                found[rows] = softmax(self.model(**encoded).logits.double().cpu().numpy())
        return found


_BUILDERS: dict[str, Callable[[Path], Scorer]] = {OPINION: OpinionScorer, CLASSIFIER: ClassifierScorer}


def load_scorer(model: str) -> Scorer:
    """The scorer of a name under ``models/``, a folder or a hub id. Raises ModelError (a ValueError) if none fits."""
    folder = find_model(model)
    scorer = _BUILDERS[kind_of(folder)](folder)
    scorer.name = folder.name if Path(model).exists() else model  # a hub id, not the folder of its snapshot
    return scorer


def in_pieces(
    call: Callable[[Sequence[str], Sequence[str] | None], Floats],
    texts: Sequence[str],
    entities: Sequence[str] | None,
    tick: Callable[[int], None],
) -> Floats:
    """Call a scorer piece by piece, longest texts last, telling ``tick`` how many texts each piece had."""
    order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
    found: Floats | None = None
    for start in range(0, len(order), _PIECE):
        rows = order[start : start + _PIECE]
        part = call([texts[r] for r in rows], None if entities is None else [entities[r] for r in rows])
        found = np.zeros((len(texts), part.shape[1])) if found is None else found
        found[rows] = part
        tick(len(rows))
    return np.zeros((0, 3)) if found is None else found
