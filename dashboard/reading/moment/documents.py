"""Documents as an answer of then tells them."""

from __future__ import annotations

from typing import Any

import msgspec

from shared.contract.aggregates import RecentDocument


def document_of(raw: dict[str, Any]) -> RecentDocument:
    """What is gone at its source came without words."""
    gone = "withheld" in raw
    known = {name: value for name, value in raw.items() if value is not None}
    return msgspec.convert(known | ({"deleted": True} if gone else {}), RecentDocument)
