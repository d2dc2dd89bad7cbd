"""The short part of `make fuzz`: some inputs of every target, the same ones each time."""

from __future__ import annotations

import pytest

from tests.fuzz.campaign import TARGETS, Target, fuzz
from tests.fuzz.mutation import Mutator

INPUTS = 200
FEWER = {"prices": 50, "bars": 50}  # each lays a whole calendar over a table; `make fuzz` has thousands


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # of a file that is closed a moment later
@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_no_crash_no_hang_and_every_input_accounted_for(target: Target) -> None:
    inputs = FEWER.get(target.name, INPUTS)
    count, failures = fuzz(target, seed=1, numbers=range(inputs))
    assert count == inputs
    assert not failures, "\n".join(failures)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_an_input_is_a_function_of_seed_and_number(target: Target) -> None:
    first, again = Mutator(target.seeds, 5), Mutator(target.seeds, 5)
    assert [first.input(number) for number in range(20)] == [again.input(number) for number in range(19, -1, -1)][::-1]
    assert first.input(3) != Mutator(target.seeds, 6).input(3) or first.input(4) != Mutator(target.seeds, 6).input(4)
