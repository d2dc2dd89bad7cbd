"""The XML parser that Python was linked with: it measures every feed."""

from __future__ import annotations

from typing import Final
from xml.parsers import expat

from services.supervisor.status.finding import Finding

SAFE: Final = (2, 7, 0)  # older ones crash on entities within entities (CVE-2024-8176)


def expat_is_safe(found: tuple[int, int, int] = expat.version_info) -> Finding:
    """Names an old libexpat."""
    words, safe = (".".join(map(str, each)) for each in (found, SAFE))
    if found >= SAFE:
        return Finding("libexpat", "ok", words)
    return Finding(
        "libexpat",
        "mind",
        words,
        f"update Python or libexpat: a feed can crash versions before {safe} (Bellwether refuses such feeds, and reads "
        "all of them in child processes)",
    )
