"""Linking against what one would write first: one big regular expression of every name in the catalogue.

    python benchmarks/linking.py [--texts FILE] [--rounds 3]

Same texts, one core, same run, median of the rounds; the peer finds names alone: it reads no ticker's date, no evidence
and gives no relevance. The last line is one JSON object: ratio, ours, peer (texts/s), unit.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from services.ingest.sample.week import sample_week
from services.scoring.linking.linker import Linker
from shared.universe.securities import Catalogue


def alternation(catalogue: Catalogue) -> re.Pattern[str]:
    """Every name and cashtag as one alternation, longest first."""
    names = {name for company in catalogue.instruments for name in (company.name, *company.aliases)}
    symbols = {f"${ticker.symbol}" for company in catalogue.instruments for ticker in company.listings}
    choices = sorted(names | symbols, key=lambda name: (-len(name), name))
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, choices))})(?!\w)", re.IGNORECASE)


def rate(work: Callable[[str], object], texts: list[str], rounds: int) -> float:
    """Texts per second of CPU time, median of the rounds."""
    seconds = []
    for _ in range(rounds):
        start = time.process_time()
        for text in texts:
            work(text)
        seconds.append(time.process_time() - start)
    return len(texts) / median(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--texts", type=Path, help="one text a line; default: the synthetic week")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    if options.texts:
        texts = options.texts.read_text("utf-8").splitlines()
    else:
        texts = [f"{item.title} {item.text}".strip() for item in sample_week()]
    catalogue = Catalogue.load()
    linker, pattern = Linker(catalogue), alternation(catalogue)
    ours = rate(linker.link, texts, options.rounds)
    sys.stderr.write(f"ours: {ours:,.0f} texts/s\n")
    few = texts[:: max(1, len(texts) // 500)]  # the peer is slow: a sample of the same texts is enough
    peer = rate(pattern.findall, few, options.rounds)
    result = {
        "ratio": round(ours / peer, 2),
        "ours": round(ours, 1),
        "peer": round(peer, 1),
        "unit": "texts/s on one core",
        "texts": len(texts),
        "mean_chars": round(sum(map(len, texts)) / len(texts), 1),
        "companies": len(catalogue.instruments),
    }
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
