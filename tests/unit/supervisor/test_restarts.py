"""When an ended process is started again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.supervisor.processes.restarts import DELAYS, DEPENDENCY_DELAYS, HELD, STEADY_SECONDS, Restarts


def test_first_death_is_answered_at_once_and_a_crash_loop_slows_down() -> None:
    restarts = Restarts()
    assert [restarts.delay_after(1, 0.5) for _ in range(len(DELAYS.seconds) + 2)] == [*DELAYS.seconds, 30.0, 30.0]


def test_a_long_life_forgives() -> None:
    restarts = Restarts()
    for _ in range(5):
        restarts.delay_after(-9, 1.0)
    assert restarts.delay_after(-9, STEADY_SECONDS) == 0.0
    assert restarts.delay_after(-9, 1.0) == DELAYS.after(2)


def test_lost_kafka_is_tried_again_soon() -> None:
    restarts = Restarts()
    assert (
        max(delay for _ in range(50) if (delay := restarts.delay_after(75, 0.1)) is not None)
        == DEPENDENCY_DELAYS.longest
    )


@given(st.sampled_from(sorted(HELD)), st.floats(0, 1e6))
def test_refusals_wait_for_the_operator(code: int, lived: float) -> None:
    assert Restarts().delay_after(code, lived) is None
