"""The strip of key figures on top of a page: equal cards, one rule of colour for changes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Tone = Literal["up is good", "up is bad", "neutral"]


@dataclass(frozen=True, slots=True)
class Figure:
    """One card. `change` gives the arrow and, with a tone, the colour: better is blue, worse orange."""

    label: str
    value: str
    meaning: str  # shown on hover
    change: float = math.nan
    change_text: str = ""
    tone: Tone = "neutral"
    note: str = ""  # stands where the change would
    trend: Sequence[float] | None = None  # the window before and the window, in equal parts; not drawn where all is 0
    bars: bool = False


def cards(figures: Sequence[Figure]) -> list[dict[str, Any]]:
    """Figures as data of components/figures.js."""
    return [_card(figure) for figure in figures]


def _card(figure: Figure) -> dict[str, Any]:
    known = math.isfinite(figure.change) and bool(figure.change_text)
    arrow = "" if _reads_zero(figure) else "\u25b2 " if figure.change > 0 else "\u25bc "
    card: dict[str, Any] = {
        "label": figure.label,
        "value": figure.value,
        "meaning": figure.meaning,
        "change": arrow + figure.change_text if known else "",
        "tone": tone(figure) if known else "neutral",
        "note": figure.note,
    }
    if figure.trend is not None and any(math.isfinite(value) and value for value in figure.trend):
        values = [round(float(value), 4) if math.isfinite(value) else None for value in figure.trend]
        known_values = [value for value in values if value is not None] or [0.0]
        low, high = (0.0 if figure.bars else min(known_values)), max(known_values)
        card |= {"trend": values, "bars": figure.bars, "low": low, "high": high}
    return card


def tone(figure: Figure) -> Literal["better", "worse", "neutral"]:
    """Whether the change is good news. A neutral figure (a volume, say) is never either."""
    if figure.tone == "neutral" or _reads_zero(figure):
        return "neutral"
    return "better" if (figure.change > 0) == (figure.tone == "up is good") else "worse"


def _reads_zero(figure: Figure) -> bool:
    """A change that is written as zero is shown as none."""
    return not any(digit in figure.change_text for digit in "123456789")
