"""`bellwether ingest file` on a real Kafka: exact, resumable, and its last tick."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient
from typer.testing import CliRunner

from services.commands.data.ingest import app
from services.embedded.kafka import EmbeddedKafka
from services.ingest.delivery.floors import Floor
from services.ingest.documents.normalise import Reading
from services.ingest.file_load import load_file
from services.ingest.sources.in_house.files import FileSource, source_name
from shared.clients.kafka import client_config, read_log
from shared.clients.state_folder import StateFolder
from shared.clock import SECOND, SystemClock, to_iso
from shared.contract.topics import Topics
from shared.settings import Settings, load_settings
from tests.integration.ingest.reading import in_environment, read_documents, wait_for

pytestmark = pytest.mark.kafka
START = 1_400_000_000
ROWS = 20_000


def write(path: Path, rows: int) -> Path:
    """Row n has id n and was published n seconds after START; every tenth repeats the row before; one has no text."""
    with gzip.open(path, "wt", compresslevel=1) as file:
        for number in range(rows):
            own = number - 1 if number % 10 == 9 else number
            row = {
                "id": own,
                "body": f"$AAPL goes up by {own} @bob",
                "at": to_iso((START + own) * SECOND),
                "who": own % 7,
            }
            file.write(json.dumps(row if number != 5 else {"id": own}) + "\n")
    return path


MAP = {"text": "body", "published_at": "at", "author": "who", "external_id": "id"}


def load(settings: Settings, path: Path) -> dict[str, Any]:
    return load_file(settings, FileSource(path, MAP, Reading("social", source_name(path))), SystemClock())


def test_a_file_is_there_exactly_and_twice_is_once(settings: Settings, tmp_path: Path) -> None:
    path = write(tmp_path / "tweets.jsonl.gz", 1_000)
    result = load(settings, path)
    assert {name: result[name] for name in ("read", "published", "rejected", "duplicates")} == {
        "read": 1_000, "published": 899, "rejected": 1, "duplicates": 100,
    }  # fmt: skip
    found = read_documents(settings)
    assert len(found.documents) == 899
    by_number = {int(document.text.split()[4]): document for document in found.documents}
    one = by_number[17]
    assert (one.text, one.source, one.channel) == ("$AAPL goes up by 17 @USER", "file:tweets.jsonl", "social")
    assert one.published_at == one.available_at == (START + 17) * SECOND < one.received_at
    assert len({document.author for document in found.documents}) == 7

    again = load(settings, path)
    assert (again["read"], again["published"], again["rejected"], again["duplicates"]) == (1_000, 0, 1, 999)
    renamed = path.rename(tmp_path / "other.jsonl.gz")
    assert load(settings, renamed)["published"] == 899  # another source: its ids are its own
    assert len(read_documents(settings).documents) == 2 * 899


def test_the_last_tick_is_behind_everything_on_every_partition(settings: Settings, tmp_path: Path) -> None:
    result = load(settings, write(tmp_path / "tweets.jsonl.gz", 500))
    highest = (START + 498) * SECOND  # row 499 repeats row 498
    assert result["watermark"] == highest + 1
    found = read_documents(settings)
    assert len(found.ticks) == 8 and set(map(tuple, found.ticks.values())) == {(highest + 1,)}
    assert found.broken == []


def test_a_load_does_not_promise_for_another_that_is_not_done(settings: Settings, tmp_path: Path) -> None:
    with Floor(StateFolder(settings.state_dir).floors, 5):  # another load, at its start
        assert load(settings, write(tmp_path / "tweets.jsonl.gz", 50))["watermark"] == 5
    assert load(settings, write(tmp_path / "later.jsonl.gz", 40))["watermark"] == (START + 48) * SECOND + 1


def test_a_cluster_made_afresh_is_loaded_afresh(settings: Settings, tmp_path: Path) -> None:
    path = write(tmp_path / "tweets.jsonl.gz", 50)
    load(settings, path)
    topics = Topics.of(settings)
    admin = KafkaAdminClient(**client_config(settings.kafka))
    admin.delete_topics([topic.name for topic in topics.all()])
    wait_for(lambda: not {topic.name for topic in topics.all()} & set(admin.list_topics()), "topics deleted")
    admin.close()
    assert load(settings, path)["published"] == 44


def command(settings: Settings, path: Path) -> list[str]:
    mapping = ",".join(f"{field}={column}" for field, column in MAP.items())
    return [
        sys.executable, "-m", "services.commands.main", "ingest", "file", str(path), "--channel", "social",
        "--map", mapping, "--state", str(settings.state_dir), "--json",
    ]  # fmt: skip


def environment(settings: Settings) -> dict[str, str]:
    return os.environ | {
        "BELLWETHER_KAFKA": in_environment(settings.kafka),
        "BELLWETHER_RUN": settings.run,
    }


def test_killed_and_run_again_it_goes_on_and_everything_is_there(settings: Settings, tmp_path: Path) -> None:
    path = write(tmp_path / "tweets.jsonl.gz", ROWS)
    ledger = StateFolder(settings.state_dir).ledger
    for _ in range(3):
        _kill_after_some_progress(subprocess.Popen(command(settings, path), env=environment(settings)), ledger)
    done = subprocess.run(
        command(settings, path), env=environment(settings), capture_output=True, text=True, check=True
    )
    result = json.loads(done.stdout.splitlines()[-1])
    # the counts of the whole load, as if it had never been interrupted
    assert (result["read"], result["published"]) == (ROWS, ROWS * 9 // 10 - 1)
    assert (result["rejected"], result["duplicates"]) == (1, ROWS // 10)
    assert 0 < result["resumed_after"] < ROWS
    found = read_documents(settings)
    assert len(found.ids) == ROWS * 9 // 10 - 1 and found.broken == []
    copies = len(found.documents) - len(found.ids)
    assert copies <= 3 * 17 * 500  # what was under way at each kill, for the aggregator to drop
    assert _partitions_of_copies_agree(settings)


def _kill_after_some_progress(process: subprocess.Popen[bytes], ledger: Path) -> None:
    before = len(_ledger_ids(ledger))
    wait_for(lambda: len(_ledger_ids(ledger)) > before or process.poll() is not None, "progress")
    assert process.poll() is None, "it was done before it could be killed"
    process.kill()
    process.wait()


def _ledger_ids(path: Path) -> set[bytes]:
    import sqlite3

    try:
        with sqlite3.connect(path) as db:
            return {row[0] for row in db.execute("SELECT id FROM ids")}
    except sqlite3.OperationalError:  # not there yet
        return set()


def _partitions_of_copies_agree(settings: Settings) -> bool:
    """Copies share a partition, for the key is the id: seen by reading each id's place again."""
    places: dict[bytes, set[int]] = {}
    for record in read_log(settings.kafka, {Topics.of(settings).documents("social"): 4}):
        if record.key:
            places.setdefault(record.key, set()).add(record.partition)
    return all(len(found) == 1 for found in places.values())


def test_a_broker_that_dies_in_the_midst_costs_nothing(own_kafka: EmbeddedKafka, tmp_path: Path) -> None:
    settings = load_settings(tmp_path / "state", kafka=own_kafka.settings())
    path = write(tmp_path / "tweets.jsonl.gz", ROWS)
    source = FileSource(path, MAP, Reading("social", source_name(path)))
    killed = threading.Event()
    restarted: list[threading.Thread] = []
    ended = threading.Event()

    def restart() -> None:
        own_kafka.kill()
        own_kafka.start()
        ended.wait()  # a child gets SIGTERM when the THREAD that started it ends (PR_SET_PDEATHSIG)

    def advance(_: int, counts: Any) -> None:
        if counts.read > ROWS // 4 and not killed.is_set():
            killed.set()
            restarted.append(threading.Thread(target=restart))
            restarted[0].start()

    try:
        result = load_file(settings, source, SystemClock(), advance)
        found = read_documents(settings)
    finally:
        ended.set()
        for thread in restarted:
            thread.join()
    assert (result["read"], result["published"]) == (ROWS, ROWS * 9 // 10 - 1)
    assert len(found.ids) == len(found.documents) == ROWS * 9 // 10 - 1  # idempotent: retries made no copies
    assert found.broken == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--map", "txt=body"], "no field 'txt'; fields: text, title"),
        (["--map", "text=nobody"], "no column 'nobody'; columns: at, body, id, who"),
        (["--timezone", "Mars/Base"], "not a time zone"),
        (["--channel", "radio"], "use news or social"),
    ],
)
def test_a_wrong_option_is_explained(settings: Settings, tmp_path: Path, arguments: list[str], words: str) -> None:
    path = write(tmp_path / "tweets.jsonl.gz", 10)
    channel = [] if "--channel" in arguments else ["--channel", "social"]
    done = subprocess.run(
        [sys.executable, "-m", "services.commands.main", "ingest", "file", str(path), *channel, *arguments, "--state",
         str(settings.state_dir)], env=environment(settings), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1 and words in " ".join(done.stderr.split()) and "Traceback" not in done.stderr


def test_the_command_prints_json_last_and_lists_what_was_refused(settings: Settings, tmp_path: Path) -> None:
    path = write(tmp_path / "tweets.jsonl.gz", 10)
    done = subprocess.run(
        command(settings, path), env=environment(settings), capture_output=True, text=True, check=True
    )
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["read"] == result["published"] + result["rejected"] + result["duplicates"] == 10
    assert "1 item rejected" in done.stderr
    listed = CliRunner().invoke(app, ["rejected", "list", "--json", "--state", str(settings.state_dir)])
    (item,) = [json.loads(line) for line in listed.stdout.splitlines()]
    assert (item["source"], item["position"], item["reason"]) == ("file:tweets.jsonl", "6", "empty")
