"""How much of the synthetic week's planted opinion a model reads out of its texts.

    python benchmarks/planted.py [--model bellwether-mini] [--documents 6000]

Per company and day, the relevance-weighted mean of positive - negative that linking and the model give, against the
planted path's mean of that day. `ours` is that correlation; `peer` is the same for the moods that the texts were drawn
with (what a perfect reader would reach); the last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter, defaultdict
from statistics import correlation, fmean

from services.ingest.sample.prices import START, opinion
from services.ingest.sample.week import SampleItem, sample_week
from services.model.engine import build_engine
from services.model.interface import Engine, Request
from services.scoring.linking.linker import Link, Linker
from shared.contract.events import MICRO
from shared.settings import ModelSettings
from shared.universe.securities import Catalogue

WORTH = {"negative": -1.0, "neutral": 0.0, "positive": 1.0}
Rows = list[tuple[SampleItem, Link, dict[str, int]]]


def read(items: list[SampleItem], engine: Engine, linker: Linker) -> Rows:
    """One row per (item, linked company): what the model says of the company, in micro-units."""
    rows: Rows = []
    for start in range(0, len(items), 256):
        batch = items[start : start + 256]
        found = [linker.link(item.text, item.title, (), item.published_at.date()) for item in batch]
        requests = [Request(each.text, tuple(link.spans for link in each.links)) for each in found]
        for item, each, answer in zip(batch, found, engine.score(requests), strict=True):
            for link, said in zip(each.links, answer.companies, strict=True):
                values = {"negative": said.negative, "neutral": said.neutral, "positive": said.positive}
                rows.append((item, link, values))
        sys.stderr.write(f"\r{start + len(batch):,} of {len(items):,} texts")
    sys.stderr.write("\n")
    return rows


def daily(rows: Rows) -> tuple[list[float], list[float], list[float]]:
    """Per company and day with five mentions or more: planted, read, and drawn opinion."""
    said, drawn, weight = defaultdict(float), defaultdict(list), defaultdict(float)
    for item, link, values in rows:
        if link.company in item.moods:
            key = link.company, (item.published_at - START).days
            said[key] += link.relevance * (values["positive"] - values["negative"]) / MICRO
            weight[key] += link.relevance
            drawn[key].append(WORTH[item.moods[link.company]])
    keys = sorted(key for key, moods in drawn.items() if len(moods) >= 5)
    planted = [fmean(opinion(company, day * 24 + hour) for hour in range(24)) for company, day in keys]
    return planted, [said[key] / weight[key] for key in keys], [fmean(drawn[key]) for key in keys]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", default="bellwether-mini")
    parser.add_argument("--documents", type=int, default=6_000)
    parser.add_argument("--precision", choices=("auto", "fp32", "bf16", "int8"), default="auto")
    parser.add_argument("--mistakes", type=int, default=0, help="print this many texts that were read wrongly")
    options = parser.parse_args()
    catalogue = Catalogue.load()
    items = sample_week(documents=options.documents)
    engine = build_engine(ModelSettings(name=options.model, precision=options.precision))
    started = time.perf_counter()
    rows = read(items, engine, Linker(catalogue))
    seconds = time.perf_counter() - started
    confusion: Counter[str] = Counter()
    for item, link, values in rows:
        if link.company in item.moods:
            answer = max(values, key=lambda mood: values[mood])
            confusion[f"{item.moods[link.company]} read {answer}"] += 1
            if answer != item.moods[link.company] and options.mistakes > 0:
                options.mistakes -= 1
                sys.stderr.write(f"{link.company} {item.moods[link.company]} read {answer}: {item.title} {item.text}\n")
    planted, said, drawn = daily(rows)
    ours, peer = correlation(planted, said), correlation(planted, drawn)
    right = sum(count for words, count in confusion.items() if words.split(" read ")[0] == words.split(" read ")[1])
    result = {
        "ratio": round(ours / peer, 4),
        "ours": round(ours, 4),
        "peer": round(peer, 4),
        "unit": "correlation of daily company sentiment with the planted path",
        "company_days": len(planted),
        "accuracy": round(right / confusion.total(), 4),
        "confusion": dict(sorted(confusion.items())),
        "texts": len(items),
        "texts_per_s": round(len(items) / seconds, 1),
        "model": options.model,
        "precision": engine.precision,
    }
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
