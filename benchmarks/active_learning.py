"""What the queue of review is worth: with equally many labels, does a model learn more from those that it asks for?

python -m benchmarks.active_learning [--labelled FOLDER] [--model NAME] [--labels 200,400,800] [--seeds 3] [--keep FILE]
                                     [--json]

The pool is the events set's training texts, as if nobody had labelled them. A round trains a linear head over the
shipped model's frozen embeddings on the labels so far, asks the head about the pool, and takes the next labels: by the
very queue that reviewers see (shared/reading/review/queue.py), or by chance. Both begin with the same labels of a seed,
and are measured on the set's dev texts, which nothing was chosen by. `--keep`: where the embeddings stay again.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import torch
from torch import Tensor

from services.model.folders import find_model
from services.training.checkpoints import load_opinion_model
from services.training.data.datasets import DEFAULT_LABELLED, Example, load_examples
from services.training.measuring.measures import score, softmax
from services.training.measuring.prediction import predict
from shared.contract.events import MICRO, Opinion, Origin
from shared.contract.feedback.label import Asked
from shared.contract.feedback.resolution import Resolution
from shared.contract.readings import SCALE, Reading
from shared.reading.review.questions import Question
from shared.reading.review.queue import Seen, queue

SEEN: Final = "events_research"  # every row of the set: nothing that is trained here is shipped
FIRST: Final = 100  # labels that both begin with, drawn by chance
STEP: Final = 50  # labels between two trainings
SCALE_OF_ROWS, DECAY, STEPS = 10.0, 1e-3, 60


class Texts(NamedTuple):
    """Embeddings [n, H] of length one, what the head reads of them (about the pool's mean), and the classes [n]."""

    embeddings: np.ndarray[Any, np.dtype[np.float32]]
    read: np.ndarray[Any, np.dtype[np.float32]]
    labels: np.ndarray[Any, np.dtype[np.int64]]


class Point(NamedTuple):
    """How good a head is on dev after so many labels."""

    labels: int
    accuracy: float
    macro_f1: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labelled", type=Path, default=DEFAULT_LABELLED)
    parser.add_argument("--model", default="bellwether-mini")
    parser.add_argument("--labels", default="200,400,800")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if not (asked.labelled / "events" / "train.csv").is_file():
        sys.exit(f"{asked.labelled}/events is not here: nothing is measured")
    pool, dev = texts_of(asked.labelled, asked.model, asked.keep)
    counts = [int(each) for each in asked.labels.split(",")]
    found = {
        way: [learnt(pool, dev, counts, seed, by_queue=way == "queue") for seed in range(asked.seeds)]
        for way in ("chance", "queue")
    }
    if asked.json:
        told = {way: [[point._asdict() for point in run] for run in runs] for way, runs in found.items()}
        sys.stdout.write(f"{json.dumps(told)}\n")
        return
    size = f"{len(pool.labels):,} texts in the pool, {len(dev.labels):,} of dev"
    sys.stdout.write(f"{size}; mean of {asked.seeds} seeds (and each)\n")
    for place, count in enumerate(counts):
        for way, runs in found.items():
            points = [run[place] for run in runs]
            each = ", ".join(f"{point.accuracy:.3f}/{point.macro_f1:.3f}" for point in points)
            mean = np.mean([point[1:] for point in points], axis=0)
            told = f"accuracy {mean[0]:.3f}  macro F1 {mean[1]:.3f}"
            sys.stdout.write(f"{count:6,} labels  {way:6}  {told}  ({each})\n")


def texts_of(labelled: Path, model: str, keep: Path | None) -> tuple[Texts, Texts]:
    """The pool and dev, as the shipped model's frozen encoder sees them."""
    parts = [load_examples(labelled, SEEN, split) for split in ("train", "dev")]
    if keep is not None and keep.is_file():
        held = np.load(keep)
        embedded = [held["train"], held["dev"]]
    else:
        embedded = [embeddings(model, part) for part in parts]
        if keep is not None:
            np.savez(keep, train=embedded[0], dev=embedded[1])
    centre = embedded[0].mean(axis=0)
    pool, dev = (
        Texts(rows, SCALE_OF_ROWS * (rows - centre), np.array([example.event for example in part]))
        for rows, part in zip(embedded, parts, strict=True)
    )
    return pool, dev


def embeddings(model: str, examples: Sequence[Example]) -> np.ndarray[Any, np.dtype[np.float32]]:
    read, tokenizer = load_opinion_model(find_model(model))
    rows = predict(read, tokenizer, [Example(example.text, "events") for example in examples]).embedding
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def learnt(pool: Texts, dev: Texts, counts: Sequence[int], seed: int, *, by_queue: bool) -> list[Point]:
    """Of one seed: how good the head is when it has each of the `counts`."""
    chance = np.random.default_rng(seed)
    order = chance.permutation(len(pool.labels))
    known = order[:FIRST].tolist()
    readings = {name_of(place): reading(name_of(place), row) for place, row in enumerate(pool.embeddings)}
    points = []
    while True:
        head = trained(pool, known)
        if len(known) in counts:
            said = score(dev.labels, softmax(asked(head, dev)))
            points.append(Point(len(known), said.accuracy, said.macro_f1))
        if len(known) >= max(counts):
            return points
        more = min(STEP, min(count for count in counts if count > len(known)) - len(known))
        if by_queue:
            known += asked_for(softmax(asked(head, pool)), readings, known, more)
        else:
            known += order[len(known) : len(known) + more].tolist()


def asked_for(chances: Any, readings: dict[str, Reading], known: Sequence[int], more: int) -> list[int]:
    """The next rows that the queue would show, of equal weight."""
    ranked = np.sort(chances, axis=1)
    margins = ranked[:, -1] - ranked[:, -2]
    left = set(range(len(margins))) - set(known)
    questions = [question(row, round((1 - float(margins[row])) * MICRO)) for row in sorted(left)]
    answered = [Asked(name_of(row), "event") for row in known]
    seen = Seen({each: Resolution(each, "agreed", "known", {"somebody": "known"}) for each in answered}, "me")
    return [int(each.question.asked.document_id) for each in queue(questions, readings, seen, more)]


def question(row: int, uncertainty: int) -> Question:
    asked = Asked(name_of(row), "event")
    return Question(asked, "said", MICRO - uncertainty, (), uncertainty, MICRO, _OPINION)


def reading(name: str, row: Any) -> Reading:
    """As the worker keeps it: in eight bits."""
    scale = float(np.abs(row).max()) / 127
    packed = np.rint(row / scale).astype(np.int8).tobytes()
    origin, unit = _OPINION.origin, round(scale * SCALE)
    return Reading(origin=origin, document_id=name, available_at=0, model="m", embedding=packed, scale=unit)


def name_of(row: int) -> str:
    return f"{row:06}"


def trained(pool: Texts, known: Sequence[int]) -> torch.nn.Linear:
    """A linear head over the frozen embeddings, fitted to its optimum: the same labels give the same head."""
    rows, labels = torch.from_numpy(pool.read[known]), torch.from_numpy(pool.labels[known])
    head = torch.nn.Linear(rows.shape[1], int(pool.labels.max()) + 1)
    torch.nn.init.zeros_(head.weight)
    torch.nn.init.zeros_(head.bias)
    optimizer = torch.optim.LBFGS(head.parameters(), lr=1, max_iter=STEPS, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        found = torch.nn.functional.cross_entropy(head(rows), labels) + DECAY * head.weight.square().sum()
        found.backward()  # type: ignore[no-untyped-call]
        return found

    optimizer.step(loss)
    return head


def asked(head: torch.nn.Linear, texts: Texts) -> Any:
    with torch.inference_mode():
        return head(torch.from_numpy(texts.read)).double().numpy()


_OPINION: Final = Opinion(
    origin=Origin("benchmark", 0, 0), document_id="", company="_MARKET", relevance=MICRO, channel="news", source="",
    story="", published_at=0, available_at=0, negative=0, neutral=MICRO, positive=0, model="m", companies=1,
)  # fmt: skip

if __name__ == "__main__":
    main()
