"""Names, terms and the lead of a run, on a real Redis: what two machines may not both have."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from services.ingest.delivery import lead as leads
from services.ingest.delivery.lead import Lead, LedElsewhere, bind_author_key, leading
from services.runtime.claims import Claims
from services.runtime.exits import ExitCode, WorkerStop
from shared.contract.keys import claim_key, run_key
from shared.contract.operation.claims import Claim, encode_claim
from shared.settings import Settings, load_settings
from tests.system import until

PULSE = {"strategies": "pulse 0123456789abcdef", "lateness_seconds": "60"}


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as made:
        yield made


def on(host: str, folder: Path, redis_url: str, run: str) -> Settings:
    return load_settings(folder / host, run=run, machine=host, redis={"url": redis_url})


def test_a_name_belongs_to_one_living_worker(
    client: redis.Redis, tmp_path: Path, redis_url: str, run_name: str
) -> None:
    left = Claims(client, on("left", tmp_path, redis_url, run_name), "scoring", "1")
    left.take()
    right = Claims(client, on("right", tmp_path, redis_url, run_name), "scoring", "1")
    with pytest.raises(WorkerStop, match=r"'1' of run .* is at work on left .* this is right") as told:
        right.take()
    assert told.value.code is ExitCode.RESTART  # tried again: the other may end
    assert "--workers-only" in str(told.value)
    Claims(client, on("right", tmp_path, redis_url, run_name), "scoring", "2").take()
    left.take()  # the same worker, started again
    left.give_up()
    right.take()
    left.give_up()  # what is another's by now stays
    with pytest.raises(WorkerStop, match="at work on right"):
        left.take()


def test_a_killed_worker_of_this_machine_leaves_its_name_at_once(
    client: redis.Redis, tmp_path: Path, redis_url: str, run_name: str
) -> None:
    claims = Claims(client, on("left", tmp_path, redis_url, run_name), "archive", "1")
    gone = Claim(host="left", machine=claims.machine.token, pid=2**22 + 1)  # above any pid
    client.set(claim_key(run_name, "archive", "1"), encode_claim(gone), ex=60)
    claims.take()
    twin = Claim(host="left", machine=claims.machine.token, pid=os.getppid())
    client.set(claim_key(run_name, "archive", "1"), encode_claim(twin), ex=60)
    with pytest.raises(WorkerStop, match="give each worker a name of its own"):
        claims.take()
    recreated = Claim(host="container-2", machine=claims.machine.token, pid=os.getppid())  # of the same state folder
    client.set(claim_key(run_name, "archive", "1"), encode_claim(recreated), ex=60)
    claims.take()


@pytest.mark.parametrize("term", sorted(PULSE))
def test_workers_on_other_terms_are_refused_with_both_values(
    client: redis.Redis, tmp_path: Path, redis_url: str, run_name: str, term: str
) -> None:
    first = Claims(client, on("left", tmp_path, redis_url, run_name), "aggregation", "left-1")
    first.take(PULSE)
    Claims(client, on("right", tmp_path, redis_url, run_name), "aggregation", "right-1").take(PULSE)
    other = Claims(client, on("far", tmp_path, redis_url, run_name), "aggregation", "far-1")
    with pytest.raises(WorkerStop) as told:
        other.take(PULSE | {term: "another"})
    assert told.value.code is ExitCode.REFUSED
    assert PULSE[term] in str(told.value)
    assert "'another'" in str(told.value)
    assert "left-1 on left" in str(told.value) or "right-1 on right" in str(told.value)
    assert client.get(claim_key(run_name, "aggregation", "far-1")) is None
    held = client.hget(run_key(run_name), term)
    assert held == PULSE[term].encode()


def test_terms_change_when_nobody_works_on_the_former_ones(
    client: redis.Redis, tmp_path: Path, redis_url: str, run_name: str
) -> None:
    first = Claims(client, on("left", tmp_path, redis_url, run_name), "aggregation", "1")
    first.take(PULSE)
    first.take({"strategies": "hourly f", "lateness_seconds": "60"})  # the only one, started again with another
    assert client.hget(run_key(run_name), "strategies") == b"hourly f"
    with pytest.raises(WorkerStop, match="'hourly f'"):
        Claims(client, on("right", tmp_path, redis_url, run_name), "aggregation", "2").take(PULSE)
    first.give_up()
    Claims(client, on("right", tmp_path, redis_url, run_name), "aggregation", "2").take(PULSE)
    assert client.hget(run_key(run_name), "strategies") == PULSE["strategies"].encode()


def test_of_many_that_start_at_once_with_two_settings_one_setting_holds(
    client: redis.Redis, tmp_path: Path, redis_url: str, run_name: str
) -> None:
    refused: list[int] = []
    barrier = threading.Barrier(8)

    def start(number: int) -> None:
        claims = Claims(client, on(f"h{number}", tmp_path, redis_url, run_name), "aggregation", f"h{number}")
        barrier.wait()
        try:
            claims.take({"strategies": f"s{number % 2}"})
        except WorkerStop:
            refused.append(number)

    threads = [threading.Thread(target=start, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    held = client.hget(run_key(run_name), "strategies")
    assert held in (b"s0", b"s1")
    assert sorted(refused) == [number for number in range(8) if f"s{number % 2}".encode() != held]


def test_one_state_folder_feeds_a_run(
    client: redis.Redis, tmp_path: Path, redis_url: str, run_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leads, "TTL_SECONDS", 1)
    monkeypatch.setattr(leads, "RENEWED_SECONDS", 0.1)
    left, right = (on(host, tmp_path, redis_url, run_name) for host in ("left", "right"))
    key = run_key(run_name)
    with leading(left):
        assert Lead(client, left).take() == ""
        assert Lead(client, right).take().startswith("left (state folder ")
        with pytest.raises(LedElsewhere, match=r"is fed from left .* this is right"), leading(right):
            pass
        assert client.hget(key, "author_key") is not None
        threading.Event().wait(1.5)  # longer than it lives without being renewed
        assert Lead(client, right).take().startswith("left ")
    until(lambda: Lead(client, right).take() == "", 5)


def test_authors_of_a_run_are_hashed_with_one_key(
    client: redis.Redis, tmp_path: Path, redis_url: str, run_name: str
) -> None:
    left, right = (on(host, tmp_path, redis_url, run_name) for host in ("left", "right"))
    bind_author_key(client, left)
    bound = (client.hget(run_key(run_name), "author_key") or b"").decode()
    with pytest.raises(WorkerStop, match=r"STATE/author\.key") as told:
        bind_author_key(client, right)
    assert told.value.code is ExitCode.REFUSED
    assert bound in str(told.value)
    (right.state_dir / "author.key").write_bytes((left.state_dir / "author.key").read_bytes())
    bind_author_key(client, right)
    assert (left.state_dir / "author.key").read_text() not in str(told.value)
