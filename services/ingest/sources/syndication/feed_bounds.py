"""How large a feed may be in every direction, measured by expat before anything else looks at it. Pure."""

from __future__ import annotations

from typing import Final
from xml.parsers import expat

from services.ingest.sources.syndication.feed_text import NotAFeed

MOST_DEPTH: Final = 100
MOST_ELEMENTS: Final = 100_000
MOST_ATTRIBUTES: Final = 60  # of one element
MOST_ITEMS: Final = 2_000
_ITEMS: Final = frozenset({"item", "entry"})


class _Measure:
    """Counts while expat reads; raises NotAFeed at the first thing that is too much."""

    def __init__(self) -> None:
        self.depth = self.elements = self.items = 0

    def opened(self, name: str, attributes: list[str]) -> None:
        self.depth += 1
        self.elements += 1
        self.items += name.rpartition(":")[2].lower() in _ITEMS
        for what, found, most in (
            ("levels", self.depth, MOST_DEPTH),
            ("elements", self.elements, MOST_ELEMENTS),
            ("attributes in one element", len(attributes) // 2, MOST_ATTRIBUTES),
            ("items", self.items, MOST_ITEMS),
        ):
            if found > most:
                raise NotAFeed(f"more than {most:,} {what}")

    def closed(self, _: str) -> None:
        self.depth -= 1

    def doctype(self, *_: object) -> None:
        raise NotAFeed("a document type definition, which is not read")


def check_bounds(text: str) -> None:
    """Raises NotAFeed. What is not well-formed is measured up to there; behind it, its tags are counted."""
    measure = _Measure()
    parser = expat.ParserCreate("utf-8")
    parser.ordered_attributes = True
    parser.StartElementHandler = measure.opened
    parser.EndElementHandler = measure.closed
    parser.StartDoctypeDeclHandler = measure.doctype
    try:
        parser.Parse(text.encode("utf-8", "replace"), True)
    except expat.ExpatError:
        if text.count("<") > 2 * MOST_ELEMENTS:
            raise NotAFeed(f"more than {MOST_ELEMENTS:,} elements") from None
        if sum(text.count(f"<{name}") for name in _ITEMS) > MOST_ITEMS:
            raise NotAFeed(f"more than {MOST_ITEMS:,} items") from None
