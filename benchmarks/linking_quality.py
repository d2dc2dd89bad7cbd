"""How right linking is, on texts of its own (benchmarks/gold/linking.txt) and on a file of hard cases.

    python -m benchmarks.linking_quality [--hard FILE.jsonl] [--wrong] [--gold FILE]

Precision and recall count (text, instrument) pairs; a company that the catalogue does not have counts as missed. AUC is
the chance that a subject has a higher relevance than what is named in passing. A row of --hard has `text`, `day` and
`companies` (ids; `!ID` is one that only newer catalogues have). --wrong prints every text that was read otherwise. The
last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass, field
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

from services.scoring.linking.linker import Linker
from services.training.measuring.around import GoldText, instrument_id, read_gold
from shared.universe.securities import Catalogue

_GOLD = Path(__file__).with_name("gold") / "linking.txt"


@dataclass
class Tally:
    """Counts of one section."""

    texts: int = 0
    right: int = 0
    wrong: int = 0
    missed: int = 0
    traps: int = 0  # texts without a company
    trapped: int = 0  # those in which one was found
    main: list[float] = field(default_factory=list)
    passing: list[float] = field(default_factory=list)

    def result(self) -> dict[str, Any]:
        found, asked = self.right + self.wrong, self.right + self.missed
        precision, recall = self.right / found if found else 1.0, self.right / asked if asked else 1.0
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        said = {"texts": self.texts, "precision": precision, "recall": recall, "f1": f1}
        return {name: round(value, 4) for name, value in said.items()} | {"traps": self.traps, "trapped": self.trapped}


def count(texts: list[GoldText], linker: Linker, show: bool) -> dict[str, Tally]:
    tallies: dict[str, Tally] = {}
    for each in texts:
        relevance = {link.company: link.relevance for link in linker.link(each.text).links}
        expected = each.main | each.passing
        if show and set(relevance) != expected:
            sys.stderr.write(f"{each.section}: {each.text}\n    {sorted(expected)} read as {sorted(relevance)}\n")
        language, kind = each.section.split()[:2]
        for name in (f"{language} {kind}", language, "all"):
            tally = tallies.setdefault(name, Tally())
            tally.texts += 1
            tally.right += len(expected & set(relevance))
            tally.wrong += len(set(relevance) - expected)
            tally.missed += len(expected - set(relevance))
            tally.traps += not expected
            tally.trapped += not expected and bool(relevance)
            if len(expected) > 1:
                tally.main += [relevance[one] for one in each.main if one in relevance]
                tally.passing += [relevance[one] for one in each.passing if one in relevance]
    return tallies


def auc(main: list[float], passing: list[float]) -> float:
    pairs = list(product(main, passing))
    return sum((a > b) + (a == b) / 2 for a, b in pairs) / len(pairs) if pairs else float("nan")


def hard_cases(path: Path, catalogue: Catalogue, linker: Linker, show: bool) -> tuple[int, int]:
    right = rows = 0
    for line in path.read_text("utf-8").splitlines():
        row = json.loads(line)
        day = date.fromisoformat(row["day"]) if row.get("day") else None
        found = {link.company for link in linker.link(row["text"], day=day).links}
        expected = {instrument_id(one.lstrip("!"), catalogue) for one in row["companies"]}
        rows += 1
        right += found == expected
        if show and found != expected:
            sys.stderr.write(f"hard: {row['text']}\n    {sorted(expected)} read as {sorted(found)}\n")
    return right, rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--gold", type=Path, default=_GOLD)
    parser.add_argument("--hard", type=Path, help="a file of hard cases, one JSON object per line")
    parser.add_argument("--wrong", action="store_true", help="print every text that was read otherwise")
    options = parser.parse_args()
    catalogue = Catalogue.load()
    linker = Linker(catalogue)
    tallies = count(list(read_gold(options.gold, catalogue)), linker, options.wrong)
    result: dict[str, Any] = {name: tally.result() for name, tally in sorted(tallies.items())}
    for name, said in result.items():
        sys.stderr.write(f"{name:<14} {said}\n")
    whole = tallies["all"]
    result["auc"] = round(auc(whole.main, whole.passing), 4)
    result["instruments"] = len(catalogue.instruments)
    if options.hard:
        right, rows = hard_cases(options.hard, catalogue, linker, options.wrong)
        result["hard"] = {"right": right, "rows": rows, "share": round(right / rows, 4)}
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
