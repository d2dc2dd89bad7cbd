"""Colours. Sentiment runs from orange (negative) over grey to blue (positive), safe for colour-blind readers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

SATURATION: Final = 0.6  # |sentiment| from which the colour no longer deepens; the legend says so


@dataclass(frozen=True, slots=True)
class Palette:
    """One theme's colours, as #rrggbb."""

    negative: str
    neutral: str
    positive: str
    text: str
    muted: str
    grid: str
    background: str
    news: str
    social: str
    price: str
    dark_ink: str = "#10161c"
    light_ink: str = "#ffffff"


LIGHT: Final = Palette(
    "#c8590a", "#e6eaee", "#1763b0", "#1b232c", "#66717d", "#e6eaee", "#ffffff", "#31688e", "#8fb7d4", "#4a5560"
)
DARK: Final = Palette(
    "#e8762b", "#2b3540", "#4d9be6", "#dbe3ec", "#8c98a5", "#232c36", "#0f1419", "#5fa2d6", "#35587a", "#b4bfca"
)


def theme(dark: bool) -> Palette:
    return DARK if dark else LIGHT


def diverging(value: float, palette: Palette) -> str:
    """The colour of a sentiment in [-1, 1]; NaN is neutral."""
    strength = 0.0 if np.isnan(value) else float(np.clip(value / SATURATION, -1, 1))
    end = palette.positive if strength > 0 else palette.negative
    return _mix(palette.neutral, end, abs(strength))


def ink(background: str, palette: Palette) -> str:
    """Dark or light text, whichever stands out more from `background` (WCAG contrast)."""
    behind = _luminance(background)
    return max(palette.dark_ink, palette.light_ink, key=lambda text: _contrast(_luminance(text), behind))


def _luminance(colour: str) -> float:
    """WCAG relative luminance, 0 to 1."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in _rgb(colour))]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: float, other: float) -> float:
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


def faint(colour: str, alpha: float) -> str:
    """`colour` as rgba() with an opacity."""
    red, green, blue = _rgb(colour)
    return f"rgba({red},{green},{blue},{alpha})"


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _mix(start: str, end: str, share: float) -> str:
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(_rgb(start), _rgb(end), strict=True))
