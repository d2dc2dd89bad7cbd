"""Colours of sentiment: symmetric ends, readable text."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.drawing import palette

THEMES = [palette.LIGHT, palette.DARK]


@pytest.mark.parametrize("colours", THEMES)
def test_ends_middle_and_saturation(colours: palette.Palette) -> None:
    assert palette.diverging(0, colours) == palette.diverging(math.nan, colours) == colours.neutral
    assert palette.diverging(1, colours) == palette.diverging(palette.SATURATION, colours) == colours.positive
    assert palette.diverging(-1, colours) == colours.negative


@settings(deadline=None, max_examples=40)
@given(st.floats(-1, 1), st.sampled_from(THEMES))
def test_text_on_a_tile_has_enough_contrast(value: float, colours: palette.Palette) -> None:
    background = palette.diverging(value, colours)
    text = palette.ink(background, colours)
    light, dark = sorted((luminance(background), luminance(text)), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.0


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_the_theme_follows_the_browser() -> None:
    assert palette.theme(dark=True) is palette.DARK
    assert palette.theme(dark=False) is palette.LIGHT


def test_faint() -> None:
    assert palette.faint("#0102ff", 0.5) == "rgba(1,2,255,0.5)"
