"""A full disk costs nothing: the cause is named, nothing is lost, and all goes on when there is room.

On a tmpfs of a few megabytes in a mount namespace of its own, which takes root. What else a program needs lies in ROOM.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.small_disk import hold_on_small_disk

_LEDGER = """
import sqlite3
from services.ingest.delivery.ledger import Counts, Known, Ledger, Progress
from shared.clients.state_folder import write_atomically

ledger = Ledger(disk / "ingest" / "ledger.sqlite3", "topic")
write_atomically(disk / "held.json", b"before")
committed = []
def commit(number):
    ids = [f"{number * 1000 + n:032x}" for n in range(1000)]
    ledger.commit("feed", Progress({"rows": number}, Counts(read=number * 1000)), map(Known, ids))
    committed.append(ids)
commit(1)
fill()
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
import redis
from shared.clients.redis import condition_of
from tests.plain_redis import plain_redis

folder = disk / "redis"; folder.mkdir()
with plain_redis(folder, "--appendonly", "yes", "--appendfsync", "everysec") as url:
    client = redis.Redis.from_url(url)
    client.set("kept:0", b"0")
    fill()
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

# Room for a little more at each try, so that every stage of a replay meets the full disk.
_REPLAY = """
import json, os
from services.backtest.inputs import load_run
from services.backtest.result import BacktestError
from services.commands.failures import explain
from services.replay.run import Question, replay
from services.runs.folder import list_runs
from shared.settings import load_settings

os.environ["XDG_CACHE_HOME"] = str(disk / "cache")
file = room / "posts.jsonl"
posts = [{"text": f"$AAPL beats {n}", "published_at": 1400000000 + 600 * n, "external_id": n} for n in range(3000)]
file.write_text("".join(json.dumps(post) + chr(10) for post in posts))
asked = Question(str(file), ("news",))
right = replay(load_settings(room / "state", model={"name": "stub"}), "posts", asked, cache=False)
settings = load_settings(disk / "state", model={"name": "stub"})
left, states = 0, set()
while True:
    fill(but=left)
    try:
        made = replay(settings, "posts", asked, resume=True)
        break
    except Exception as error:
        line, code = explain(error, disk / "state")
    assert code == 1 and "No space left on device" in line and "free space" in line, line
    states |= {run["state"] for run in list_runs(settings)}
    assert not list(disk.glob("state/runs/posts/.*")), "a draft is left"
    try:
        load_run(settings, "posts")
    except BacktestError:
        pass
    else:
        raise AssertionError("half a run looks whole")
    left += 65536
assert "stopped" in states and states <= {"running", "stopped"}, states  # at first there is no room even for "stopped"
assert "--resume" in line, line
assert made["aggregates_sha256"] == right["aggregates_sha256"] and made["cached"] > 0
assert len(load_run(settings, "posts").signals) == right["signals"] > 0
print("held")
"""

_FEED = """
from tests.contract.feed_servers import answer, http_server

shown, polls, grows = 3, 0, False

def story(number):
    words = f"{number} " * 500
    return (
        f'<item><title>$AAPL story {number}</title><guid isPermaLink="false">{number}</guid>'
        f"<description>{words}</description></item>"
    )

def respond(request):
    global shown, polls
    polls += 1
    shown += 20 if grows else 0
    items = "".join(map(story, range(shown)))
    answer(request, 200, f'<rss version="2.0"><channel><title>W</title>{items}</channel></rss>'.encode())
"""

_INGEST = (
    _FEED
    + """
import contextlib
from services.embedded.kafka import EmbeddedKafka
from shared.settings import load_settings
from tests.plain_redis import plain_redis
from tests.integration.ingest.reading import read_documents
from tests.integration.ingest.test_worker import worker
from tests.worker_process import wait_until

kafka = EmbeddedKafka(room / "kafka", heap_mb=256)
kafka.start()
elsewhere = contextlib.ExitStack()
(room / "redis").mkdir()
url = elsewhere.enter_context(plain_redis(room / "redis"))  # it tells who feeds the run
settings = load_settings(disk / "state", kafka=kafka.settings(), redis={"url": url})

def titles():
    return {document.title for document in read_documents(settings).documents}

def ended(process):
    said = process.communicate(timeout=90)[1].decode()
    assert process.returncode == 75, said
    assert "No space left on device" in said and "Traceback" not in said and said.count("bellwether: ") == 1, said

with http_server(respond) as feed:
    with worker(settings, feed) as process:
        wait_until(lambda: len(titles()) == 3, 60, "three stories")
        grows = True  # first: on a full disk the next poll's note in the ledger may end the worker
        wait_until(lambda: shown > 3, 60, "more stories")
        fill()
        ended(process)
    grows = False
    with worker(settings, feed) as process:  # there is no room yet
        ended(process)
    filling.unlink()
    with worker(settings, feed):
        every = {f"$AAPL story {number}" for number in range(shown)}
        wait_until(lambda: titles() == every, 60, "every story")
assert shown > 3 and read_documents(settings).broken == [], (shown, read_documents(settings).broken)
elsewhere.close()
kafka.stop(10)
print("held")
"""
)

_SYSTEM = (
    _FEED
    + """
import signal, subprocess
import psutil
from tests.system import System
from tests.worker_process import BELLWETHER, wait_until

system = System(disk / "state")

def problems(found):
    return [each for each in found["problems"] if "free on the disk" not in each]  # it is a small disk

def child(role):
    return next(each for each in system.status()["processes"] if each["role"] == role)

def scored(documents):
    def done():
        found = system.status()
        return problems(found) == [] and found["documents_scored"] == documents
    # Kafka is started again with growing delays, and then everybody finds it again
    wait_until(done, 300, lambda: f"{documents} documents scored: {system.status()}")

with http_server(respond) as feed:
    system.set(BELLWETHER_INGEST__RSS=f'["{feed}"]', BELLWETHER_INGEST__RSS_SECONDS="5")
    command = [BELLWETHER, "supervisor", "--no-sample", "--no-dashboard", "--state", disk / "state"]
    with (room / "supervisor.out").open("wb") as out:
        supervisor = subprocess.Popen(command, stdout=out, stderr=out, env=system._env)
    try:
        scored(3)
        kafka = child("kafka")["pid"]
        fill()
        shown = 30
        wait_until(lambda: not psutil.pid_exists(kafka), 60, "Kafka halts")
        before = polls
        # sixteen batches may wait for Kafka; those since the disk was full, at most twelve, are among them
        wait_until(lambda: polls > before, 60, "feeds are read while Kafka is away")
        found = system.status()
        assert found["phase"] == "running" and not found["healthy"], found  # the supervisor lives
        assert found["problems"][0].startswith("No space left on device: the disk of"), found["problems"]
        shown = 40
        filling.unlink()
        scored(40)
        found = system.status()
        assert (found["documents_in"], found["opinions_applied"], found["documents_dead"]) == (40, 40, 0), found
        again = child("kafka")
        assert again["restarts"] >= 1 and "No space left on device" in again["message"], again
    finally:
        supervisor.send_signal(signal.SIGTERM)
        code = supervisor.wait(90)
assert code == 0 and system.processes() == {}
print("held")
"""
)

PROGRAMS = [
    pytest.param(_LEDGER, 6, id="ledger and state"),
    pytest.param(_REDIS, 6, id="redis"),
    pytest.param(_REPLAY, 6, id="replay"),
    pytest.param(_INGEST, 6, id="ingest worker", marks=pytest.mark.kafka),
    pytest.param(_SYSTEM, 64, id="kafka and the whole system", marks=pytest.mark.kafka),
]


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("script", "megabytes"), PROGRAMS)
def test_a_full_disk_costs_nothing_and_is_named(tmp_path: Path, script: str, megabytes: int) -> None:
    hold_on_small_disk(tmp_path, script, megabytes)
