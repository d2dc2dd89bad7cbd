"""Links texts outside the pipeline: the linker of the worker, its answers as plain values; no model is loaded."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Any

from services.scoring.linking.linker import Linker, LinkResult
from shared.contract.events import MICRO
from shared.universe.instrument import Instrument, Listing
from shared.universe.securities import Catalogue

Clean = Callable[[str], str]


class UnreadableRow(ValueError):
    """A row that is none of a text to link; the message says why."""


class TextLinker:
    """Links texts, titles and days as they stand in a file."""

    def __init__(self, catalogue: Catalogue, clean: Clean) -> None:
        self._catalogue, self._linker, self._clean = catalogue, Linker.of(catalogue), clean

    def link(self, text: str, title: str = "", day: date | None = None) -> dict[str, Any]:
        """`text` as it was read, `companies` in order of first mention, `unlinked` tags of nobody."""
        found = self._linker.link(self._clean(text), " ".join(self._clean(title).split()), day=day)
        return _plain(found, self._catalogue)

    def link_lines(self, lines: Iterable[str]) -> Iterator[dict[str, Any]]:
        """One mapping per line of JSON (`text`, and if it likes `title` and `day`); a line that cannot be read has
        `line` and `error` instead, so that answers stay beside their rows."""
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                text, title, day = _row(line)
            except UnreadableRow as error:
                yield {"line": number, "error": str(error)}
            else:
                yield self.link(text, title, day)


def _row(line: str) -> tuple[str, str, date | None]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UnreadableRow(f"not JSON ({error})") from None
    if not isinstance(row, dict) or not isinstance(row.get("text"), str):
        raise UnreadableRow("not an object with a string named text")
    title, day = row.get("title") or "", row.get("day") or None
    if not isinstance(title, str) or any("\ud800" <= sign <= "\udfff" for sign in title + row["text"]):
        raise UnreadableRow("title and text are strings of whole characters")
    if day is None:
        return row["text"], title, None
    try:
        return row["text"], title, date.fromisoformat(str(day)[:10])
    except ValueError:
        raise UnreadableRow(f"day {day!r} is no date; write 2024-05-02") from None


def _plain(found: LinkResult, catalogue: Catalogue) -> dict[str, Any]:
    companies = []
    for link in found.links:
        instrument = catalogue.by_id[link.company]
        companies.append(
            {
                "id": instrument.id,
                "kind": instrument.kind,
                "name": instrument.name,
                "symbols": symbols_of(instrument),
                "relevance": link.relevance / MICRO,
                "spans": [list(span) for span in link.spans],
            }
        )
    return {"text": found.text, "companies": companies, "unlinked": list(found.unlinked)}


def symbols_of(instrument: Instrument) -> list[str]:
    """Every listing's symbol as Yahoo writes it, with the suffix of its market; each once."""
    return list(dict.fromkeys(_written(listing, instrument.kind) for listing in instrument.listings))


def _written(listing: Listing, kind: str) -> str:
    # the catalogue has points alone: BRK.B, NOVO.B.CO, BTC.USD
    symbol = listing.symbol
    if kind == "crypto":
        return symbol.replace(".", "-")
    head, _, suffix = symbol.rpartition(".")
    return f"{head.replace('.', '-')}.{suffix}" if "." in head else symbol
