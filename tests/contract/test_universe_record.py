"""What a run remembers of the universes that it was read with, on a real Redis."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import redis

from services.scoring.provenance.universe_record import record_universe, universes
from shared.clock import ReplayClock
from shared.contract.keys import run_key

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_a_change_is_noted_once_with_its_position(redis_url: str, run_name: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.hset(run_key(run_name), "model_id", "m" * 16)
        clock = ReplayClock(int(NOON.timestamp() * 1_000_000))
        first = record_universe(client, run_name, "a" * 16, 3, lambda: {"documents.news:0": 7}, clock)
        assert first == {
            "before": "",
            "universe": "a" * 16,
            "instruments": 3,
            "at": "2026-03-02T12:00:00Z",
            "offsets": {"documents.news:0": 7},
        }
        assert record_universe(client, run_name, "a" * 16, 3, lambda: pytest.fail("nothing is new")) is None
        second = record_universe(client, run_name, "b" * 16, 4, dict, clock)
        assert second is not None and second["before"] == "a" * 16
        assert universes(client, run_name) == [first, second]
        assert client.hget(run_key(run_name), "universe") == b"b" * 16
        assert client.hget(run_key(run_name), "model_id") == b"m" * 16


def test_of_two_that_start_at_once_one_notes_it(redis_url: str, run_name: str) -> None:
    with redis.Redis.from_url(redis_url) as client:

        def meanwhile() -> dict[str, int]:
            record_universe(client, run_name, "b" * 16, 4, dict)
            return {}

        assert record_universe(client, run_name, "b" * 16, 4, meanwhile) is None
        assert len(universes(client, run_name)) == 1
        assert universes(client, "no-such-run") == []
