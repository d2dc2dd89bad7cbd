"""The engine against transformers' pipeline and against a plain length-sorted loop: same model, same texts, same run.

    python benchmarks/engine.py [--texts FILE] [--documents 5000] [--runs 3] [--model bellwether-mini] [--cpu-time]

Both sides run one BertForSequenceClassification: the encoder of `--model` under a classification head with fixed random
weights (transformers' pipeline cannot run Bellwether's own heads; the encoder is more than 99 % of the work). If
`--model` is a sequence-classification model itself, that one runs. All read at most 512 tokens of a text. `shipped` is
the speed of the whole OpinionModel, with companies' heads, on the same texts, of which it reads up to 8 windows.
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from services.model.batching import plan_batches
from services.model.engine import build_engine
from services.model.folders import OPINION, find_model, kind_of
from services.model.interface import Engine, Request
from shared.settings import ModelSettings

LABELS = ("negative", "neutral", "positive")
TOKEN_BUDGET = 8192
AT_ONCE = 512

SUBJECTS = (
    "the bank",
    "shares of the retailer",
    "the chipmaker",
    "the airline",
    "oil",
    "analysts",
    "$ACME",
    "the board",
)
VERBS = (
    "beats",
    "misses",
    "raises",
    "cuts",
    "expects",
    "denies",
    "slides on",
    "jumps on",
    "trades flat after",
    "warns of",
)
OBJECTS = ("quarterly profit", "full-year guidance", "a dividend", "the merger talks", "weak demand", "record revenue")
TAILS = ("in early trading", "said two people familiar with the matter", "up 3.4%", "versus 1.27 a year ago", "#stocks")


def mixed_texts(count: int, seed: int = 5) -> list[str]:
    """Seven tenths tweets and headlines, a fifth paragraphs, the rest articles of up to about 1,500 words."""
    generator = random.Random(seed)
    texts = []
    for _ in range(count):
        kind = generator.random()
        low, high = (1, 3) if kind < 0.7 else (5, 25) if kind < 0.9 else (40, 220)
        sentences = (
            " ".join(map(generator.choice, (SUBJECTS, VERBS, OBJECTS, TAILS)))
            for _ in range(generator.randint(low, high))
        )
        texts.append(". ".join(sentences))
    return texts


def classifier_of(name: str, folder: Path) -> Path:
    """The folder itself if `name` is a classifier; else its encoder under a fixed random head, saved to `folder`."""
    found = find_model(name)
    if kind_of(found) != OPINION:
        return found
    import torch
    from transformers import AutoTokenizer, BertForSequenceClassification

    from services.model.opinion_model import OpinionModel

    opinion = OpinionModel.from_pretrained(found, dtype=torch.float32)
    config = opinion.config.encoder_config()
    config.id2label, config.num_labels = dict(enumerate(LABELS)), len(LABELS)
    torch.manual_seed(5)
    model = BertForSequenceClassification(config)
    with torch.no_grad():  # spread the answers, so that agreement between the two sides means something
        model.classifier.weight.normal_(std=0.3)
        model.bert.pooler.dense.weight.normal_(std=0.3)
    model.bert.load_state_dict(opinion.encoder.state_dict(), strict=False)
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(found).save_pretrained(folder)
    return folder


def run_pipeline(folder: Path, device: str) -> Callable[[list[str]], list[int]]:
    from transformers import AutoTokenizer, pipeline

    tokenizer = AutoTokenizer.from_pretrained(folder, model_max_length=512)
    pipe = pipeline("text-classification", model=str(folder), tokenizer=tokenizer, device=device)

    def run(texts: list[str]) -> list[int]:
        return [LABELS.index(found["label"]) for found in pipe(texts, batch_size=32, truncation=True)]

    return run


def run_sorted(folder: Path, device: str, dtype: Any = None) -> Callable[[list[str]], list[int]]:
    """In batches of like length, each padded to its longest text; `dtype` (torch's) is float32 by default."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder, model_max_length=512)
    model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=dtype or torch.float32).to(device).eval()

    def run(texts: list[str]) -> list[int]:
        ids = tokenizer(texts, truncation=True)["input_ids"]
        found = [0] * len(texts)
        with torch.inference_mode():
            for batch in plan_batches([len(one) for one in ids], TOKEN_BUDGET):
                padded = tokenizer.pad({"input_ids": [ids[i] for i in batch]}, return_tensors="pt").to(device)
                for index, best in zip(batch, model(**padded).logits.argmax(-1).tolist(), strict=True):
                    found[index] = best
        return found

    return run


def run_engine(engine: Engine) -> Callable[[list[str]], list[int]]:
    def run(texts: list[str]) -> list[int]:
        found = []
        for begin in range(0, len(texts), AT_ONCE):
            for answer in engine.score([Request(text) for text in texts[begin : begin + AT_ONCE]]):
                said = answer.document
                found.append(int(np.argmax((said.negative, said.neutral, said.positive))))
        return found

    return run


def rounds(
    sides: dict[str, Any], texts: list[str], runs: int, clock: Callable[[], float]
) -> Iterator[tuple[str, float]]:
    """(side, seconds), interleaved; before the first, each side has warmed up on a few texts."""
    for run in sides.values():
        run(texts[:64])
    for number in range(runs):
        for name, run in sides.items():
            begin = clock()
            run(texts)
            seconds = clock() - begin
            sys.stderr.write(f"run {number + 1}: {name} {len(texts) / seconds:.1f} documents/s\n")
            yield name, seconds


def main() -> None:
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    logging.getLogger("services").setLevel(logging.INFO)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="bellwether-mini")
    parser.add_argument("--texts", type=Path, help="one text a line, instead of generated ones")
    parser.add_argument("--documents", type=int, default=5000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))
    parser.add_argument("--threads", type=int, default=0, help="of every side; 0 leaves torch's choice")
    parser.add_argument("--cpu-time", action="store_true", help="count processor time: for a machine that is shared")
    options = parser.parse_args()
    texts = mixed_texts(options.documents)
    if options.texts:
        texts = [line for line in options.texts.read_text("utf-8").splitlines() if line.strip()][: options.documents]
    with tempfile.TemporaryDirectory() as folder:
        measure(options, texts, classifier_of(options.model, Path(folder) / "classifier"))


def measure(options: argparse.Namespace, texts: list[str], folder: Path) -> None:
    given = {"device": options.device, "token_budget": TOKEN_BUDGET, "threads": options.threads}
    engine = build_engine(ModelSettings(name=str(folder), **given))
    sides: dict[str, Any] = {
        "ours": run_engine(engine),
        "sorted": run_sorted(folder, engine.device),
        "peer": run_pipeline(folder, engine.device),
    }
    if kind_of(find_model(options.model)) == OPINION:
        sides["shipped"] = run_engine(build_engine(ModelSettings(name=options.model, **given)))
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for name, taken in rounds(sides, texts, options.runs, time.process_time if options.cpu_time else time.perf_counter):
        seconds[name].append(taken)
    import torch

    speed = {name: len(texts) / statistics.median(taken) for name, taken in seconds.items()}
    sample = texts[:500]
    agreement = np.mean(np.array(sides["ours"](sample)) == np.array(sides["sorted"](sample)))
    result = {
        "ratio": round(speed["ours"] / speed["peer"], 2),
        "ours": round(speed["ours"], 1),
        "peer": round(speed["peer"], 1),
        "unit": "documents per processor second" if options.cpu_time else "documents/s",
        "ratio_sorted": round(speed["ours"] / speed["sorted"], 2),
        "sorted": round(speed["sorted"], 1),
        "shipped": round(speed["shipped"], 1) if "shipped" in speed else None,
        "precision": engine.precision,
        "invariant": engine.invariant,
        "agreement": round(float(agreement), 4),
        "documents": len(texts),
        "runs": options.runs,
        "threads": options.threads or torch.get_num_threads(),
    }
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
