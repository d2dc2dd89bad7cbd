"""A position that the log does not hold ends the worker; it is never moved in silence."""

from __future__ import annotations

import pytest
from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st

from services.runtime.exits import ExitCode, WorkerStop
from services.runtime.faust_consumer import inside_log

TOPIC = TP("opinions", 3)


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 120))
def test_a_position_is_taken_as_it_is_or_refused(first: int, length: int, position: int) -> None:
    end = first + length
    if first <= position <= end:
        assert inside_log(TOPIC, position, first, end) == position
        return
    with pytest.raises(WorkerStop) as stop:
        inside_log(TOPIC, position, first, end)
    assert stop.value.code is ExitCode.OUTSIDE_LOG
    assert "opinions[3]" in str(stop.value)
    assert str(position) in str(stop.value)


def test_without_a_position_the_log_is_read_from_its_start() -> None:
    assert inside_log(TOPIC, None, 7, 9) == 7
