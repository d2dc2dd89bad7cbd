"""Signals: no look-ahead, no single voice, the same bytes from the same buckets."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.aggregation.signals.features import features
from services.aggregation.signals.lookback import Capped, Shape, Shared, block_of, cap, day_of, look_back
from services.aggregation.signals.recommend import action_of, recommend
from services.aggregation.signals.strategy import Strategy, StrategyError, load_strategy
from shared.clock import DAY_SECONDS, HOUR_SECONDS, SECOND
from shared.contract.aggregates import Bucket, Share
from shared.contract.events import CHANNELS, MICRO
from shared.contract.signals import ACTIONS, EXPECTED_FEATURES, FEATURES, PEER_FEATURES, decode_signal, encode_signal

T = 1_400_000_400 // (12 * HOUR_SECONDS) * (12 * HOUR_SECONDS)  # a multiple of pulse's cadence
PULSE = load_strategy("pulse")
CAPS = PULSE.caps

hour = st.builds(
    lambda offset, channel, n, weight, lean, authors, stories: Capped(
        T + offset * HOUR_SECONDS,
        channel,
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
    st.sampled_from(CHANNELS),
    st.integers(1, 50),
    st.integers(1, MICRO),
    st.integers(-100, 100),
    st.integers(1, 50),
    st.integers(1, 50),
)


def unique(hours: list[Capped]) -> list[Capped]:
    return sorted({(h.start, h.channel): h for h in hours}.values())


def days_of(hours: list[Capped]) -> list[Capped]:
    return [h._replace(start=h.start // DAY_SECONDS * DAY_SECONDS) for h in hours]


def features_of(hours: list[Capped], days: list[Capped], strategy: Strategy = PULSE) -> dict[str, float]:
    shape = Shape.of(strategy)
    blocks: dict[int, list[Capped]] = {}
    by_day: dict[int, list[Capped]] = {}
    for row in hours:
        blocks.setdefault(row.start // shape.size * shape.size, []).append(row)
    for row in days:
        by_day.setdefault(row.start, []).append(row)
    summed = {start: block_of(start, rows, shape) for start, rows in blocks.items()}
    look = look_back(T, summed, {start: day_of(rows) for start, rows in by_day.items()}, strategy)
    return features(look, strategy)


@given(st.lists(hour, max_size=40))
def test_what_comes_at_or_after_t_changes_nothing(hours: list[Capped]) -> None:
    everything = unique(hours)
    days = days_of(everything)
    past = [h for h in everything if h.start + HOUR_SECONDS <= T]
    past_days = [d for d in days if d.start + DAY_SECONDS <= T]
    assert features_of(everything, days) == features_of(past, past_days)


@given(st.lists(hour, max_size=40))
def test_features_keep_their_ranges_and_signals_survive_the_wire(hours: list[Capped]) -> None:
    some = unique(hours)
    found = features_of(some, days_of(some))
    asked = {*PEER_FEATURES, *EXPECTED_FEATURES}  # made for strategies that name them
    assert set(FEATURES) - asked <= set(found)
    assert -1 <= found["level"] <= 1
    assert -2 <= found["change"] <= 2
    assert 0 <= found["novelty"] <= 1
    signal = recommend("AAPL", T * SECOND, found, 9, PULSE, available_at=T * SECOND + 1)
    assert signal is not None
    assert -MICRO <= signal.score <= MICRO
    assert 0 <= signal.confidence <= MICRO
    assert signal.action in ACTIONS
    assert decode_signal(encode_signal(signal)) == signal


@given(st.lists(hour, max_size=40), st.sampled_from((1, 4, 12)), st.sampled_from((7, 24, 120)))
def test_blocks_sum_up_to_the_definition(hours: list[Capped], cadence: int, lookback: int) -> None:
    """Hour by hour, decayed from the middle of each to T: what a block is for is speed alone."""
    strategy = msgspec.structs.replace(PULSE, cadence_hours=cadence, lookback_hours=lookback)
    heard = [h for h in unique(hours) if T - lookback * HOUR_SECONDS <= h.start < T]
    found = features_of(unique(hours), [], strategy)

    def level(half_life: float, channel: str | None = None) -> float:
        some = [h for h in heard if channel in (None, h.channel)]
        decay = [0.5 ** (((T - h.start) / HOUR_SECONDS - 0.5) / half_life) for h in some]
        weight = strategy.prior_documents * MICRO + sum(d * h.weight for d, h in zip(decay, some, strict=True))
        return sum(d * h.score for d, h in zip(decay, some, strict=True)) / weight

    one = strategy.half_life_hours
    apart = {h.channel for h in heard} == set(CHANNELS)
    documents = sum(h.documents for h in heard)
    assert found["level"] == pytest.approx(level(one), abs=1e-9)
    assert found["change"] == pytest.approx(level(one / 4) - level(one * 3), abs=1e-9)
    assert found["disagreement"] == pytest.approx(level(one, "news") - level(one, "social") if apart else 0, abs=1e-9)
    assert found["author_diversity"] == pytest.approx(sum(h.authors for h in heard) / documents if documents else 0)


@given(st.integers(1, 10_000), st.integers(1, 20), st.integers(-100, 100))
def test_one_author_cannot_move_a_bucket_alone(flood: int, others: int, lean: int) -> None:
    weight = flood * MICRO
    bucket = Bucket(
        documents=flood + others, weight_sum=weight + others * MICRO, score_sum=weight + others * MICRO * lean // 100
    )
    shares = [Share(flood, weight, weight), *(Share(1, MICRO, MICRO * lean // 100) for _ in range(others))]
    [capped] = cap([Shared(T, "news", bucket, {f"a{number}": share for number, share in enumerate(shares)}, {})], CAPS)
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
    by_name = [{f"a{number}": share for number, share in enumerate(each)} for each in (shares, mixed)]
    one, other = (cap([Shared(T, "news", bucket, each, {})], CAPS) for each in by_name)
    assert one == other


def test_rising_opinion_buys_and_falling_sells() -> None:
    weight = 4 * MICRO

    def story(lean: float) -> float:
        score, square = int(weight * lean), int(weight * lean * lean)
        hours = [
            Capped(T - k * HOUR_SECONDS, "news", 4, weight, score, square, 4, 4, {"a": 4}, {}) for k in range(24, 0, -1)
        ]
        found = features_of(hours, [])
        signal = recommend("AAPL", T * SECOND, found, 96, PULSE, available_at=T * SECOND)
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


@pytest.mark.parametrize("name", ["deals", "mergers_investments"])
def test_a_group_weighs_what_its_classes_share(tmp_path: Path, name: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(f"name: x\nversion: 1\nweights: {{event.{name}: 1}}")
    strategy = load_strategy(str(path))
    found = {"event.stake": 0.25, "event.acquisition": 0.125, "event.debt": 0.5}
    signal = recommend("AAPL", T, found, 9, strategy, available_at=T)
    assert signal is not None and signal.score == 375_000
    assert recommend("AAPL", T, {"event.mergers_investments": 0.375}, 9, strategy, available_at=T) is not None


def test_the_classes_of_former_buckets_count_as_those_of_now() -> None:
    counts = {"financing": 3, "earnings_report": 1, "energy": 4}
    found = features_of([Capped(T - HOUR_SECONDS, "news", 8, MICRO, 0, 0, 1, 1, {"a": 8}, counts)], [])
    assert {name: share for name, share in found.items() if name.startswith("event.")} == {
        "event.earnings_report": 0.5, "event.commodities": 0.5,
    }  # fmt: skip


def test_too_few_documents_say_nothing() -> None:
    assert recommend("AAPL", T, {}, PULSE.minimum_documents - 1, PULSE, available_at=T) is None


@given(st.integers(-MICRO, MICRO))
def test_actions_follow_the_score(score: int) -> None:
    higher = action_of(min(MICRO, score + 1000), PULSE)
    assert ACTIONS.index(higher) >= ACTIONS.index(action_of(score, PULSE))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("name: x\nversion: 1\nweights: {hope: 1}", "unknown feature 'hope'; choose from level, change"),
        ("name: x\nversion: 1\nweights: {event.layoff: 1}", "unknown event 'layoff': did you mean layoffs"),
        ("name: x\nversion: 1\nweights: {level: 0}", "every weight is 0"),
        ("name: x\nversion: 1\nweights: {level: 1}\nscales: {level: 0}", "a scale must be above 0"),
        ("name: x\nversion: 1\nweights: {level: 1}\ncadence_hours: 5", "cadence_hours must divide 24"),
        ("name: x\nversion: 1\nweights: {level: 1}\nthresholds: {buy: -1}", "thresholds must rise"),
        ("name: x\nversion: 1\nweights: {level: 1}\nluck: 2", "luck"),
        ("name: [", "line 1, column 8: expected the node content"),
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
