"""When an ended process is started again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.supervisor.processes.backoff import DELAYS, DEPENDENCY_DELAYS, HELD, STEADY_SECONDS, Backoff


def test_first_death_is_answered_at_once_and_a_crash_loop_slows_down() -> None:
    backoff = Backoff()
    assert [backoff.delay_after(1, 0.5) for _ in range(len(DELAYS) + 2)] == [*DELAYS, DELAYS[-1], DELAYS[-1]]


def test_a_long_life_forgives() -> None:
    backoff = Backoff()
    for _ in range(5):
        backoff.delay_after(-9, 1.0)
    assert backoff.delay_after(-9, STEADY_SECONDS) == 0.0
    assert backoff.delay_after(-9, 1.0) == DELAYS[1]


def test_lost_kafka_is_tried_again_soon() -> None:
    backoff = Backoff()
    assert max(delay for _ in range(50) if (delay := backoff.delay_after(75, 0.1)) is not None) == DEPENDENCY_DELAYS[-1]


@given(st.sampled_from(sorted(HELD)), st.floats(0, 1e6))
def test_refusals_wait_for_the_operator(code: int, lived: float) -> None:
    assert Backoff().delay_after(code, lived) is None
