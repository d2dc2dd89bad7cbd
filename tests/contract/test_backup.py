"""Backup, restore and reset on a real Redis."""

from __future__ import annotations

import gzip
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis

from services.aggregation.admin.backup import backup, reset, restore
from services.aggregation.admin.backup_file import (
    FORMAT,
    VERSION,
    BackupError,
    Entry,
    Header,
    open_backup,
    write_backup,
)
from services.aggregation.admin.backup_state import left_out
from services.aggregation.admin.dump import aggregates_sha256, dump
from services.aggregation.core.apply import apply
from services.aggregation.core.plan import Rules
from services.aggregation.pipeline import read_positions
from services.aggregation.stores.redis_store import RedisStore
from services.runtime.exits import ExitCode, WorkerStop
from shared.clients.state_folder import StateFolder, make_folder, write_atomically
from shared.clock import ReplayClock
from shared.contract.keys import API_KEYS, RUNS, Keys, run_key, worker_key
from shared.contract.topics import partition_for
from shared.reading.readers.profiles import Follow, Profiles
from shared.reading.values.binding import UnknownRun
from shared.settings import AggregationSettings
from tests.unit.aggregation.opinions import opinion

RULES = Rules.of(AggregationSettings())
CLOCK = ReplayClock(1_700_000_000_000_000)
SLOTS = 4


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as made:
        yield made


@pytest.fixture
def store(client: redis.Redis, run_name: str) -> RedisStore:
    client.hset(run_key(run_name), mapping={f"partitions.run.{run_name}.opinions": str(SLOTS), "model_id": "m"})
    client.sadd(RUNS, run_name)
    made = RedisStore(client, run_name, SLOTS)
    add(made, 0, 50)
    return made


def add(store: RedisStore, first: int, count: int) -> None:
    for company in ("AAPL", "MSFT", "JPM"):
        slot = partition_for(company, SLOTS)
        records = [(i, opinion(i, company=company, author=f"{i:016x}")) for i in range(first, first + count)]
        apply(store, slot, "O", records, RULES)


def test_a_restored_run_is_what_it_was_and_goes_on_from_there(
    client: redis.Redis, store: RedisStore, run_name: str, tmp_path: Path
) -> None:
    file = tmp_path / "run.backup"
    profiles, follow, keys = Profiles(client), Follow("main", "company", "AAPL"), Keys(run_name, SLOTS)
    profiles.add(run_name, follow, 1)
    client.set(keys.alerts_position(), "S:5")
    client.hset(keys.alerts(), "1", "{}")
    count = backup(client, run_name, file, CLOCK)
    others = sum(1 for pattern in (f"bw:{{{run_name}.*", "bw:profile:*") for _ in client.scan_iter(pattern))
    assert count == others
    before, sha = dump(store), aggregates_sha256(store)
    add(store, 50, 20)
    after = dump(store)
    client.set(f"bw:{{{run_name}.0}}:left-over", "x")
    client.set(keys.alerts_position(), "S:9")
    profiles.remove(run_name, follow)
    profiles.add(run_name, Follow("main", "sector", "Energy"), 2)
    assert restore(client, file).run == run_name
    fresh = RedisStore(client, run_name, SLOTS)
    assert dump(fresh) == before
    assert aggregates_sha256(fresh) == sha
    assert not client.exists(f"bw:{{{run_name}.0}}:left-over")
    assert client.get(keys.alerts_position()) == b"S:5"
    assert client.hgetall(keys.alerts()) == {b"1": b"{}"}
    assert profiles.follows(run_name) == [
        follow,
        Follow("main", "sector", "Energy"),
    ]  # of no run: nothing is taken away
    add(fresh, 50, 20)
    assert dump(fresh) == after


def test_files_and_keys_are_put_back_where_there_are_none(
    client: redis.Redis, store: RedisStore, run_name: str, tmp_path: Path
) -> None:
    del store
    file, state, other = tmp_path / "run.backup", StateFolder(tmp_path / "state"), StateFolder(tmp_path / "other")
    write_atomically(state.author_key, b"secret")
    write_atomically(state.sources, b"sources: []")
    make_folder(state.ledger.parent)
    with closing(sqlite3.connect(state.ledger)) as ledger:
        ledger.execute("CREATE TABLE seen (id TEXT)")
        ledger.execute("INSERT INTO seen VALUES ('a document')")
        ledger.commit()
    client.hset(API_KEYS, run_name, "{}")
    write_atomically(state.root / "universe" / "mine.csv", b"ticker,name")
    write_atomically(state.root / "rules.yaml", b"version: 1")
    write_atomically(tmp_path / "elsewhere.csv", b"ticker,name")
    named = [Path("rules.yaml"), tmp_path / "elsewhere.csv", Path("standard")]
    assert left_out(state.root, named)[-1] == str(tmp_path / "elsewhere.csv")
    assert not any("rules.yaml" in each or "standard" in each for each in left_out(state.root, named))
    backup(client, run_name, file, CLOCK, state.root, named)
    write_atomically(other.author_key, b"another")
    done = restore(client, file, state=other.root)
    assert done.files == ["sources.yaml", "ingest/ledger.sqlite3", "universe/mine.csv", "rules.yaml"]
    assert (other.root / "universe" / "mine.csv").read_bytes() == b"ticker,name"
    # keys that are there may have been revoked since
    assert other.author_key.read_bytes() == b"another"
    assert other.ledger.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(other.ledger)) as ledger:
        assert ledger.execute("SELECT id FROM seen").fetchall() == [("a document",)]
    client.delete(API_KEYS)
    assert "the API's keys" in restore(client, file, state=other.root).files
    client.hdel(API_KEYS, run_name)


def test_reset_deletes_the_run_and_no_other(client: redis.Redis, store: RedisStore, run_name: str) -> None:
    client.set(f"bw:{{{run_name}x.0}}:position", "O:1")
    assert reset(client, run_name) > 0
    assert not list(client.scan_iter(f"bw:{{{run_name}.*"))
    assert client.get(f"bw:{{{run_name}x.0}}:position") == b"O:1"
    with pytest.raises(UnknownRun, match="it has:"):
        reset(client, run_name)
    assert store.position(0) is None


def test_refused_while_a_worker_lives(client: redis.Redis, store: RedisStore, run_name: str, tmp_path: Path) -> None:
    file = tmp_path / "run.backup"
    backup(client, run_name, file, CLOCK)
    for role in ("aggregation", "alerts"):
        client.set(worker_key(run_name, role, "7"), b"{}", ex=60)
        for attempt in (lambda: restore(client, file), lambda: reset(client, run_name)):
            with pytest.raises(BackupError, match=rf"{role} worker 7 .* is running"):
                attempt()
        client.delete(worker_key(run_name, role, "7"))
    assert dump(store) != b""


def test_half_a_file_touches_nothing(client: redis.Redis, store: RedisStore, run_name: str, tmp_path: Path) -> None:
    file = tmp_path / "run.backup"
    backup(client, run_name, file, CLOCK)
    whole, before = file.read_bytes(), dump(store)
    for damaged in (whole[: len(whole) // 2], whole[:-9], b"", b"not a backup"):
        file.write_bytes(damaged)
        with pytest.raises(BackupError, match="is incomplete or damaged"):
            restore(client, file)
    assert dump(store) == before


def test_what_was_changed_in_it_touches_nothing(
    client: redis.Redis, store: RedisStore, run_name: str, tmp_path: Path
) -> None:
    """Every byte of the plain content counts, not only gzip's own check sum."""
    file = tmp_path / "run.backup"
    backup(client, run_name, file, CLOCK)
    plain, before = gzip.decompress(file.read_bytes()), dump(store)
    for place in (8 + plain[8:].index(b"AAPL"), len(plain) // 2, len(plain) - 5):
        file.write_bytes(gzip.compress(plain[:place] + bytes([plain[place] ^ 1]) + plain[place + 1 :]))
        with pytest.raises(BackupError, match=r"use another backup|upgrade"):
            restore(client, file)
    file.write_bytes(gzip.compress(plain + b"more"))
    with pytest.raises(BackupError, match="follows its end"):
        restore(client, file)
    assert dump(store) == before


@pytest.mark.parametrize(
    ("group", "key"),
    [
        (0, "bw:profiles"), (0, "bw:run:{run}"), (0, "bw:{{other.0}}:totals"), (0, "bw:{{{run}.1}}:totals"),
        (0, "bw:{{{run}.0}}:position"), (SLOTS, "bw:{{{run}.0}}:totals"), (SLOTS, "anything"),
        (SLOTS + 1, "bw:{{{run}.0}}:totals"), (SLOTS + 1, "bw:profile:{{a/b}}:follows"),
        (SLOTS + 1, "bw:profile:{{me}}:other"), (SLOTS + 1, "bw:profile:{{me}}:follows:{{you}}"),
    ],
)  # fmt: skip
def test_a_key_that_is_not_the_run_s_touches_nothing(
    client: redis.Redis, store: RedisStore, run_name: str, tmp_path: Path, group: int, key: str
) -> None:
    """Such a file is refused in either version, however right its digest is."""
    file, before = tmp_path / "run.backup", dump(store)
    for version in (2, VERSION):
        groups: list[list[Entry]] = [[] for _ in range(SLOTS + 2)]
        groups[group] = [(key.format(run=run_name).encode(), {b"a": b"b"})]
        write_backup(file, header(run_name, version=version), iter(groups))
        if version == 2:
            without_digest(file)
        with pytest.raises(BackupError, match="which is no key of run"):
            restore(client, file)
    assert dump(store) == before
    assert not client.exists("anything")


def test_a_header_that_fits_no_run_touches_nothing(
    client: redis.Redis, store: RedisStore, run_name: str, tmp_path: Path
) -> None:
    file, before = tmp_path / "run.backup", dump(store)
    for wrong in (
        header(f"{run_name}.0}}:x"), header(run_name, slots=0), header(run_name, slots=10**9),
        header(run_name, binding={}), header(run_name, groups=-1),
    ):  # fmt: skip
        write_backup(file, wrong, iter([[]]))
        with pytest.raises(BackupError, match="fits no run"):
            restore(client, file)
    assert dump(store) == before


def test_a_backup_of_the_former_version_is_taken(
    client: redis.Redis, store: RedisStore, run_name: str, tmp_path: Path
) -> None:
    file = tmp_path / "run.backup"
    backup(client, run_name, file, CLOCK)
    found, groups = open_backup(file)
    write_backup(file, msgspec.structs.replace(found, version=2), iter(list(groups)))
    without_digest(file)
    before = dump(store)
    add(store, 50, 20)
    restore(client, file)
    assert dump(RedisStore(client, run_name, SLOTS)) == before


def test_a_restore_that_is_cut_short_leaves_every_slot_closed(
    client: redis.Redis, store: RedisStore, run_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, before = tmp_path / "run.backup", dump(store)
    backup(client, run_name, file, CLOCK)
    monkeypatch.setattr(Profiles, "names", lambda _: [])
    with monkeypatch.context() as patch, pytest.raises(redis.ConnectionError):
        patch.setattr(client, "sadd", lost)
        restore(client, file)
    for slot in range(SLOTS):
        assert client.get(Keys(run_name, SLOTS).position(slot)) == b"restoring:0"
    restore(client, file)
    assert dump(store) == before


def lost(*_: object) -> None:
    raise redis.ConnectionError


def header(run: str, *, slots: int = SLOTS, version: int = VERSION, **more: Any) -> Header:
    binding = {f"partitions.run.{run}.opinions": str(slots)}
    given = {"binding": binding, "groups": 2, "created_at": 0} | more
    return Header(format=FORMAT, version=version, run=run, slots=slots, **given)


def without_digest(file: Path) -> None:
    plain = gzip.decompress(file.read_bytes())
    file.write_bytes(gzip.compress(plain[: -8 - len(msgspec.msgpack.encode(bytes(32)))]))


def test_no_worker_starts_on_a_restore_that_did_not_finish(
    client: redis.Redis, store: RedisStore, run_name: str
) -> None:
    client.set(Keys(run_name, SLOTS).position(2), "restoring:0")
    with pytest.raises(WorkerStop, match="bellwether restore") as stop:
        read_positions(store, "O", [0, 1, 2])
    assert stop.value.code is ExitCode.REFUSED
