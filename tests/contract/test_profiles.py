"""Profiles in a real Redis."""

from __future__ import annotations

import msgspec
import pytest
import redis

from services.alerts.recommend import UnknownItem, rate, recommend
from shared.contract.events import MICRO
from shared.contract.keys import Keys, run_key
from shared.contract.signals import encode_signal
from shared.contract.topics import Topics
from shared.reading.readers.profiles import Follow, ProfileError, Profiles, Rating
from tests.unit.alerts.samples import T, document, signal


def test_profiles_in_redis(redis_url: str, run_name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    profiles = Profiles(redis.Redis.from_url(redis_url))
    follow = Follow("main", "company", "AAPL")
    assert profiles.add(run_name, follow, 1)
    assert not profiles.add(run_name, follow, 2)
    assert profiles.follows(run_name) == [follow]
    assert run_name in profiles.names()
    assert profiles.remove(run_name, follow)
    assert not profiles.remove(run_name, follow)
    monkeypatch.setattr("shared.reading.readers.profiles.KEPT_RATINGS", 3)
    for at in range(5):
        profiles.rate(run_name, f"item{at}", Rating(value=1, at=at, features=("company:AAPL",)))
    assert sorted(profiles.ratings(run_name)) == ["item2", "item3", "item4"]
    profiles.rate(run_name, "item3", None)
    assert sorted(profiles.ratings(run_name)) == ["item2", "item4"]
    with pytest.raises(ProfileError, match="letters, digits"):
        profiles.add("a b", follow, 1)


def test_a_script_gets_the_ranking_and_its_thumb_moves_it(redis_url: str, run_name: str) -> None:
    client, keys = redis.Redis.from_url(redis_url), Keys(run_name, 4)
    client.hset(run_key(run_name), f"partitions.{Topics(run_name).opinions}", "4")
    for number, company in enumerate(("AAPL", "MSFT", "XOM")):
        said = signal(0, 0.3 + number / 10, company)
        client.hset(keys.latest_signals(keys.slot_of(company)), f"pulse|{company}", encode_signal(said))
        client.hset(keys.companies(keys.slot_of(company)), company, T)
        one = document(number, company=company, weight=MICRO * (5 + number) // 10)
        client.hset(keys.recent(company), one.id, msgspec.json.encode(one))

    def order(kind: str) -> list[str]:
        return [each["company"] for each in recommend(client, run_name, run_name, 10)[kind]]

    assert order("companies") == order("articles") == ["XOM", "MSFT", "AAPL"]
    Profiles(client).add(run_name, Follow("main", "company", "AAPL"), 1)
    first = recommend(client, run_name, run_name, 1)["articles"][0]
    assert (first["company"], first["followed"], first["what"]) == ("AAPL", True, "title 0")
    assert first["reasons"][0] == "followed: AAPL"
    key = recommend(client, run_name, run_name, 3)["articles"][2]["key"]
    assert key.endswith(":MSFT")
    rate(client, run_name, run_name, key, 1, 2)
    assert order("companies") == ["AAPL", "MSFT", "XOM"]  # of one sector with what was liked
    rate(client, run_name, run_name, key, 0, 3)
    assert order("companies") == ["AAPL", "XOM", "MSFT"]
    with pytest.raises(UnknownItem, match="watchlist recommend"):
        rate(client, run_name, run_name, "nothing", 1, 4)
