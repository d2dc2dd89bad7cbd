"""spillover: speaks once when peers have gone ahead, and not where the company has followed."""

from __future__ import annotations

import pytest

from services.alerts.kinds.kind import Heard
from services.alerts.kinds.spillover import Spillover
from shared.contract.events import MICRO
from shared.contract.signals import Signal

RULE = Spillover(beyond=0.3, gap=0.3)


def signal(peers: float, own: float, at: int = 0) -> Signal:
    features = {"peers_level": round(peers * MICRO), "level": round(own * MICRO)}
    return Signal(
        id=f"s:A:{at}:0", strategy="s", strategy_hash="0", company="A", at=at, available_at=at, score=0, confidence=0,
        action="hold", horizon_hours=1, documents=1, features=features,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("peers", "own", "speaks"),
    [(0.4, 0.0, True), (0.4, 0.2, False), (0.2, -0.5, False), (-0.4, 0.0, True), (-0.4, -0.4, False), (0.3, 0.0, True)],
)
def test_when_it_speaks(peers: float, own: float, speaks: bool) -> None:
    why = RULE.why(Heard(signal(peers, own)))
    assert (why is not None) is speaks
    if why:
        assert f"{peers:+.2f}" in why and f"{own:+.2f}" in why


def test_it_speaks_once_and_again_the_other_way() -> None:
    earlier = [signal(0.5, 0.0, 1)]
    assert RULE.why(Heard(signal(0.6, 0.0, 2), earlier)) is None
    assert RULE.why(Heard(signal(-0.6, 0.0, 2), earlier)) is not None
    assert RULE.why(Heard(signal(0.6, 0.0, 3), [*earlier, signal(0.1, 0.0, 2)])) is not None


def test_what_is_wrong_is_told() -> None:
    assert Spillover(beyond=0).problem().startswith("beyond must")
    assert Spillover(gap=-1).problem().startswith("gap must")
    assert RULE.problem() == ""
