"""Signals at bucket close: the same whatever the interleaving and the batch, blind to the future, revised when late."""

from __future__ import annotations

import random
from collections.abc import Sequence

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.aggregation.core.apply import apply
from services.aggregation.core.plan import Decoded, Rules
from services.aggregation.signals.closing import Closer
from services.aggregation.signals.given import SLACK
from services.aggregation.signals.strategy import Strategy, load_strategy
from services.aggregation.stores.memory import MemoryStore
from shared.clock import DAY, HOUR, MINUTE, SECOND
from shared.contract.events import MICRO, Opinion, OpinionMessage, Origin, Tick
from shared.contract.signals import Signal, decode_revisions, encode_signal
from tests.unit.aggregation.opinions import TOPIC_ID, random_opinion

RULES = Rules({"minute": 3 * DAY, "hour": 400 * DAY, "day": 7300 * DAY}, 7 * DAY, lateness=60 * SECOND)
HOURLY = msgspec.structs.replace(load_strategy("pulse"), name="hourly", cadence_hours=1, minimum_documents=1)
SLOW = msgspec.structs.replace(load_strategy("pulse"), name="slow", cadence_hours=4, lookback_hours=12)
START = 1_400_000_400 * SECOND // DAY * DAY
STREAMS = frozenset(f"{TOPIC_ID}:{partition}" for partition in range(2))


def stream(seed: int, partition: int, hours: int) -> list[OpinionMessage]:
    """One origin partition that keeps its promises: opinions in time order, a tick behind every stretch."""
    draw = random.Random(f"{seed}:{partition}")
    messages: list[OpinionMessage] = []
    at = START
    for offset in range(hours * 2):
        at += draw.randrange(40 * MINUTE)
        if draw.random() < 0.4:
            messages.append(Tick(watermark=at, origin=Origin(TOPIC_ID, partition, offset)))
        else:
            messages.append(random_opinion(draw, partition, offset, 0, at))
    messages.append(Tick(watermark=START + 4 * hours * HOUR, origin=Origin(TOPIC_ID, partition, hours * 2)))
    return messages


def broken_promises(seed: int, partition: int, hours: int) -> list[OpinionMessage]:
    """A stream as above of which many an opinion became available hours before the tick in front of it."""
    draw = random.Random(f"late:{seed}:{partition}")
    share = draw.choice((0.1, 0.9))  # few opinions: hours with one late opinion and nothing else
    return [
        msgspec.structs.replace(message, available_at=max(START, message.available_at - draw.randrange(9 * HOUR)))
        if isinstance(message, Opinion) and draw.random() < 0.7
        else message
        for message in stream(seed, partition, hours)
        if not isinstance(message, Opinion) or draw.random() < share
    ]


def interleaved(streams: Sequence[Sequence[OpinionMessage]], seed: int) -> list[Decoded]:
    draw, queues, mixed = random.Random(seed), [list(s) for s in streams], []
    while any(queues):
        mixed.append(draw.choice([q for q in queues if q]).pop(0))
    return list(enumerate(mixed))


def given_out(
    records: Sequence[Decoded],
    batch: int,
    strategies: Sequence[Strategy] = (HOURLY, SLOW),
    rules: Rules = RULES,
    forgetful: bool = False,
    keep: int | None = None,
) -> tuple[list[Signal], MemoryStore]:
    store = MemoryStore(1)
    closer = Closer(store, 0, strategies, STREAMS, rules, keep)
    signals: list[Signal] = []
    for first in range(0, len(records), batch):
        for part in closer.parts(records[first : first + batch]):
            if forgetful:
                closer.forget()
            closer.changed(apply(store, 0, TOPIC_ID, part, rules))
            signals.extend(closer.close())
    return signals, store


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 60), st.integers(1, 60))
def test_interleaving_and_batches_change_no_byte(seed: int, batch: int, other: int) -> None:
    streams = [stream(seed, partition, 24) for partition in range(2)]
    one, _ = given_out(interleaved(streams, seed), batch)
    two, _ = given_out(interleaved(streams, seed + 1), other)
    assert sorted(map(encode_signal, one)) == sorted(map(encode_signal, two))
    assert all(signal.revision == 0 for signal in one)
    assert len({signal.id for signal in one}) == len(one)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 60), st.integers(1, 10))
def test_what_is_no_longer_kept_whole_changes_no_signal(seed: int, batch: int, keep: int) -> None:
    """Late opinions that reach back behind what is kept give out the same revisions, and none that says nothing new."""
    records = interleaved([broken_promises(seed, partition, 70) for partition in range(2)], seed)
    everything, _ = given_out(records, batch)
    cut, store = given_out(records, batch, keep=keep, forgetful=seed % 2 == 0)
    assert list(map(encode_signal, cut)) == list(map(encode_signal, everything))
    assert len({signal.id for signal in cut}) == len(cut)
    for company in ("AAPL", "MSFT"):
        moments = sorted({s.at for s in cut if (s.company, s.strategy) == (company, "hourly")})
        held = sorted(map(int, store.hash_fields(0, store.keys.signals(company, "hourly"))))
        assert len(held) <= keep + keep // SLACK
        assert held[-keep:] == moments[-keep:]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(4, 40))
def test_the_future_changes_no_past_signal(seed: int, cut: int) -> None:
    instant = START + cut * HOUR
    streams = [stream(seed, partition, 24) for partition in range(2)]

    def flipped(message: OpinionMessage) -> OpinionMessage:
        if isinstance(message, Opinion) and message.available_at >= instant:
            return msgspec.structs.replace(
                message, negative=message.positive, positive=message.negative, company="AAPL"
            )
        return message

    before, _ = given_out(interleaved(streams, seed), 17)
    after, _ = given_out(interleaved([[flipped(m) for m in s] for s in streams], seed), 17)
    past = [[s for s in some if s.at <= instant] for some in (before, after)]
    assert past[0] == past[1]


def test_a_signal_is_known_only_after_its_hour_and_the_lateness() -> None:
    signals, _ = given_out(interleaved([stream(5, p, 24) for p in range(2)], 1), 10)
    assert signals
    assert all(signal.available_at == signal.at + RULES.lateness for signal in signals)
    assert all(signal.at % (4 * HOUR) == 0 for signal in signals if signal.strategy == "slow")
    assert {signal.company for signal in signals} == {"AAPL", "MSFT"}  # never the market as a whole


@settings(max_examples=60, deadline=None)
@example(2455, 1)  # a slow T that had too few documents until a late one came
@given(st.integers(0, 10**6), st.integers(1, 60))
def test_the_last_word_is_the_same_however_late_opinions_came(seed: int, batch: int) -> None:
    streams = [broken_promises(seed, partition, 24) for partition in range(2)]
    told, _ = given_out(interleaved(streams, seed), batch)
    once = [[message for message in some[:-1] if isinstance(message, Opinion)] + some[-1:] for some in streams]
    expected, _ = given_out(interleaved(once, seed + 1), 1000)  # everything is there before the first hour closes
    assert _last_words(told) == _last_words(expected)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 60), st.integers(5, 400))
def test_what_is_remembered_of_the_look_back_changes_no_byte(seed: int, batch: int, keep_hours: int) -> None:
    rules = Rules(RULES.keep | {"hour": keep_hours * HOUR, "day": 2 * DAY}, RULES.duplicates, RULES.lateness)
    records = interleaved([broken_promises(seed, partition, 24) for partition in range(2)], seed)
    one, _ = given_out(records, batch, rules=rules)
    two, _ = given_out(records, batch, rules=rules, forgetful=True)
    assert list(map(encode_signal, one)) == list(map(encode_signal, two))


def _last_words(signals: Sequence[Signal]) -> dict[tuple[str, str, int], Signal]:
    """The highest revision of each, without what tells when it was said."""
    return {
        (s.company, s.strategy, s.at): msgspec.structs.replace(s, id="", revision=0, available_at=0)
        for s in sorted(signals, key=lambda s: s.revision)
    }


def test_nothing_is_given_out_before_every_partition_has_spoken() -> None:
    messages = stream(5, 0, 24)
    assert given_out(list(enumerate(messages)), 10)[0] == []


def test_a_late_opinion_gives_its_signals_out_again_and_both_are_kept() -> None:
    streams = [stream(5, partition, 24) for partition in range(2)]
    records = interleaved(streams, 1)
    first, _ = given_out(records, 10, [HOURLY])
    early = min(signal.at for signal in first if signal.company == "AAPL")
    end = START + 4 * 24 * HOUR
    late = random_opinion(random.Random(3), 0, 1000, 0, early - 30 * MINUTE)
    late = msgspec.structs.replace(late, company="AAPL", negative=0, neutral=0, positive=MICRO, relevance=MICRO)
    ticks = [Tick(watermark=end + 3 * HOUR, origin=Origin(TOPIC_ID, p, 2000)) for p in range(2)]
    more = [*records, *enumerate([late, *ticks], start=len(records))]
    again, store = given_out(more, 10, [HOURLY])
    revised = [signal for signal in again if signal.revision]
    assert [signal for signal in again if not signal.revision] == first
    assert revised
    assert all(s.company == "AAPL" and s.at >= early and s.available_at >= end for s in revised)
    kept = decode_revisions(store.hash_value(0, store.keys.signals("AAPL", "hourly"), str(early)) or b"[]")
    assert [signal.revision for signal in kept] == [0, 1]
    # given out again, it says what it would have said had the opinion been there in time
    in_time = [*records[:1], *((i + 1, m) for i, m in records[1:])]
    in_time.insert(1, (1, msgspec.structs.replace(late, origin=Origin(TOPIC_ID, 2, 0))))
    expected = next(s for s in given_out(in_time, 10, [HOURLY])[0] if s.company == "AAPL" and s.at == early)
    assert (expected.score, expected.reasons, expected.evidence) == (kept[1].score, kept[1].reasons, kept[1].evidence)
