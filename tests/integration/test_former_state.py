"""A state folder, topics and Redis written by the former version go on working; former_state/README.md says how they
were made. With the stub model.
"""

from __future__ import annotations

import json
import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from shared.clients.redis import connect
from shared.event_classes.former import class_of_former
from shared.event_classes.selection import in_classes
from shared.settings import load_settings
from tests.system import System
from tests.worker_process import wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(1200)]

FORMER = Path(__file__).parent / "former_state"
COUNTS = (
    "documents_in", "documents_scored", "documents_dead", "opinions_out", "opinions_applied", "duplicates", "late",
    "invalid", "lag", "model_id",
)  # fmt: skip
SAID = ("alerts list", "signals list", "dead-letters list", "watchlist show", "watchlist recommend")
TOPICS = ("--topic", "documents.news", "--topic", "documents.social")

# Five documents: a new one, two about later hours, one by an author that was there, and one that was there itself.
NEWS = (
    {"text": "$AAPL opens a second campus", "published_at": "2025-05-09T09:30:00Z", "external_id": "m1"},
    {"text": "$XOM and $CVX speak about a pipeline", "published_at": "2025-05-10T08:00:00Z", "external_id": "m2"},
    {
        "title": "Exxon holds its annual meeting",
        "text": "$XOM shareholders vote on Wednesday.",
        "published_at": "2025-05-08T17:00:00Z",
        "external_id": "n20",
    },
)
SOCIAL = (
    {"text": "boarding $BA", "published_at": "2025-05-09T07:10:00Z", "external_id": "m3", "author": "@maria_w"},
    {"text": "the pipeline helps $XOM", "published_at": "2025-05-10T13:00:00Z", "external_id": "m4", "author": "tom"},
)
NEXT_SIGNAL = 1_746_878_400_000_000  # 2025-05-10, noon: the first T of $XOM with anything in it that the test brings


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    with tarfile.open(FORMER / "state.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    for found in (tmp_path / "state").rglob("*"):  # as a umask of 022 left them
        found.chmod(0o755 if found.is_dir() else 0o600 if found.name == "author.key" else 0o644)
    running = System(tmp_path / "state")
    yield running
    running.end()


def test_the_former_version_s_state_is_kept_and_goes_on(system: System, tmp_path: Path) -> None:
    recorded = tmp_path / "recorded"
    (started,) = lines(system.call("up", "--detach", "--no-sample", "--no-dashboard", "--json"))
    assert started["healthy"], started
    assert_closed(system.state)
    assert_kept(system, recorded)

    assert load(system, FORMER / "news.jsonl", "news") == (0, 1, 21)  # the ledger knows every one of them
    assert load(system, written(tmp_path / "more-news.jsonl", "wire", NEWS), "news") == (2, 0, 1)
    assert load(system, written(tmp_path / "more-social.jsonl", "board", SOCIAL), "social") == (2, 0, 0)
    system.call("dead-letters", "requeue", "--all")  # the model of now can read it
    system.call("wait", "--drained", "--timeout", "300")
    assert_counted(system, recorded)

    system.call("down")
    assert system.processes() == {}


def assert_closed(state: Path) -> None:
    """The former version's files were everybody's to read, and its servers let everybody in."""
    assert [path for path in (state, *state.rglob("*")) if stat.S_IMODE(path.lstat().st_mode) & 0o077] == []
    said = json.loads((state / "endpoints.json").read_text())
    for server, password in (("kafka", said["kafka"]["sasl_password"]), ("redis", said["redis"]["password"])):
        assert len(password) > 30
        assert (state / server / "password").read_text() == password
    settings = load_settings(state)
    with connect(settings.redis) as client:
        assert client.ping()
    with redis.Redis.from_url(settings.redis.url) as nobody, pytest.raises(redis.AuthenticationError):
        nobody.ping()


def assert_kept(system: System, recorded: Path) -> None:
    """All that the former version said, the present one says, to the byte where that is promised."""
    before, now = json.loads((recorded / "status.json").read_text()), system.status()
    assert {name: now[name] for name in COUNTS} == {name: before[name] for name in COUNTS}
    assert {child["state"] for child in now["processes"]} == {"running"}
    assert sum(child["restarts"] for child in now["processes"]) == 0

    dump = (recorded / "dump.jsonl").read_text()
    assert system.call("aggregates", "dump") == unnamed(dump)
    assert system.call("aggregates", "dump", "--run", "first-days") == dump  # a file of that version
    for command in (*SAID, "replay show first-days"):
        was = lines((recorded / f"{command.replace(' ', '-')}.json").read_text())
        assert keeps(lines(system.call(*command.split(), "--json")), was), command
    (followed,) = lines(system.call("watchlist", "show", "--profile", "default", "--json"))
    assert followed["lists"]["main"] == {"companies": ["AAPL"], "sectors": ["Energy"], "events": ["earnings"]}


def assert_counted(system: System, recorded: Path) -> None:
    """What came since stands beside what was there: four documents, and the dead letter that is read by now."""
    before, now = json.loads((recorded / "status.json").read_text()), system.status()
    assert now["documents_in"] == now["documents_scored"] == before["documents_scored"] + 4 + 1
    assert now["opinions_out"] == now["opinions_applied"] == before["opinions_applied"] + 5 + 1
    assert now["documents_dead"] == now["duplicates"] == now["lag"] == 0

    dump = system.call("aggregates", "dump")
    rows = [row for row in lines(dump) if row["resolution"] == "day"]
    assert sum(row["documents"] for row in rows) == now["opinions_applied"]
    day = ("BA", "social", "2025-05-09T00:00:00Z")
    (row,) = [row for row in rows if (row["company"], row["channel"], row["start"]) == day]
    assert (row["documents"], row["authors"]) == (2, 1)  # the kept key makes one author's hash what it was

    asked = ("replay", "--run", "anew", *TOPICS, "--no-cache", "--json")
    digests = set()
    for more in ((), ("--reuse-opinions", "--overwrite")):  # from the documents, and from the opinions of then and now
        (summary,) = lines(system.call(*asked, *more))
        digests.add(summary["aggregates_sha256"])
        # companies share a document's weight by now (decisions/0090)
        assert counts(system.call("aggregates", "dump", "--run", "anew")) == counts(dump)
    assert len(digests) == 1
    assert summary["reused"] >= before["documents_scored"]

    wait_until(lambda: NEXT_SIGNAL in signals(system, "XOM"), 120, "no signal after those of the former version")
    assert len(signals(system, "XOM")) > 2
    alerts = {alert["id"]: alert for alert in lines(system.call("alerts", "list", "--json"))[-1]}
    for alert in lines((recorded / "alerts-list.json").read_text())[-1]:
        assert keeps(alerts[alert["id"]], alert)


def counts(dump: str) -> list[dict[str, Any]]:
    """The rows of a dump without what is made of weights, with the event classes of now (decisions/0130)."""
    weighed = ("weight_sum", "score_sum", "score_square_sum", "author_shares", "story_shares")
    rows = [{name: value for name, value in row.items() if name not in weighed} for row in lines(dump)]
    return [row | {"events": in_classes(row["events"])} for row in rows]


def unnamed(dump: str) -> str:
    """A dump of the former version as the present one writes it: authors' shares without the keyed hashes, in the order
    of their numbers (decisions/0071). Nothing else of it changes."""
    rows = lines(dump)
    for row in rows:
        if "author_shares" in row:
            shares = row["author_shares"].values()
            row["author_shares"] = sorted(shares, key=lambda s: (s["documents"], s["weight_sum"], s["score_sum"]))
    return "".join(json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n" for row in rows)


def keeps(found: Any, recorded: Any) -> bool:
    """Whether all that was recorded is there with the same values; newer versions may say more of a thing."""
    if isinstance(recorded, dict):
        return all(name in found and keeps(found[name], _of_now(name, value)) for name, value in recorded.items())
    if isinstance(recorded, list):
        return len(found) == len(recorded) and all(map(keeps, found, recorded))
    return bool(found == recorded)


def _of_now(name: str, value: Any) -> Any:
    """What was recorded, with the former event classes as they are shown now."""
    if name == "event":
        return class_of_former(value)
    if name == "reasons":
        words = ("mergers investments", "takeover or merger")
        return [each.replace(*words) if isinstance(each, str) else each for each in value]
    return value


def signals(system: System, company: str) -> list[int]:
    """The T of every signal on a company, microseconds."""
    (given,) = lines(system.call("signals", "list", "--company", company, "--json"))
    return [signal["at"] for signal in given]


def load(system: System, path: Path, channel: str) -> tuple[int, int, int]:
    """Loads a file; how many were published, rejected, and known already."""
    (said,) = lines(system.call("ingest", "file", str(path), "--channel", channel, "--json"))
    return said["published"], said["rejected"], said["duplicates"]


def written(path: Path, source: str, rows: tuple[dict[str, str], ...]) -> Path:
    path.write_text("".join(json.dumps(row | {"source": source}) + "\n" for row in rows))
    return path


def lines(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines()]
