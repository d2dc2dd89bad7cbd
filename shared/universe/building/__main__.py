"""Builds the packs: `python -m shared.universe.building FOLDER`, FOLDER being where `pip download` left the packages.

The same packages give the same bytes. What a person should look at is printed.
"""

from __future__ import annotations

import csv
import io
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Final

from shared.universe.building import asia, china, europe, others, us, world
from shared.universe.building.ambiguity import Grades
from shared.universe.building.draft import Draft, Register
from shared.universe.building.packages import NEWEST, Packages
from shared.universe.building.shortening import shortened
from shared.universe.instrument import SURE
from shared.universe.rows import COLUMNS, read_rows

HERE: Final = Path(__file__).parent.parent
KNOWN: Final = HERE / "securities.csv"
PACKS: Final = HERE / "packs"
_MARKS: Final = ("", "?", "??")


def main(folder: Path) -> None:
    packages = Packages(folder)
    apart = frozenset(row["symbol"] for row in others.hand_rows("namesakes.csv"))
    register = Register(tuple(read_rows(KNOWN.read_bytes(), KNOWN.name)), apart)
    grades = Grades(packages)
    register.is_rare = lambda name: grades.of(name) == SURE
    for doubt in gather(register, packages):
        sys.stdout.write(f"{doubt}\n")
    grades.count([text for draft in register.drafts.values() for text, _ in draft.names[:1]])
    packs: dict[str, list[Draft]] = defaultdict(list)
    for draft in register.drafts.values():
        packs[draft.pack].append(draft)
    for name, drafts in sorted(packs.items()):
        written = write(PACKS / f"{name}.csv", drafts, register, grades)
        sys.stdout.write(f"{name}: {written:,} rows\n")
    (PACKS / "as_of.txt").write_text(f"{NEWEST}\n")
    kinds = Counter(draft.kind or "company" for draft in register.drafts.values())
    sys.stdout.write(", ".join(f"{number:,} {kind}" for kind, number in kinds.most_common()) + "\n")


def gather(register: Register, packages: Packages) -> list[str]:
    """Everything that the packages have; what comes first keeps a symbol. Returns what a person should look at."""
    english = packages.frequencies("en")
    others.homes(register)
    rest = others.coins(register, packages)
    others.by_hand(register, "indices.csv", "indices", "index")
    others.by_hand(register, "commodities.csv", "commodities", "commodity")
    others.by_hand(register, "currencies.csv", "currencies", "currency")
    others.funds(register, packages)
    europe.build(register, packages)
    china.build(register, packages, others.chinese_names(), english)
    asia.taiwan(register, packages, english)
    asia.india(register, packages, english)
    world.build(register, packages, english)
    doubts = us.build(register, packages, english)
    us.identify(register, packages)
    others.more(register)
    others.aliases(register)
    china.name(register, others.chinese_names())
    others.leftovers(register, rest)
    others.affiliates(register)
    return doubts


def write(path: Path, drafts: list[Draft], register: Register, grades: Grades) -> int:
    """One pack, its rows by id; returns how many."""
    file = io.StringIO()
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow(COLUMNS)
    count = 0
    for draft in sorted(drafts, key=lambda each: each.id):
        if draft.known or (draft.names and (draft.tickers or draft.kind)):
            rows.writerow(row(draft, register, grades))
            count += 1
    path.parent.mkdir(exist_ok=True)
    path.write_text(file.getvalue())
    return count


def row(draft: Draft, register: Register, grades: Grades) -> tuple[str, ...]:
    return (
        draft.id,
        draft.kind,
        draft.country,
        draft.exchange,
        draft.sector,
        draft.industry,
        "|".join(names(draft, register, grades)),
        "|".join(draft.brands),
        " ".join(f"{symbol}{since(draft, symbol, register)}{marks}" for symbol, marks in draft.tickers.items()),
        " ".join(f"{scheme}:{value}" for scheme, value in sorted(draft.identifiers.items()) if value),
        draft.parent,
        draft.evidence,
        draft.against,
        draft.source,
    )


def since(draft: Draft, symbol: str, register: Register) -> str:
    """A symbol that the hand-written catalogue gives to another company until a day is this one's from then on."""
    own = {each.symbol for each in register.known[draft.id].listings} if draft.known else set()
    return f">{register.until[symbol]}" if symbol in register.until and symbol not in own else ""


def names(draft: Draft, register: Register, grades: Grades) -> list[str]:
    """The names of a row, marked. A name that another instrument has already is EVERYDAY here."""
    found: dict[str, str] = {}
    for text, language in draft.names:
        _add(found, draft, text, language, register, grades)
    for text, language in draft.names[:2]:
        if not language and draft.kind == "company" and not draft.known:
            for short in shortened(text, grades):
                if register.claims(short, draft.id):
                    _add(found, draft, short, "", register, grades)
    return list(found.values())


def _add(found: dict[str, str], draft: Draft, text: str, language: str, register: Register, grades: Grades) -> None:
    plain = text.replace("?", "").replace("|", " ").replace("<", " ").replace(">", " ").replace("@", " ")
    grade = draft.grades.get(text, -1)
    if grade < 0:
        grade = grades.of(plain, draft.kind)
    if text not in draft.grades and register.holder(plain) not in ("", draft.id):
        grade = 2
    found.setdefault(plain, f"{_MARKS[grade]}{plain}{f'@{language}' if language else ''}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
