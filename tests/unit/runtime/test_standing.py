"""What tells that a store lost what was written last, and what does not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from services.runtime import standing
from services.runtime.assignment import Assignment
from services.runtime.exits import ExitCode, WorkerStop
from services.runtime.standing import Standing, Standings

LEFT = Standing(5, "e")


def ended(stands: Callable[[Standings, Assignment], Standing], left: Standing = LEFT) -> WorkerStop | None:
    """How a worker that left partition 3 at `left` ends, when the store stands as told; None while it goes on."""

    async def watched() -> WorkerStop | None:
        assignment = Assignment()
        found = Standings(assignment, lambda _: stands(found, assignment))
        found.assigned({3: left})
        try:
            await asyncio.wait_for(found.run(), 0.2)
        except WorkerStop as stop:
            return stop
        except TimeoutError:
            return None
        raise AssertionError

    return asyncio.run(watched())


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing, "EVERY_SECONDS", 0.01)


@pytest.mark.parametrize("stands", [Standing(4, "d"), Standing(5, "d"), Standing(0)])
def test_a_store_that_lost_something_ends_the_worker(stands: Standing) -> None:
    stop = ended(lambda _found, _assignment: stands)
    assert stop is not None and stop.code is ExitCode.RESTART
    assert f"stands at {stands.offset} in Redis, but was applied up to 5" in str(stop)


@pytest.mark.parametrize("stands", [Standing(5, "e"), Standing(6, "x")])
def test_one_that_stands_where_it_was_left_or_further_does_not(stands: Standing) -> None:
    assert ended(lambda _found, _assignment: stands) is None
    assert ended(lambda _found, _assignment: stands, Standing(5)) is None


def test_what_moves_while_it_is_looked_at_says_nothing() -> None:
    def writes(found: Standings, _: Assignment) -> Standing:
        with found.writing(3, lambda: Standing(5, "e")):
            return Standing(2)

    def reassigned(_: Standings, assignment: Assignment) -> Standing:
        assignment.next()
        return Standing(2)

    assert ended(writes) is None
    assert ended(reassigned) is None
