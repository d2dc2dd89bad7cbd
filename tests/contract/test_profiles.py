"""Profiles in a real Redis."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

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
    for odd in ("", " ", "x" * 101, "line\nbreak", "\x1b[31m"):
        with pytest.raises(ProfileError, match="1 to 100 printable characters"):
            profiles.add(run_name, Follow("main", "company", odd), 1)
    monkeypatch.setattr("shared.reading.readers.profiles.MOST_FOLLOWS", 2)
    assert profiles.add(run_name, Follow("main", "company", "MSFT"), 1)
    assert profiles.add(run_name, follow, 1)
    assert not profiles.add(run_name, follow, 2)  # it is there already
    with pytest.raises(ProfileError, match="as many as it may"):
        profiles.add(run_name, Follow("other", "event", "earnings"), 1)


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


def test_events_are_followed_by_class_group_and_former_name(redis_url: str, run_name: str, tmp_path: Path) -> None:
    env = {"BELLWETHER_REDIS__URL": redis_url, "BELLWETHER_STATE_DIR": str(tmp_path)}

    def watchlist(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "services.commands.main", "watchlist", *words, "--profile", run_name]
        return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **env}, check=False)

    refused = watchlist("add", "event:layoff")
    assert refused.returncode == 1 and "did you mean layoffs" in refused.stderr and "Traceback" not in refused.stderr
    assert watchlist("add", "event:foo").returncode == 1
    done = watchlist("add", "event:layoffs", "event:deals", "event:energy", "--json")
    assert done.returncode == 0 and done.stderr.count("energy is an event class of former versions") == 1
    assert json.loads(done.stdout)["lists"]["main"]["events"] == ["deals", "energy", "layoffs"]
    Profiles(redis.Redis.from_url(redis_url)).add(run_name, Follow("main", "event", "foo"), 1)  # by a former version
    assert watchlist("remove", "event:foo").returncode == 0
    assert watchlist("remove", "event:energy", "event:deals", "event:layoffs").returncode == 0
