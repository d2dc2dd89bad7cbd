"""Profiles in a real Redis."""

from __future__ import annotations

import pytest
import redis

from shared.profiles import Follow, ProfileError, Profiles, Rating


def test_profiles_in_redis(redis_url: str, run_name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    profiles = Profiles(redis.Redis.from_url(redis_url))
    follow = Follow("main", "company", "AAPL")
    assert profiles.add(run_name, follow, 1)
    assert not profiles.add(run_name, follow, 2)
    assert profiles.follows(run_name) == [follow]
    assert run_name in profiles.names()
    assert profiles.remove(run_name, follow)
    assert not profiles.remove(run_name, follow)
    monkeypatch.setattr("shared.profiles.KEPT_RATINGS", 3)
    for at in range(5):
        profiles.rate(run_name, f"item{at}", Rating(value=1, at=at, features=("company:AAPL",)))
    assert sorted(profiles.ratings(run_name)) == ["item2", "item3", "item4"]
    profiles.rate(run_name, "item3", None)
    assert sorted(profiles.ratings(run_name)) == ["item2", "item4"]
    with pytest.raises(ProfileError, match="letters, digits"):
        profiles.add("a b", follow, 1)
