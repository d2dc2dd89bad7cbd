"""Signals: no look-ahead, no single voice, the same bytes from the same buckets."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.aggregation.features import DAY, HOUR, Capped, cap, features
from services.aggregation.signals import action_of, recommend
from services.aggregation.strategy import FEATURES, Strategy, StrategyError, load_strategy
from shared.aggregates import Bucket, Share
from shared.events import MICRO
from shared.signals import ACTIONS, decode_signal, encode_signal

T = 1_400_000_400 // HOUR * HOUR
PULSE = load_strategy("pulse")
CAPS = (PULSE.author_cap, PULSE.story_cap)

hour = st.builds(
    lambda offset, n, weight, lean, authors, stories: Capped(
        T + offset * HOUR,
        n,
        n * weight,
        n * weight * lean // 100,
        n * weight * lean * lean // 10_000,
        min(authors, n),
        min(stories, n),
        {"a": n},
        {"earnings": n // 2} if n > 1 else {},
    ),
    st.integers(-900, 300),
    st.integers(1, 50),
    st.integers(1, MICRO),
    st.integers(-100, 100),
    st.integers(1, 50),
    st.integers(1, 50),
)


def channels(hours: list[Capped]) -> dict[str, list[Capped]]:
    unique = {h.start: h for h in hours}
    ordered = [unique[start] for start in sorted(unique)]
    return {"news": ordered[::2], "social": ordered[1::2]}


def days_of(hours: dict[str, list[Capped]]) -> dict[str, list[Capped]]:
    return {name: [h._replace(start=h.start // DAY * DAY) for h in some] for name, some in hours.items()}


@given(st.lists(hour, max_size=40))
def test_what_comes_at_or_after_t_changes_nothing(hours: list[Capped]) -> None:
    everything = channels(hours)
    days = days_of(everything)
    past = {name: [h for h in some if h.start + HOUR <= T] for name, some in everything.items()}
    past_days = {name: [d for d in some if d.start + DAY <= T] for name, some in days.items()}
    assert features(T, everything, days, PULSE) == features(T, past, past_days, PULSE)


@given(st.lists(hour, max_size=40))
def test_features_keep_their_ranges_and_signals_survive_the_wire(hours: list[Capped]) -> None:
    some = channels(hours)
    found = features(T, some, days_of(some), PULSE)
    assert set(FEATURES) <= set(found)
    assert -1 <= found["level"] <= 1
    assert -2 <= found["change"] <= 2
    assert 0 <= found["novelty"] <= 1
    signal = recommend("AAPL", T * MICRO, found, 9, PULSE, available_at=T * MICRO + 1)
    assert signal is not None
    assert -MICRO <= signal.score <= MICRO
    assert 0 <= signal.confidence <= MICRO
    assert signal.action in ACTIONS
    assert decode_signal(encode_signal(signal)) == signal


@given(st.integers(1, 10_000), st.integers(1, 20), st.integers(-100, 100))
def test_one_author_cannot_move_a_bucket_alone(flood: int, others: int, lean: int) -> None:
    weight = flood * MICRO
    bucket = Bucket(
        documents=flood + others, weight_sum=weight + others * MICRO, score_sum=weight + others * MICRO * lean // 100
    )
    shares = [Share(flood, weight, weight), *(Share(1, MICRO, MICRO * lean // 100) for _ in range(others))]
    capped = cap(T, bucket, shares, [], *CAPS)
    most = min(flood * MICRO, int(PULSE.author_cap * MICRO))
    assert capped.weight == most + others * MICRO
    assert abs(capped.score - (most + others * MICRO * lean // 100)) <= others + 1


@given(st.lists(st.tuples(st.integers(0, 9 * MICRO), st.integers(-100, 100)), max_size=12), st.randoms())
def test_the_order_of_shares_does_not_matter(parts: list[tuple[int, int]], random: object) -> None:
    shares = [Share(1, weight, weight * lean // 100) for weight, lean in parts]
    bucket = Bucket(
        documents=len(shares),
        weight_sum=sum(s.weight_sum for s in shares),
        score_sum=sum(s.score_sum for s in shares),
    )
    mixed = list(shares)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert cap(T, bucket, shares, [], *CAPS) == cap(T, bucket, mixed, [], *CAPS)


def test_rising_opinion_buys_and_falling_sells() -> None:
    def story(lean: float) -> float:
        hours = [
            Capped(T - k * HOUR, 4, 4 * MICRO, int(4 * MICRO * lean), int(4 * MICRO * lean * lean), 4, 4, {"a": 4}, {})
            for k in range(24, 0, -1)
        ]
        signal = recommend(
            "AAPL", T * MICRO, features(T, {"news": hours}, {}, PULSE), 96, PULSE, available_at=T * MICRO
        )
        assert signal is not None
        return signal.score / MICRO

    assert story(0.8) > 0.4
    assert story(-0.8) == pytest.approx(-story(0.8), abs=1e-5)
    assert story(0.0) == 0


def test_a_signal_carries_every_feature_weighted_or_not() -> None:
    found = {"level": 0.5, "buzz": 3.25, "event.earnings": 0.4, "novelty": 0.0}
    signal = recommend("AAPL", T, found, 9, PULSE, available_at=T)
    assert signal is not None
    assert decode_signal(encode_signal(signal)).features == {
        "buzz": 3_250_000,
        "event.earnings": 400_000,
        "level": 500_000,
    }


def test_too_few_documents_say_nothing() -> None:
    assert recommend("AAPL", T, {}, PULSE.minimum_documents - 1, PULSE, available_at=T) is None


@given(st.integers(-MICRO, MICRO))
def test_actions_follow_the_score(score: int) -> None:
    higher = action_of(min(MICRO, score + 1000), PULSE)
    assert ACTIONS.index(higher) >= ACTIONS.index(action_of(score, PULSE))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("name: x\nversion: 1\nweights: {hope: 1}", "unknown feature 'hope'; known are level, change"),
        ("name: x\nversion: 1\nweights: {level: 0}", "every weight is 0"),
        ("name: x\nversion: 1\nweights: {level: 1}\nscales: {level: 0}", "a scale must be above 0"),
        ("name: x\nversion: 1\nweights: {level: 1}\ncadence_hours: 5", "cadence_hours must divide 24"),
        ("name: x\nversion: 1\nweights: {level: 1}\nthresholds: {buy: -1}", "thresholds must rise"),
        ("name: x\nversion: 1\nweights: {level: 1}\nluck: 2", "luck"),
        ("name: [", "while parsing"),
    ],
)
def test_a_bad_strategy_file_is_named(tmp_path: Path, text: str, found: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(StrategyError) as error:
        load_strategy(str(path))
    assert str(path) in str(error.value)
    assert found in str(error.value)


def test_an_unknown_strategy_lists_the_known_ones() -> None:
    with pytest.raises(StrategyError, match="pulse"):
        load_strategy("no-such")


def test_the_hash_names_every_choice() -> None:
    changed = Strategy(name="pulse", version=1, weights={"level": 0.5000001})
    assert len({PULSE.digest, changed.digest, load_strategy("pulse").digest}) == 2
