"""Bisecting: only the guilty documents become dead letters, and a lost device is nobody's fault."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.model.interface import Answer, DeviceLost, Request
from services.model.stub import POISON_MARK, StubEngine
from services.runtime.exits import ExitCode, WorkerStop
from services.runtime.record import Recorded
from services.scoring.entries import UNSCORABLE, Entry
from services.scoring.inference import encode, infer
from shared.contract.events import Origin


def entries_of(texts: list[str]) -> list[Entry]:
    return [
        Entry(Recorded("documents.news", 0, n, None, b""), Origin("t", 0, n), b"", request=Request(text))
        for n, text in enumerate(texts)
    ]


class Broken(StubEngine):
    """Raises what it is told to, `times` times, then answers."""

    def __init__(self, error: BaseException, times: int) -> None:
        super().__init__("stub")
        self.error, self.left = error, times

    def forward(self, encoded: list[Request]) -> list[Answer]:
        if self.left:
            self.left -= 1
            raise self.error
        return super().forward(encoded)


@given(st.lists(st.booleans(), max_size=40))
def test_only_the_poisoned_die_and_the_rest_are_answered_as_ever(poisoned: list[bool]) -> None:
    engine = StubEngine("stub:poison")
    texts = [f"{n} {POISON_MARK}" if bad else f"{n} fine" for n, bad in enumerate(poisoned)]
    entries = entries_of(texts)
    infer(engine, entries, encode(engine, entries))
    assert [entry.reason for entry in entries] == [UNSCORABLE if bad else "" for bad in poisoned]
    alone = StubEngine("stub")
    for entry, text, bad in zip(entries, texts, poisoned, strict=True):
        assert entry.answer == (None if bad else alone.score([Request(text)])[0])


@pytest.mark.parametrize("error", [DeviceLost("gone"), MemoryError()])
@pytest.mark.parametrize("times", [1, 100])
def test_a_lost_device_stops_the_worker_and_kills_no_document(error: BaseException, times: int) -> None:
    engine = Broken(error, times)
    entries = entries_of(["a", "b"])
    with pytest.raises(WorkerStop) as stop:
        infer(engine, entries, encode(engine, entries))
    assert stop.value.code is ExitCode.DEVICE_LOST
    assert not any(entry.reason for entry in entries)


def test_a_device_lost_while_bisecting_stops_the_worker_too() -> None:
    class FirstWrongThenLost(StubEngine):
        calls = 0

        def forward(self, encoded: list[Request]) -> list[Answer]:
            self.calls += 1
            raise ValueError(encoded) if self.calls == 1 else DeviceLost("gone")

    engine = FirstWrongThenLost("stub")
    entries = entries_of(["a", "b"])
    with pytest.raises(WorkerStop):
        infer(engine, entries, encode(engine, entries))
    assert not any(entry.reason for entry in entries)


@pytest.mark.parametrize(("failures", "dead"), [(1, False), (2, False), (3, True)])
def test_one_document_is_dead_only_when_it_fails_alone_twice(failures: int, dead: bool) -> None:
    engine = Broken(RuntimeError("hiccup"), failures)  # the batch's own pass, then twice alone
    entries = entries_of(["a"])
    infer(engine, entries, encode(engine, entries))
    assert bool(entries[0].reason) is dead


def test_a_tokeniser_that_fails_on_one_document_is_found_out(caplog: pytest.LogCaptureFixture) -> None:
    class BadTokenizer(StubEngine):
        def encode(self, requests: Any) -> list[Request]:
            if any(request.text == "bad" for request in requests):
                raise ValueError("no tokens")
            return super().encode(requests)

    engine = BadTokenizer("stub")
    entries = entries_of(["a", "bad", "b"])
    infer(engine, entries, encode(engine, entries))
    assert [bool(entry.reason) for entry in entries] == [False, True, False]
    assert entries[1].detail == "ValueError: no tokens"
    assert "tokenising a batch failed" in caplog.text


def test_an_engine_that_gives_too_few_answers_does_not_shift_them() -> None:
    class Short(StubEngine):
        def forward(self, encoded: list[Request]) -> list[Answer]:
            return super().forward(encoded)[: 1 if len(encoded) < 3 else 2]

    engine = Short("stub")
    entries = entries_of(["a", "b", "c"])
    infer(engine, entries, encode(engine, entries))
    assert [entry.answer for entry in entries] == StubEngine("stub").score([Request(t) for t in "abc"])


def test_without_documents_the_model_is_not_asked() -> None:
    engine = Broken(RuntimeError("asked"), 100)
    tick = Entry(Recorded("documents.news", 0, 0, None, b""), Origin("t", 0, 0), b"")
    infer(engine, [tick], encode(engine, [tick]))
    assert tick.answer is None
