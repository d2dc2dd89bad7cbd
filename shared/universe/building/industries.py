"""Industries and sizes for relations: `python -m shared.universe.building.industries FOLDER` (as of __main__.py).

Who is a member of which index says how large a company is; the package names its industries in several vocabularies.
"""

from __future__ import annotations

import ast
import csv
import sys
from pathlib import Path
from typing import Any, Final

from shared.universe.building.packages import Packages, source_of
from shared.universe.instrument import Instrument
from shared.universe.relations.derived import FILE
from shared.universe.securities import Catalogue

_SIZES: Final = {"S&P 600": "small", "SDAX": "small", "MDAX": "mid", "CAC Mid 60": "mid", "TecDAX": ""}  # else: large
_ORDER: Final = ("large", "mid", "small", "")  # the largest index that a company is in decides


def main(folder: Path) -> None:
    text = Packages(folder).read("pytickersymbols", "pytickersymbols/indices_data.py").decode()
    indices: dict[str, dict[str, Any]] = ast.literal_eval(text[text.index("INDICES = ") + len("INDICES = ") :])
    catalogue = Catalogue.load()
    sizes: dict[str, str] = {}
    industries: dict[str, set[str]] = {}
    for index, found in indices.items():
        for member in found["companies"]:
            known = _known(member, catalogue)
            if known is not None and known.kind == "company":
                sizes[known.id] = min(sizes.get(known.id, ""), _SIZES.get(index, "large"), key=_ORDER.index)
                industries.setdefault(known.id, set()).update(map(_plain, member.get("industries") or ()))
    with FILE.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("id", "size", "industries", "source"))
        written = [id for id in sorted(sizes) if sizes[id] and industries[id] - {""}]
        rows.writerows((id, sizes[id], "|".join(sorted(industries[id] - {""})), _source()) for id in written)
    sys.stdout.write(f"{len(written):,} companies\n")


def _known(member: dict[str, Any], catalogue: Catalogue) -> Instrument | None:
    """By its ISIN, else by its own symbol."""
    for isin in member.get("isins") or ():
        if known := catalogue.by_identifier(isin):
            return known
    symbol = member.get("symbol") or ""
    return catalogue.by_ticker(symbol) if symbol else None


def _plain(industry: str) -> str:
    """One spelling: Semiconductor industry and Semiconductors stay two, for nobody says that they are one."""
    return " ".join(industry.replace("|", " ").split()).casefold()


def _source() -> str:
    return source_of("pytickersymbols")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
