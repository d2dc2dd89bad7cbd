"""The scenarios of benchmarks/manipulation.py on a reader that counts words: what a voice can move is what one can."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks.manipulating.measure import Moved, measured
from benchmarks.manipulating.plain_reader import PlainReader
from benchmarks.manipulating.scenarios import SCENARIOS, Scenario
from benchmarks.manipulating.world import Said, World
from services.aggregation.signals.strategy import load_strategy

KNOWN: dict[object, Said] = {}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(PlainReader(), tmp_path_factory.mktemp("worlds"), [load_strategy("pulse")])
    yield made
    made.close()


def test_there_are_twenty_and_more() -> None:
    assert len({scenario.name for scenario in SCENARIOS if scenario.accounts == 1}) >= 20


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_no_signal_moves_more_than_one_honest_author_could(world: World, scenario: Scenario) -> None:
    [moved] = measured(world, scenario, KNOWN)
    assert isinstance(moved, Moved)
    assert moved.honest > 0.2  # or there is nothing to compare with
    if scenario.accounts == 1:
        assert moved.ratio <= 1.01
    else:  # so many voices that nothing joins: never more than as many authors, and never more than the whole scale
        assert moved.ratio <= scenario.accounts
        assert moved.attack <= 1.0
