from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.ingest.delivery.floors import Floor, lowest_floor
from services.ingest.delivery.ticker import Promise, Ticker
from services.ingest.sample.source import SampleSource
from shared.clock import ReplayClock


class Sent:
    """An intake as the ticker sees it."""

    def __init__(self) -> None:
        self.unsettled: list[int] = []

    def earliest_unsettled(self) -> int | None:
        return min(self.unsettled, default=None)


class PromiseMachine(RuleBasedStateMachine):
    """Live and played sources, slow acknowledgements, resends: what arrives is never older than a tick before it."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = ReplayClock(1_000)
        self.live, self.played = Sent(), Sent()
        self.promises = [Promise(True, self.live), Promise(False, self.played)]
        self.position = 100
        self.promises[1].floor = self.position
        self.reading = ExitStack()
        self.read_at: int | None = None
        self.ticker = Ticker(self.clock, lambda: self.position + 1, lambda: None)
        self.broken: list[tuple[int, int]] = []

    def arrives(self, available_at: int) -> None:
        if available_at < self.ticker.watermark:
            self.broken.append((available_at, self.ticker.watermark))

    @rule(by=st.integers(0, 50))
    def time_passes(self, by: int) -> None:
        self.clock.advance_to(self.clock.now() + by)

    @precondition(lambda self: self.read_at is None)
    @rule()
    def a_live_batch_is_read(self) -> None:
        self.read_at = self.reading.enter_context(self.promises[0].read(self.clock))

    @precondition(lambda self: self.read_at is not None)
    @rule(late_by=st.integers(0, 30))
    def and_sent(self, late_by: int) -> None:
        assert self.read_at is not None
        self.live.unsettled.append(self.read_at + late_by)
        self.reading.close()
        self.read_at = None

    @precondition(lambda self: not self.promises[1].ended)
    @rule(by=st.integers(0, 300))
    def history_plays_on(self, by: int) -> None:
        self.played.unsettled.append(self.position)
        self.position += by
        self.promises[1].floor = self.position

    @precondition(lambda self: not self.promises[1].ended and not self.played.unsettled)
    @rule()
    def history_ends(self) -> None:
        self.promises[1].ended = True

    @precondition(lambda self: self.live.unsettled or self.played.unsettled)
    @rule(data=st.data())
    def one_arrives_at_last(self, data: st.DataObject) -> None:
        sent = data.draw(st.sampled_from([one for one in (self.live, self.played) if one.unsettled]))
        self.arrives(sent.unsettled.pop(data.draw(st.integers(0, len(sent.unsettled) - 1))))

    @rule()
    def a_tick(self) -> None:
        before = self.ticker.watermark
        after = self.ticker.advance(self.promises)
        assert after is None or after > before

    @invariant()
    def no_promise_is_broken(self) -> None:
        assert not self.broken


TestPromises = PromiseMachine.TestCase


def test_ticks_move_with_the_clock_when_nothing_is_under_way() -> None:
    clock = ReplayClock(1_000)
    ticker = Ticker(clock, lambda: 0, lambda: None)
    promise = Promise(True, Sent())
    assert ticker.advance([promise]) == 1_000 and ticker.advance([promise]) is None
    clock.advance_to(1_500)
    assert ticker.advance([promise]) == 1_500


def test_an_unstarted_history_promises_nothing_and_an_ended_one_what_it_wants() -> None:
    ticker = Ticker(ReplayClock(1_000), lambda: 77, lambda: None)
    history = Promise(False, Sent())
    assert ticker.advance([history]) is None
    history.ended = True
    assert ticker.advance([history]) == 77


@given(st.integers(1, 2_000), st.integers(0, 2_000))
def test_another_process_holds_the_tick_back(now: int, other: int) -> None:
    ticker = Ticker(ReplayClock(now), lambda: 0, lambda: other)
    assert (ticker.advance([Promise(True, Sent())]) or 0) == min(now, other)


def test_floors_of_the_living_count(tmp_path: Path) -> None:
    with Floor(tmp_path, 5) as one, Floor(tmp_path, 9) as two:
        assert one.lowest_of_others() == 9 and two.lowest_of_others() == 5
        two.raise_to(20)
        one.raise_to(30)
        assert lowest_floor(tmp_path) == 20
        two.release()
        assert one.lowest_of_others() is None
    assert list(tmp_path.iterdir()) == []


def test_the_floor_of_a_killed_process_is_swept_away(tmp_path: Path) -> None:
    script = (
        "import sys, pathlib; from services.ingest.delivery.floors import Floor\n"
        "floor = Floor(pathlib.Path(sys.argv[1]), 7); print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == b"held\n"
        assert lowest_floor(tmp_path) == 7
        holder.kill()
        holder.wait()
    assert lowest_floor(tmp_path) is None and list(tmp_path.iterdir()) == []


def test_the_week_is_played_in_order_and_goes_on_where_it_stopped() -> None:
    whole = SampleSource("news", speed=1e9)
    stop = threading.Event()
    first = list(whole.batches(None, stop))
    played = [item for batch in first for item in batch.items]
    assert len(played) > 1_000 and first[-1].floor is None
    half = next(batch for batch in first if batch.items)
    rest = [item for batch in SampleSource("news", 1e9).batches(half.cursor, stop) for item in batch.items]
    assert rest == played[int(half.cursor["next"]) :]
    assert list(SampleSource("news", 1e9).batches(first[-1].cursor, stop)) == []


def test_no_document_of_the_week_comes_before_the_floor() -> None:
    stop = threading.Event()
    floor = 0
    for batch in SampleSource("social", speed=4_000_000).batches(None, stop):
        stamps = [str(item["published_at"]) for item in batch.items if not hasattr(item, "reason")]
        assert stamps == sorted(stamps)
        if stamps and floor:
            assert _micros(stamps[0]) >= floor
        floor = batch.floor or floor
    assert floor


def _micros(stamp: str) -> int:
    from services.ingest.documents.dates.times import parse_time
    from services.ingest.documents.normalise import EXCHANGE

    return parse_time(stamp, EXCHANGE).micros
