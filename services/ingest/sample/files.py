"""The synthetic week written to files, so that `bellwether ingest file` and a back-test can read it."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from pathlib import Path

from services.ingest.sample.bars import planted_in_bars, synthetic_bars
from services.ingest.sample.prices import DAYS, Price, planted_path, synthetic_prices
from services.ingest.sample.week import SampleItem, sample_week, usual_documents
from shared.clients.state_folder import whole_files
from shared.contract.events import CHANNELS

POST_FIELDS = {"id": "external_id", "date": "published_at", "user": "author", "body": "text"}
PRICE_COLUMNS = ("date", "ticker", "open", "high", "low", "close", "volume")


def write_sample(
    out: Path,
    seed: int,
    documents: int | None = None,
    *,
    planted: bool = True,
    hourly: bool = False,
    days: int = DAYS,
    posts: bool = False,
    bars: int = 0,
) -> dict[str, int | str]:
    """Write documents.jsonl, news.jsonl, social.jsonl, prices.csv, planted.json and, if asked, posts.jsonl and bars.csv
    (of `bars` minutes) into `out`; says how many. `documents` None: as many as is usual for so many days.
    """
    items = sample_week(seed, usual_documents(days) if documents is None else documents, days)
    prices = synthetic_prices(seed, planted=planted, hourly=hourly, days=days)
    plan = planted_path(seed, days) | ({} if planted else {"daily_effect": 0.0})
    with whole_files(out) as draft:
        _write_items(draft / "documents.jsonl", items)
        for channel in CHANNELS:
            _write_items(draft / f"{channel}.jsonl", [item for item in items if item.channel == channel])
        if posts:
            write_posts(draft / "posts.jsonl", items)
        write_prices(draft / "prices.csv", prices)
        if bars:
            write_prices(draft / "bars.csv", synthetic_bars(bars, seed, planted=planted, days=days), "time")
            plan |= planted_in_bars(bars, planted=planted)
        (draft / "planted.json").write_text(json.dumps(plan, indent=1) + "\n", encoding="utf-8")
    return {"documents": len(items), "prices": len(prices), "seed": seed, "days": days, "out": str(out)}


def write_posts(path: Path, items: list[SampleItem]) -> None:
    """The posts alone, with the names of columns that another system's export may have: `--map` is for such files."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for item in items:
            if item.channel == "social":
                raw = item.raw()
                row = {
                    "id": raw["external_id"],
                    "date": raw["published_at"],
                    "user": raw["author"],
                    "body": raw["text"],
                }
                file.write(json.dumps(row | {"synthetic": True}, ensure_ascii=False) + "\n")


def write_prices(path: Path, prices: Iterable[Price], when: str = "date") -> None:
    """A price file as `bellwether backtest --prices` reads it. `when`: name of the column of times."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow((when, *PRICE_COLUMNS[1:]))
        writer.writerows((p.date, p.ticker, p.open, p.high, p.low, p.close, p.volume) for p in prices)


def _write_items(path: Path, items: list[SampleItem]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for item in items:
            row = {**item.raw(), "channel": item.channel, "synthetic": True, "planted": dict(item.moods)}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
