"""A full disk costs nothing: the cause is named, nothing is lost, and all goes on when there is room.

On a tmpfs of a few megabytes in a mount namespace of its own, which takes root.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# What runs in the namespace: DISK is the small one.
_LEDGER = """
import sqlite3, sys
from pathlib import Path
from services.ingest.delivery.ledger import Counts, Known, Ledger, Progress
from shared.clients.state_folder import write_atomically

disk = Path(sys.argv[1])
ledger = Ledger(disk / "ingest" / "ledger.sqlite3", "topic")
filling = disk / "filling"
write_atomically(disk / "held.json", b"before")
committed = []
def commit(number):
    ids = [f"{number * 1000 + n:032x}" for n in range(1000)]
    ledger.commit("feed", Progress({"rows": number}, Counts(read=number * 1000)), map(Known, ids))
    committed.append(ids)
commit(1)
with filling.open("wb") as out:
    try:
        while True:
            out.write(b"x" * 65536); out.flush()
    except OSError:
        pass
errors = []
for number in range(2, 40):
    try:
        commit(number)
    except sqlite3.OperationalError as error:
        errors.append(str(error)); break
assert errors and "full" in errors[0], errors
try:
    write_atomically(disk / "held.json", b"after" * 100_000)
except OSError as error:
    assert "No space left" in str(error)
else:
    raise AssertionError("the disk is not full")
assert (disk / "held.json").read_bytes() == b"before"
assert [path.name for path in disk.glob(".held*")] == []
done = len(committed)
assert ledger.progress("feed").cursor == {"rows": done}  # the last whole step, and nothing of the one that failed
assert ledger.known([f"{(done + 1) * 1000:032x}"]) == set()
filling.unlink()
commit(done + 1)
ledger.close()
again = Ledger(disk / "ingest" / "ledger.sqlite3", "topic")
for ids in committed:
    assert again.known(ids) == set(ids)
assert again.progress("feed").cursor == {"rows": done + 1}
print("held")
"""

_REDIS = """
import sys, time
from pathlib import Path
import redis
from shared.clients.redis import condition_of
from tests.plain_redis import plain_redis

disk = Path(sys.argv[1])
folder = disk / "redis"; folder.mkdir()
filling = disk / "filling"
with plain_redis(folder, "--appendonly", "yes", "--appendfsync", "everysec") as url:
    client = redis.Redis.from_url(url)
    client.set("kept:0", b"0")
    with filling.open("wb") as out:
        try:
            while True:
                out.write(b"x" * 65536); out.flush()
        except OSError:
            pass
    kept, refused = 1, ""
    deadline = time.monotonic() + 60
    while not refused and time.monotonic() < deadline:
        try:
            client.set(f"kept:{kept}", b"v" * 20000); kept += 1
        except redis.RedisError as error:
            refused = str(error)
    assert "MISCONF" in refused or "AOF" in refused, refused
    faults = condition_of(client).faults
    assert any("is its disk full?" in fault for fault in faults), faults
    filling.unlink()
    while True:
        try:
            client.set(f"kept:{kept}", b"0"); kept += 1; break
        except redis.RedisError:
            assert time.monotonic() < deadline + 60
            time.sleep(0.1)
    assert condition_of(client).faults == []
    assert all(client.exists(f"kept:{number}") for number in range(kept))
print("held")
"""


@pytest.mark.parametrize("script", [_LEDGER, _REDIS], ids=["ledger and state", "redis"])
def test_a_full_disk_costs_nothing_and_is_named(tmp_path: Path, script: str) -> None:
    if os.getuid() != 0 or subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True).returncode:
        pytest.skip("only root may mount a small disk in a namespace of its own")
    program = tmp_path / "program.py"
    program.write_text(script)
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = 'mount -t tmpfs -o size=6m tmpfs "$1" && exec "$2" "$3" "$1"'
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", mounted, "sh", str(disk), sys.executable, str(program)],
        capture_output=True, text=True, timeout=200, check=False, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() == "held"
