"""What is told of a text around the model, measured for the card: links, relevance, and which texts are one story.

Links and relevance are measured on texts written for it (benchmarks/gold/linking.txt); stories on the headlines of a
news file, re-told as wires, sites and people pass them on, and on its real re-issues.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from services.scoring.linking.linker import Linker
from services.training.errors import DataError
from services.training.measuring.neighbours import Chains, read_chains
from shared.story import story_key
from shared.universe.codes import symbols_of
from shared.universe.securities import Catalogue

SUBJECT: Final = 500_000  # relevance (micro-units) from which a company counts as what a text is about
_DRAWS: Final = 1_000
_FORMS: Final = (
    "UPDATE 2-{}", "BREAKING: {}", "{} - Reuters", "{} | CNBC", "RT @trader: {} https://t.co/x1", "{} #stocks $SPY",
    "{} (Bloomberg)",
)  # fmt: skip

Counts = tuple[int, int, int]  # of one text: right, found, asked


@dataclass(frozen=True)
class GoldText:
    """A text with the ids of its subjects and of what it names in passing; `section` is language and kind."""

    section: str
    text: str
    main: frozenset[str]
    passing: frozenset[str]


def read_gold(path: Path, catalogue: Catalogue) -> Iterator[GoldText]:
    """The texts of a file, `TEXT | subjects | in passing` a line under headings `# SECTION`. Raises DataError."""
    section = ""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: {error}; run this in a checkout, or name the texts with --gold") from None
    for line in lines:
        if line.startswith("# "):
            section = line[2:].strip()
            continue
        text, subjects, passing = (part.strip() for part in line.rsplit("|", 2))
        yield GoldText(section, text, _ids(subjects, catalogue), _ids(passing, catalogue))


def _ids(symbols: str, catalogue: Catalogue) -> frozenset[str]:
    return frozenset(instrument_id(one.strip(), catalogue) for one in symbols.split(",") if one.strip())


def instrument_id(symbol: str, catalogue: Catalogue) -> str:
    """The catalogue's id of a symbol, `!SYMBOL` of one that it does not have."""
    for one in symbols_of(symbol):
        if found := catalogue.by_ticker(one):
            return found.id
    found = catalogue.resolve(symbol) or catalogue.by_id.get(f"etf:{symbol}")
    return found.id if found else f"!{symbol}"


def measure_around(gold: Path, news: Path | None, languages: Sequence[str] = ("en",)) -> dict[str, Any]:
    """What the card's table holds, by field; stories only where the news file is there."""
    catalogue = Catalogue.load()
    texts = [each for each in read_gold(gold, catalogue) if each.section.split()[0] in languages]
    found = _links(texts, Linker(catalogue))
    if news is not None and news.is_file():
        found |= _stories(read_chains(news))
    return found


def _links(texts: Sequence[GoldText], linker: Linker) -> dict[str, Any]:
    links: list[Counts] = []
    subjects: list[Counts] = []
    for each in texts:
        relevance = {link.company: link.relevance for link in linker.link(each.text).links}
        expected = each.main | each.passing
        links.append((len(expected & relevance.keys()), len(relevance), len(expected)))
        if each.main and each.passing:
            told = {company for company, value in relevance.items() if value >= SUBJECT and company in expected}
            subjects.append((len(told & each.main), len(told), len(each.main)))
    return {
        "link": _measured(links, "texts of this project, traps among them"),
        "relevance": _measured(subjects, "those that name a subject and something in passing; 0.5 and more: a subject"),
    }


def _stories(chains: Chains) -> dict[str, Any]:
    titles = [story.title for story in chains.stories]
    by_key: dict[str, list[int]] = defaultdict(list)
    for row, title in enumerate(titles):
        by_key[story_key(title, "")].append(row)
    told: list[Counts] = []
    for title in titles:
        same = sum(story_key(form.format(title), "") == story_key(title, "") for form in _FORMS)
        told.append((same, same, len(_FORMS)))
    pairs: list[Counts] = []
    for rows in by_key.values():
        alike = [_one_story(chains, a, b) for place, a in enumerate(rows) for b in rows[:place]]
        if alike:
            pairs.append((sum(alike), len(alike), 0))
    again = [
        (int(any(story_key(titles[row], "") == story_key(titles[other], "") for other in earlier)), 0, 1)
        for row, earlier in chains.earlier.items()
    ]
    return {
        "story, passed on": _measured(told, f"headlines of Reuters, each in {len(_FORMS)} forms", precision=False),
        "story, one key": _measured(pairs, "headlines of Reuters under one key: of one company within a week",
                                    recall=False),
        "story, worded anew": _measured(again, "re-issues of Reuters under another headline", precision=False),
    }  # fmt: skip


def _one_story(chains: Chains, a: int, b: int) -> bool:
    one, other = chains.stories[a], chains.stories[b]
    return one.ticker == other.ticker and abs((one.day - other.day).days) <= 7


def _measured(counts: Sequence[Counts], on: str, *, precision: bool = True, recall: bool = True) -> dict[str, Any]:
    """Precision and recall with 95 % bootstrap intervals over texts; None for what a set cannot say."""
    rows = np.array(counts, dtype=float).reshape(-1, 3)
    return {
        "n": len(rows),
        "on": on,
        "precision": _interval(rows, lambda sums: sums[0] / sums[1] if sums[1] else 1.0) if precision else None,
        "recall": _interval(rows, lambda sums: sums[0] / sums[2] if sums[2] else 1.0) if recall else None,
    }


def _interval(rows: np.ndarray[Any, np.dtype[np.float64]], of: Callable[[Any], float]) -> dict[str, Any]:
    draw = np.random.default_rng(20261130)
    if not len(rows):
        return {"value": 1.0, "interval": [0.0, 1.0]}
    drawn = [of(rows[draw.integers(0, len(rows), len(rows))].sum(0)) for _ in range(_DRAWS)]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return {"value": round(float(of(rows.sum(0))), 4), "interval": [round(float(low), 4), round(float(high), 4)]}
