"""The strategy `hourly` beside `pulse`: every hour, of what was written of, and it changes nothing of the other."""

from __future__ import annotations

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from services.aggregation.signals.strategy import load_strategy
from shared.clock import HOUR, HOUR_SECONDS, SECOND
from shared.contract.events import MICRO, Opinion
from shared.contract.signals import encode_signal
from tests.unit.aggregation.test_closing import given_out, interleaved, stream

PULSE, HOURLY = load_strategy("pulse"), load_strategy("hourly")


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(5, 60))
def test_pulse_says_the_same_to_the_byte_with_hourly_beside_it(seed: int, batch: int) -> None:
    records = interleaved([stream(seed, partition, 40) for partition in range(2)], seed)
    alone, _ = given_out(records, batch, [PULSE])
    both, _ = given_out(records, batch, [PULSE, HOURLY])
    assert [encode_signal(s) for s in both if s.strategy == "pulse"] == [encode_signal(s) for s in alone]
    assert any(s.strategy == "hourly" for s in both)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_it_speaks_only_of_companies_written_of_within_its_look_back(seed: int) -> None:
    streams = [stream(seed, partition, 60) for partition in range(2)]
    silent = msgspec.structs.replace(HOURLY, name="any", minimum_documents=0)  # nothing to say even if it is asked to
    signals, _ = given_out(interleaved(streams, seed), 20, [HOURLY, silent])
    assert signals
    opinions = [message for some in streams for message in some if isinstance(message, Opinion)]
    for signal in signals:
        begin = signal.at - HOURLY.lookback_hours * HOUR
        own = [o for o in opinions if o.company == signal.company and begin <= o.available_at < signal.at]
        assert own
        assert signal.at % HOUR == 0
        assert signal.cadence_hours == 1


def test_evidence_is_what_moved_the_level_the_way_of_the_score() -> None:
    signals, _ = given_out(interleaved([stream(3, p, 60) for p in range(2)], 3), 20, [HOURLY])
    with_evidence = [signal for signal in signals if signal.evidence and signal.score]
    assert with_evidence
    for signal in with_evidence:
        way = 1 if signal.score > 0 else -1
        ordered = [way * part for part in signal.contributions]
        assert ordered == sorted(ordered, reverse=True)
        assert len(signal.contributions) == len(signal.evidence)


def test_a_company_s_only_documents_add_up_to_its_level() -> None:
    """Where every document is kept and none is cut, what they moved and what the rest moved is the level."""
    streams = [stream(8, p, 12) for p in range(2)]
    free = msgspec.structs.replace(HOURLY, author_cap=1e6, story_cap=1e6, minimum_documents=1)
    signals, _ = given_out(interleaved(streams, 8), 20, [free])
    opinions = [message for some in streams for message in some if isinstance(message, Opinion)]
    checked = 0
    for signal in signals:
        begin = signal.at - 24 * HOUR
        heard = [o for o in opinions if o.company == signal.company and begin <= o.available_at < signal.at]
        if len(heard) > len(signal.evidence) or len(heard) != signal.documents:
            continue
        checked += 1
        level = signal.features.get("level", 0)
        weight = sum(_aged(o, signal.at) for o in heard)
        prior = free.prior_documents * MICRO  # its part: it held everything, and lets go of it
        let_go = (prior / (prior + weight) - 1) * (0 - level / 2)
        assert abs(sum(signal.contributions) + let_go - level) < 10
    assert checked


def _aged(opinion: Opinion, at: int) -> float:
    confidence = max(opinion.negative, opinion.neutral, opinion.positive)
    hour = opinion.available_at // SECOND // HOUR_SECONDS * HOUR_SECONDS
    age = (at // SECOND - hour) / HOUR_SECONDS - 0.5
    return float(opinion.relevance * confidence / MICRO * 0.5 ** (age / HOURLY.half_life_hours))
