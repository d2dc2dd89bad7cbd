"""Made-up documents for the chaos test: files that ingest reads, spread over eleven days and a few dozen companies."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

from services.model.stub import POISON_MARK

TICKERS = (
    "AAPL", "MSFT", "AMZN", "NVDA", "TSLA", "JPM", "BAC", "XOM", "CVX", "PFE", "MRK", "KO", "PEP", "WMT", "DIS", "INTC",
    "AMD", "IBM", "ORCL", "CSCO",
)  # fmt: skip
VERBS = ("beats estimates", "falls short", "cuts its outlook", "wins an order", "is sued", "buys a rival")
BEGIN = datetime(2024, 3, 4, tzinfo=UTC)
SETTLED = BEGIN + timedelta(days=15)


def write_parts(folder: Path, parts: int, size: int, seed: int) -> list[tuple[Path, str]]:
    """`parts` files of `size` rows, alternately news and social; some are told twice, some poison the model."""
    folder.mkdir(parents=True, exist_ok=True)
    draw = random.Random(seed)
    told: list[dict[str, str]] = []
    made: list[tuple[Path, str]] = []
    step = timedelta(days=11) / max(1, parts * size)
    for part in range(parts):
        channel = ("news", "social")[part % 2]
        rows = [_row(draw, BEGIN + (part * size + i) * step, f"{part}-{i}") for i in range(size)]
        rows += draw.choices(told, k=size // 20) if told and channel == "news" else []
        told += rows if channel == "news" else []
        path = folder / f"part-{part:03d}.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        made.append((path, channel))
    return made


def write_settling_part(folder: Path) -> tuple[Path, str]:
    """One document days behind all others: the ticks behind it close every hour, so that nothing owes a signal."""
    path = folder / "settling.jsonl"
    row = {"title": "$AAPL holds its annual meeting", "published_at": SETTLED.isoformat(), "external_id": "settling"}
    path.write_text(json.dumps(row | {"source": "wire"}) + "\n")
    return path, "news"


def _row(draw: random.Random, at: datetime, number: str) -> dict[str, str]:
    names = draw.sample(TICKERS, draw.choice((1, 1, 1, 2, 3)))
    words = " and ".join(f"${name} {draw.choice(VERBS)}" for name in names)
    poison = f" {POISON_MARK}" if draw.random() < 0.004 else ""
    return {
        "title": f"{words}, number {draw.randrange(400)}",
        "text": f"{words}. Item {number}, {draw.randrange(10**9)}.{poison}",
        "published_at": (at - timedelta(minutes=draw.randrange(600))).isoformat(),
        "author": f"author {draw.randrange(50)}",
        "external_id": number,
        "source": draw.choice(("wire", "board")),
    }
