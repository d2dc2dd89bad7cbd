"""Linking against what one would write first: one big regular expression of every name in the catalogue.

    python benchmarks/linking.py [--texts FILE] [--rounds 3] [--against REVISION]

With --against, the linker of another revision reads the same texts with its own catalogue, in turns with this one, and
`former` is what it did; the fastest round of each counts, for others may use the machine.

Same texts, one core, same run, median of the rounds; the peer finds names alone: it reads no ticker's date, no evidence
and gives no relevance. The last line is one JSON object: ratio, ours, peer (texts/s), unit.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

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


def turns(texts: Path, revision: str, rounds: int) -> tuple[float, float]:
    """Texts per second of this tree's linker and of a revision's, in turns, each in a process of its own."""
    root = Path(__file__).resolve().parents[1]
    with tempfile.TemporaryDirectory() as folder:
        archive = subprocess.run(
            ["git", "archive", revision, "services", "shared"], cwd=root, capture_output=True, check=False
        )
        if archive.returncode:
            raise SystemExit(f"no revision {revision!r} here; git says: {archive.stderr.decode().strip()}")
        subprocess.run(["tar", "x", "-C", folder], input=archive.stdout, check=True)
        trees = (str(root), folder)
        found = dict.fromkeys(trees, 0.0)
        for _ in range(rounds):
            for tree in trees:
                said = subprocess.run(
                    [sys.executable, "-c", _ROUND, str(texts)],
                    env=os.environ | {"PYTHONPATH": tree},
                    cwd=tree,
                    capture_output=True,
                    check=True,
                )
                found[tree] = max(found[tree], float(said.stdout))
    return found[str(root)], found[folder]


_ROUND = """
import sys, time
from datetime import date
from pathlib import Path
from services.scoring.linking.linker import Linker
from shared.universe.securities import Catalogue
texts, day = Path(sys.argv[1]).read_text("utf-8").splitlines(), date(2024, 5, 2)
link = Linker(Catalogue.load()).link
for text in texts:
    link(text, day=day)
rounds = []
for _ in range(5):
    start = time.process_time()
    for text in texts:
        link(text, day=day)
    rounds.append(time.process_time() - start)
print(len(texts) / min(rounds))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--texts", type=Path, help="one text a line; default: the synthetic week")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--against", help="another revision of this repository, whose linker reads the same texts")
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
    result: dict[str, Any] = {
        "ratio": round(ours / peer, 2),
        "ours": round(ours, 1),
        "peer": round(peer, 1),
        "unit": "texts/s on one core",
        "texts": len(texts),
        "mean_chars": round(sum(map(len, texts)) / len(texts), 1),
        "companies": len(catalogue.instruments),
    }
    if options.against:
        with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
            file.write("\n".join(" ".join(text.split()) for text in texts))
            file.flush()
            now, former = turns(Path(file.name), options.against, options.rounds)
        result |= {"now": round(now, 1), "former": round(former, 1), "now_by_former": round(now / former, 3)}
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
