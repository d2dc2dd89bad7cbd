"""What a company hears of its peers: counted apart, point-in-time, the same in any delivery, and as told naively."""

from __future__ import annotations

import random
from datetime import timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.aggregation.admin.dump import dump
from services.aggregation.core.apply import apply
from services.aggregation.core.plan import Decoded
from services.aggregation.signals.closing import Closer
from services.aggregation.signals.strategy import Strategy, load_strategy
from services.aggregation.stores.memory import MemoryStore
from services.scoring.echoes import echoes_of
from shared.clock import DAY, HOUR, MINUTE, SECOND, to_datetime
from shared.contract.events import (
    ECHOED,
    MICRO,
    PEERS,
    Document,
    Echo,
    NewerSchema,
    Opinion,
    OpinionMessage,
    Origin,
    Tick,
    decode_opinion,
    encode,
)
from shared.contract.signals import Signal
from shared.contract.topics import partition_for
from shared.contract.weighing import contribution
from shared.universe.relations.graph import Relations
from shared.universe.relations.relation import Relation
from tests.unit.aggregation.opinions import TOPIC_ID, opinion
from tests.unit.aggregation.test_closing import RULES, START, STREAMS

SPILLOVER = msgspec.structs.replace(
    load_strategy("spillover"), cadence_hours=1, lookback_hours=12, minimum_documents=1, author_cap=1e9, story_cap=1e9
)
PULSE = msgspec.structs.replace(load_strategy("pulse"), cadence_hours=1, lookback_hours=12, minimum_documents=1)
CHANGED = to_datetime(START).date() + timedelta(days=1)  # relations change in the middle of a history
GRAPH = Relations(
    [
        Relation("AAPL", "MSFT", "peer", MICRO // 2),
        Relation("AAPL", "BA", "peer", -MICRO // 4, start=CHANGED.isoformat()),
        Relation("MSFT", "AAPL", "peer", MICRO // 3, end=CHANGED.isoformat()),
        Relation("KO", "MSFT", "peer", MICRO),
    ]
)


def document(at: int) -> Document:
    return Document(id="d", channel="news", source="s", text="t", published_at=at, received_at=at, available_at=at)


def history(seed: int, hours: int, graph: Relations = GRAPH) -> list[list[OpinionMessage]]:
    """Two origin partitions that keep their promises: opinions, each with its echoes, and ticks."""
    draw, streams = random.Random(seed), []
    for partition in range(2):
        at, messages = START + 20 * HOUR, []
        for offset in range(hours * 2):
            at += draw.randrange(40 * MINUTE)
            if draw.random() < 0.4:
                messages.append(Tick(watermark=at, origin=Origin(TOPIC_ID, partition, offset)))
                continue
            negative = draw.randrange(MICRO + 1)
            said = opinion(
                offset, 0, partition=partition, company=draw.choice(("AAPL", "MSFT", "BA")), available_at=at,
                negative=negative, neutral=0, positive=MICRO - negative, story=f"{draw.randrange(3):016d}",
                channel=draw.choice(("news", "social")),
            )  # fmt: skip
            messages += [said, *echoes_of(document(at), [said], graph)]
        end = START + 4 * hours * HOUR + 2 * DAY
        messages.append(Tick(watermark=end, origin=Origin(TOPIC_ID, partition, hours * 2)))
        streams.append(messages)
    return streams


def mixed(streams: list[list[OpinionMessage]], seed: int) -> list[Decoded]:
    draw, queues, found = random.Random(seed), [list(each) for each in streams], []
    while any(queues):
        found.append(draw.choice([queue for queue in queues if queue]).pop(0))
    return list(enumerate(found))


def given_out(
    records: list[Decoded], batch: int, strategies: tuple[Strategy, ...] = (SPILLOVER,)
) -> tuple[dict[tuple[str, str, int], Signal], MemoryStore]:
    """The last revision of each signal."""
    store = MemoryStore(1)
    closer = Closer(store, 0, strategies, STREAMS, RULES, None)
    signals: dict[tuple[str, str, int], Signal] = {}
    for first in range(0, len(records), batch):
        for part in closer.parts(records[first : first + batch]):
            made = apply(store, 0, TOPIC_ID, part, RULES)
            if made is not None:
                closer.changed(made)
            signals |= {(each.strategy, each.company, each.at): each for each in closer.close()}
    return signals, store


def naive_level(streams: list[list[OpinionMessage]], company: str, at: int) -> int:
    """`peers_level` at `at` from the messages alone: hours decay from their middle."""
    weight, score, hour = SPILLOVER.prior_documents * MICRO, 0.0, HOUR // SECOND
    for message in (each for stream in streams for each in stream):
        if not isinstance(message, Echo) or message.company != company:
            continue
        start = message.available_at // HOUR * hour
        if not at // SECOND - SPILLOVER.lookback_hours * hour <= start < at // SECOND:
            continue
        part = contribution(message.opinion)
        decay = 0.5 ** (((at // SECOND - start) / hour - 0.5) / SPILLOVER.half_life_hours)
        weight, score = weight + decay * part.weight, score + decay * part.score
    return round(score / weight * MICRO)


@given(st.integers(0, 2**32), st.integers(4, 30), st.integers(0, 2**32), st.sampled_from((1, 7, 100)))
@settings(deadline=None, max_examples=40)
def test_any_delivery_gives_the_same_and_what_is_told_naively(seed: int, hours: int, other: int, batch: int) -> None:
    streams = history(seed, hours)
    signals, store = given_out(mixed(streams, seed), 100)
    again, same = given_out(mixed(streams, other), batch)
    assert again == signals and dump(same) == dump(store)
    for (_, company, at), signal in signals.items():
        assert signal.features.get("peers_level", 0) == pytest.approx(naive_level(streams, company, at), abs=2)
    told = {each.company for stream in streams for each in stream if isinstance(each, Echo)}
    heard = {company for _, company, _ in signals}
    assert told <= heard, "a company of which nobody writes hears of its peers"
    totals = store.totals(0)
    assert totals.echoes == sum(isinstance(each, Echo) for stream in streams for each in stream)
    assert totals.opinions_applied == sum(isinstance(each, Opinion) for stream in streams for each in stream)


@given(st.integers(0, 2**32), st.integers(4, 30), st.integers(0, 29))
@settings(deadline=None, max_examples=40)
def test_nothing_later_is_seen(seed: int, hours: int, cut: int) -> None:
    """Neither what is written after T, nor a relation that begins after T, changes a signal for T."""
    streams = history(seed, hours)
    signals, _ = given_out(mixed(streams, seed), 100)
    until = START + 20 * HOUR + cut * HOUR
    blind = [[each for each in stream if isinstance(each, Tick) or each.available_at < until] for stream in streams]
    seen, _ = given_out(mixed(blind, seed), 100)
    assert {key: each for key, each in seen.items() if key[2] <= until} == {
        key: each for key, each in signals.items() if key[2] <= until
    }
    later = to_datetime(until).date() + timedelta(days=1)
    more = Relations([*(each for ids in ["AAPL", "MSFT", "KO"] for each in GRAPH.all_of(ids)),
                      Relation("KO", "BA", "peer", MICRO, start=later.isoformat())])  # fmt: skip
    known, _ = given_out(mixed(history(seed, hours, more), seed), 100)
    begun = int((until // DAY + 1) * DAY)
    assert {key: each for key, each in known.items() if key[2] <= begun} == {
        key: each for key, each in signals.items() if key[2] <= begun
    }


@given(st.integers(0, 2**32), st.integers(4, 24), st.sampled_from((1, 7, 100)))
@settings(deadline=None, max_examples=30)
def test_the_last_word_is_the_same_however_late_it_comes(seed: int, hours: int, batch: int) -> None:
    """An opinion that breaks the promise of a tick is heard late by its company and by those that listen alike."""
    draw, streams = random.Random(seed), history(seed, hours)
    for stream in streams:
        moved = 0
        for place, message in enumerate(stream[:-1]):
            moved = draw.choice((0, draw.randrange(9 * HOUR))) if isinstance(message, Opinion) else moved
            if not isinstance(message, Tick):
                stream[place] = msgspec.structs.replace(message, available_at=message.available_at - moved)
    told, _ = given_out(mixed(streams, seed), batch, (SPILLOVER, PULSE))
    once = [[each for each in stream[:-1] if not isinstance(each, Tick)] + stream[-1:] for stream in streams]
    expected, _ = given_out(mixed(once, seed + 1), 1000, (SPILLOVER, PULSE))

    def word(signals: dict[tuple[str, str, int], Signal]) -> dict[tuple[str, str, int], Signal]:
        aside = {"id": "", "revision": 0, "available_at": 0}
        return {key: msgspec.structs.replace(each, **aside) for key, each in signals.items()}

    assert word(told) == word(expected)


@given(st.integers(0, 2**32))
@settings(deadline=None, max_examples=15)
def test_strategies_that_do_not_ask_hear_nothing(seed: int) -> None:
    streams = history(seed, 12)
    deaf = [[each for each in stream if not isinstance(each, Echo)] for stream in streams]
    both, _ = given_out(mixed(streams, seed), 50, (PULSE, SPILLOVER))
    alone, _ = given_out(mixed(deaf, seed), 50, (PULSE,))
    assert {key: each for key, each in both.items() if key[0] == "pulse"} == alone
    assert not any("peers_level" in each.features for each in alone.values())


@pytest.mark.parametrize("sameness", ["author", "story"])
def test_who_says_much_moves_peers_no_more_than_the_cap(sameness: str) -> None:
    """Two hundred posts of one author, or of one story by many, are heard as the cap's worth of full-weight ones."""
    capped = msgspec.structs.replace(SPILLOVER, author_cap=2.0, story_cap=2.0)
    at = START + 40 * HOUR

    def heard(count: int) -> float:
        messages: list[OpinionMessage] = []
        for offset in range(count):
            told = {"author": "a" * 16, "story": f"{offset:016d}"} if sameness == "author" else {
                "author": f"{offset:016d}", "story": "1" * 16
            }  # fmt: skip
            said = opinion(offset, 0, company="MSFT", available_at=at, negative=0, neutral=0, positive=MICRO, **told)
            messages += [said, *echoes_of(document(at), [said], GRAPH)]
        for partition in range(2):
            messages.append(Tick(watermark=at + 3 * DAY, origin=Origin(TOPIC_ID, partition, count)))
        signals, _ = given_out(list(enumerate(messages)), 100, (capped,))
        found = {key[1]: each for key, each in signals.items() if key[2] == START + 41 * HOUR}
        return found["KO"].features["peers_level"] / MICRO

    assert heard(200) == heard(2) > heard(1) > 0


def test_one_echo_a_listener_of_whom_says_most() -> None:
    at = START + 3 * DAY
    said = [
        opinion(7, 0, company="MSFT", available_at=at, relevance=MICRO // 4),
        opinion(7, 1, company="BA", available_at=at, negative=MICRO, neutral=0, positive=0),
    ]
    found = echoes_of(document(at), said, GRAPH)
    assert [(each.company, each.of, each.origin.index) for each in found] == [("AAPL", "BA", 2), ("KO", "MSFT", 3)]
    assert (found[0].positive, found[0].negative, found[0].relevance) == (MICRO, 0, MICRO // 4), (
        "bad for one, good for other"
    )
    assert found[0].relations == GRAPH.digest
    own = echoes_of(document(at), [*said, opinion(7, 2, company="AAPL", available_at=at)], GRAPH)
    assert "AAPL" not in {each.company for each in own}, "it hears of itself from the document"
    dropped = [msgspec.structs.replace(each, dropped=True) for each in said]
    assert echoes_of(document(at), dropped, GRAPH) == []
    early = echoes_of(document(START), said, GRAPH)
    assert [each.of for each in early if each.company == "AAPL"] == ["MSFT"], "the other relation had not begun"


def test_on_the_wire(monkeypatch: pytest.MonkeyPatch) -> None:
    (echo, *_) = echoes_of(document(START), [opinion(7, 0, company="MSFT", available_at=START)], GRAPH)
    assert decode_opinion(encode(echo)) == echo
    assert echo.schema == ECHOED and echo.opinion.company == PEERS + echo.company
    assert partition_for(PEERS + "AAPL", 12) == partition_for("AAPL", 12), "in the listener's slot"
    monkeypatch.setattr("shared.contract.events._opinions", msgspec.json.Decoder(Opinion | Tick))
    monkeypatch.setattr("shared.contract.events.READS", ECHOED - 1)
    with pytest.raises(NewerSchema):
        decode_opinion(encode(echo))
