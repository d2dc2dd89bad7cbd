"""What waits of one partition, seen record by record: ticks never count."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.reading.waiting import SAMPLES, Seen

records = st.lists(st.booleans(), max_size=60)  # whether each is a tick


def seen_of(ticks: list[bool], begin: int = 5) -> Seen:
    seen = Seen(begin)
    for number, tick in enumerate(ticks):
        seen.add(begin + number, 1_000 * (begin + number), tick=tick)
    return seen


@given(records, st.integers(0, 60))
def test_what_waits_is_what_is_no_tick_behind_the_position(ticks: list[bool], done: int) -> None:
    done = min(done, len(ticks))
    seen = seen_of(ticks)
    seen.forget(5 + done)
    left = [5 + done + number for number, tick in enumerate(ticks[done:]) if not tick]
    assert seen.waiting == len(left)
    assert seen.since() == (1_000 * left[0] if left else None)


@given(records, st.integers(1, 9))
def test_offsets_that_no_record_has_do_not_wait(ticks: list[bool], gap: int) -> None:
    seen = Seen(0)
    for number, tick in enumerate(ticks):
        seen.add(number * (gap + 1), 0, tick=tick)
    seen.read_to(len(ticks) * (gap + 1))
    assert seen.waiting == sum(not tick for tick in ticks)


def test_times_of_a_long_backlog_are_thinned_and_never_too_late() -> None:
    seen, count = Seen(0), 20 * SAMPLES
    for offset in range(count):
        seen.add(offset, offset, tick=False)
    assert len(seen._times) <= SAMPLES
    for position in (0, 1, count // 3, count - 1):
        seen.forget(position)
        found = seen.since()
        assert found is not None and position - 64 <= found <= position
