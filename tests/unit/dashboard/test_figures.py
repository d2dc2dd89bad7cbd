"""Which changes are good news, and which are none."""

from __future__ import annotations

import math

import pytest

from dashboard.drawing.figures import Figure, cards, tone


@pytest.mark.parametrize(
    ("change", "text", "rule", "expected"),
    [
        (0.2, "+0.20", "up is good", "better"),
        (-0.2, "-0.20", "up is good", "worse"),
        (0.2, "+0.2 pp", "up is bad", "worse"),
        (-0.2, "-0.2 pp", "up is bad", "better"),
        (5.0, "+500 %", "neutral", "neutral"),
        (0.001, "0.00", "up is good", "neutral"),
    ],
)
def test_tone(change: float, text: str, rule: str, expected: str) -> None:
    assert tone(Figure("a", "1", "m", change, text, rule)) == expected  # type: ignore[arg-type]


def test_a_change_that_is_not_known_leaves_room_for_the_note() -> None:
    (card,) = cards([Figure("a", "1", "m", math.nan, "+1", "up is good", note="n = 3")])
    assert (card["change"], card["note"], card["tone"]) == ("", "n = 3", "neutral")


def test_arrows_and_trends() -> None:
    up, down = cards(
        [Figure("a", "1", "m", 1, "+1", trend=[-1.0, 2.0]), Figure("b", "1", "m", -1, "-1", trend=[3], bars=True)]
    )
    assert up["change"] == "\u25b2 +1"
    assert down["change"] == "\u25bc -1"
    assert (up["low"], up["high"]) == (-1.0, 2.0)
    assert down["low"] == 0.0  # bars stand on zero
