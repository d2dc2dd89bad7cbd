"""A full disk under a replay through Kafka and under what commands write out: nothing is lost, torn or left behind, the
cause is named, and it goes on, or is made again, when there is room (on a small disk: tests/small_disk.py).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.small_disk import hold_on_small_disk

# Every command that writes files, over what it wrote before, with room for none, for a part, for nearly all of them.
_EXPORTS = """
import contextlib, io, os, re, shutil
from services.commands import main as commands
from services.ingest.sample.files import write_sample
from services.replay.run import Question, replay
from shared.settings import load_settings

os.environ["XDG_CACHE_HOME"] = str(room / "cache")
write_sample(room / "week", 7, 3000, planted=True, hourly=False, days=7, posts=False)
state = room / "state"
asked = Question(str(room / "week" / "documents.jsonl"), ("news",))
replay(load_settings(state, model={"name": "stub"}), "week", asked)
rows = room / "rows.csv"
rows.write_text("text" + chr(10) + "".join(f"$AAPL beats {n}" + chr(10) for n in range(20)))
of = ["--run", "week", "--state", str(state)]
COMMANDS = {
    "opinions.parquet": ["export", "opinions", *of],
    "aggregates.parquet": ["export", "aggregates", *of],
    "signals.parquet": ["export", "signals", *of],
    "qlib": ["export", "signals", "--format", "qlib", "--strategy", "pulse", *of],
    "test": ["backtest", "--prices", str(room / "week" / "prices.csv"), *of],
    "week": ["sample", "export", "--documents", "300"],
    "answers.csv": ["predict", "--data", str(rows)],
}

def run(words, out):
    said = io.StringIO()
    sys.argv = ["bellwether", *words, "--out", str(out)]
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
        try:
            commands.main()
            code = 0
        except SystemExit as error:
            code = int(error.code or 0)
    return code, said.getvalue()

def whole(path):  # a tear sheet gives its charts names by chance
    files = [each for each in [path, *path.rglob("*")] if each.is_file()]
    return {each.relative_to(path): re.sub(rb"[0-9a-f]{8}-[0-9a-f-]{27}", b"", each.read_bytes()) for each in files}

for name, words in COMMANDS.items():
    out = disk / "out" / name
    right = room / "right" / name
    code, said = run(words, right)
    assert code == 0, (name, said)
    code, said = run(words, out)  # what an earlier export left is kept until the new one is whole
    assert code == 0 and whole(out) == whole(right), (name, said)
    # room for a part of it, for all but a little, for all: files take whole pages
    pages = sum(-(-len(each) // 4096) * 4096 for each in whole(right).values())
    parts = (0, pages // 2) if name == "test" else (0, pages // 2, pages - 65536)  # a back-test takes its time
    rooms = iter((*parts, 2 * pages + 65536))
    tries = 0
    while True:
        fill(but=max(0, next(rooms)))
        code, said = run(words, out)
        if code == 0:
            break
        tries += 1
        assert code == 1 and "No space left on device" in said and "Traceback" not in said, (name, said)
        assert whole(out) == whole(right), ("torn", name)
        assert not [each for each in (disk / "out").rglob("*") if each.name.startswith(".")], ("a draft is left", name)
    assert tries and whole(out) == whole(right), (name, tries)
    filling.unlink()
    shutil.rmtree(disk / "out")
print("held")
"""

# Kafka and Redis have room; the state folder has not.
_WORKERS = """
import json, os
from services.commands.failures import explain
from services.embedded.kafka import EmbeddedKafka
from services.embedded.redis import EmbeddedRedis
from services.replay.run import Question, replay
from services.replay.through_kafka import replay_through_kafka
from services.runs.folder import list_runs
from shared.clients.state_folder import write_atomically
from shared.settings import load_settings

os.environ["XDG_CACHE_HOME"] = str(room / "cache")
kafka, cache = EmbeddedKafka(room / "kafka", heap_mb=256), EmbeddedRedis(room / "redis")
kafka.start(); cache.start()
file = room / "posts.jsonl"
posts = [{"text": f"$AAPL beats {n}", "published_at": 1400000000 + 600 * n, "external_id": n} for n in range(3000)]
file.write_text("".join(json.dumps(post) + chr(10) for post in posts))
asked = Question(str(file), ("news", "social"))
right = replay(load_settings(room / "state", model={"name": "stub"}), "posts", asked)
servers = {"kafka": kafka.settings(), "redis": cache.settings(), "model": {"name": "stub"}}
state = disk / "state"
write_atomically(state / "endpoints.json", json.dumps(servers, default=str).encode())
settings = load_settings(state)
states, overwrite = [], False
for left in (0, 262144, None):
    if left is None:
        filling.unlink()
    else:
        fill(but=left)
    try:
        made = replay_through_kafka(settings, "posts", asked, 1, overwrite=overwrite)
        break
    except Exception as error:
        line, code = explain(error, state)
    assert code == 1 and "No space left on device" in line and "free space" in line, line
    states += [run["state"] for run in list_runs(settings)]
    overwrite = True
assert states == ["stopped"], states  # with no room at all it did not begin
assert made["aggregates_sha256"] == right["aggregates_sha256"]
kafka.stop(10); cache.stop(10)
print("held")
"""

# Kafka has no room either: the run waits for it.
_SYSTEM = """
import json, signal, subprocess
import psutil
from services.replay.run import Question, replay
from shared.settings import load_settings
from tests.system import System
from tests.worker_process import BELLWETHER, wait_until

file = room / "posts.jsonl"
posts = [{"text": f"$AAPL beats {n}", "published_at": 1400000000 + 600 * n, "external_id": n} for n in range(3000)]
file.write_text("".join(json.dumps(post) + chr(10) for post in posts))
question = Question(str(file), ("news", "social"))
right = replay(load_settings(room / "state", model={"name": "stub"}), "posts", question, cache=False)
system = System(disk / "state", run=None)
system.set(XDG_CACHE_HOME=str(room / "cache"))
command = [BELLWETHER, "supervisor", "--no-sample", "--no-dashboard", "--no-api", "--state", disk / "state"]
with (room / "supervisor.out").open("wb") as out:
    supervisor = subprocess.Popen(command, stdout=out, stderr=out, env=system._env)

def started():
    asked = ["replay", "--run", "posts", "--file", str(file), "--workers", "1", "--json"]
    command, pipe = [BELLWETHER, *asked, "--state", str(disk / "state")], subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=system._env)

def problems():
    return [each for each in system.status()["problems"] if "free on the disk" not in each]  # it is a small disk

try:
    wait_until(lambda: system.status()["phase"] == "running" and problems() == [], 120, lambda: str(problems()))
    kafka = next(each["pid"] for each in system.status()["processes"] if each["role"] == "kafka")
    run = started()
    wait_until(lambda: system.pid_of("--name", "posts-1") is not None, 60, "its workers start")
    fill()
    wait_until(lambda: not psutil.pid_exists(kafka), 60, "Kafka halts")
    told = run.stderr.readline()
    assert told.startswith("No space left on device: the disk of"), told
    assert run.poll() is None  # it waits
    filling.unlink()
    out, said = run.communicate(timeout=400)
    assert run.returncode == 0, said
    made = json.loads(out.splitlines()[-1])
    assert made["aggregates_sha256"] == right["aggregates_sha256"]
finally:
    supervisor.send_signal(signal.SIGTERM)
    supervisor.wait(90)
print("held")
"""

PROGRAMS = [
    pytest.param(_EXPORTS, 14, id="what commands write"),
    pytest.param(_WORKERS, 6, id="replay --workers", marks=pytest.mark.kafka),
    pytest.param(_SYSTEM, 64, id="replay --workers and Kafka", marks=pytest.mark.kafka),
]


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("script", "megabytes"), PROGRAMS)
def test_a_full_disk_under_runs_and_exports(tmp_path: Path, script: str, megabytes: int) -> None:
    hold_on_small_disk(tmp_path, script, megabytes)
