"""What the whole market as of a moment costs: folded from checkpoints as they lay (50,000 records of a slot) and lie.

    python -m benchmarks.as_of [--records 200000] [--slots 8] [--companies 2000] [--moments 4]

Invented opinions of a year in an archive of their own, with a journal beside and a Redis that holds the binding alone.
Each moment is asked twice of the same archive, first with the former spacing, then with today's; both answers have to
be the same. CPU seconds of this process. Ends with one JSON object.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

import msgspec
import redis

from benchmarks.growing.drawn import Drawn
from services.aggregation.main import rules_text, strategies_of
from services.archive.as_of.checkpointing import Checkpointing, spacing
from services.archive.as_of.checkpoints import EVERY, Checkpoints
from services.archive.as_of.market import PastMarkets, plain
from services.archive.as_of.moments import moments_of
from services.archive.as_of.past import PastRuns
from services.archive.rows import Rows, tables_of
from services.archive.tables import Tables, modest
from services.embedded.redis import EmbeddedRedis
from services.runtime.record import Recorded
from shared.clock import HOUR, SystemClock
from shared.contract.applied import Applied, Move, encode_applied
from shared.contract.events import Opinion, OpinionMessage, encode
from shared.contract.topics import Topics, partition_for
from shared.reading.archive.tables import ArchiveTables
from shared.settings import Settings, load_settings
from tests.bound import bind_topics

OPINIONS_ID: Final = "O"
AT_ONCE: Final = 20_000  # records that are archived together
STEP: Final = 1_000  # records between two entries of the journal


def messages(companies: int, records: int) -> Iterator[OpinionMessage]:
    drawn = Drawn(companies)
    days = (message for day in range(365) for _, message in drawn.day(day, records // 365 + 1))
    return (message for message in days if message is not None)


def archive(settings: Settings, companies: int, records: int, slots: int, begin: int) -> None:
    """The log, and a journal that says that a thousand records were applied each second from `begin` on."""
    topics = Topics.of(settings)
    rows = Rows(tables_of(topics), dict.fromkeys(tables_of(topics), OPINIONS_ID))
    tables, ends = Tables(ArchiveTables.of(settings)), [0] * slots
    strategies = {each.name: each.digest for each in strategies_of(settings.aggregation)}
    log, told, entries = messages(companies, records), 0, 0
    while some := list(islice(log, AT_ONCE)):
        found = []
        for message in some:
            wanted = [partition_for(message.company, slots)] if isinstance(message, Opinion) else range(slots)
            for slot in wanted:
                found.append(Recorded(topics.opinions, slot, ends[slot], b"k", encode(message)))
                ends[slot] += 1
                told += 1
            if told >= STEP * (entries // slots + 1):
                for slot in range(slots):
                    at = begin + told * 1_000
                    entry = Applied(
                        slot=slot, topic_id=OPINIONS_ID, offset=ends[slot], at=at, moves=(Move(at, ends[slot]),),
                        slots=slots, rules=rules_text(settings.aggregation), strategies=strategies,
                    )  # fmt: skip
                    found.append(Recorded(topics.applied, 0, entries, b"s", encode_applied(entry)))
                    entries += 1
        tables.add(rows.of(found))
        if told >= records:
            return


def asked(settings: Settings, client: redis.Redis, moments: list[int]) -> list[dict[str, Any]]:
    """Each moment by a reader that keeps nothing yet."""
    found = []
    for at in moments:
        runs = PastRuns(settings, client)
        bound = runs.bound()
        each = moments_of(runs.tables, bound.slots, at)
        folded = sum(one.offset - runs.begins(one, bound) for one in each)
        began = time.process_time()
        past = PastMarkets(runs, most=10**9).at(at)
        cpu = time.process_time() - began
        answer = hashlib.sha256(msgspec.json.encode(plain(past), order="deterministic")).hexdigest()
        found.append({"of": sum(one.offset for one in each), "folded": folded, "cpu": round(cpu, 2), "answer": answer})
        _say(f"  {found[-1]}")
    return found


def made(settings: Settings, client: redis.Redis, every: int) -> dict[str, Any]:
    began = time.process_time()
    while Checkpointing(settings, client, every=every).round():
        pass
    cpu = time.process_time() - began
    table = Checkpoints(ArchiveTables.of(settings)).table()
    sizes = [len(row["value"]) for row in table.search().select(["value"]).limit(10**6).to_list()]
    return {"every": every, "checkpoints": table.count_rows("part = 0"), "bytes": sum(sizes), "cpu": round(cpu, 1)}


def measured(settings: Settings, client: redis.Redis, slots: int, moments: list[int]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name, every in (("former", EVERY), ("now", spacing(slots))):
        result[name] = made(settings, client, every)
        _say(f"{name}: {result[name]}")
        result[name]["asked"] = asked(settings, client, moments)
        cpu = [each["cpu"] for each in result[name]["asked"]]
        result[name] |= {"cpu_mean": round(statistics.fmean(cpu), 2), "cpu_most": max(cpu)}
    former, now = ([each.pop("answer") for each in result[name]["asked"]] for name in ("former", "now"))
    if former != now:
        raise SystemExit("the answers differ")
    return result


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--slots", type=int, default=8)
    parser.add_argument("--companies", type=int, default=2_000)
    parser.add_argument("--moments", type=int, default=4)
    given = parser.parse_args()
    modest()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server, state = EmbeddedRedis(folder / "redis"), folder / "state"
        server.start()
        state.mkdir()
        (state / "bellwether.yaml").write_text(
            f"redis: {{url: '{server.url}'}}\nmodel: {{name: stub}}\nkafka: {{opinion_partitions: {given.slots}}}\n"
        )
        try:
            settings = load_settings(state)
            with redis.Redis.from_url(server.url) as client:
                bind_topics(client, settings, OPINIONS_ID, "T")  # as Drawn names its one
                begin = SystemClock().now() - 24 * HOUR
                archive(settings, given.companies, given.records, given.slots, begin)
                parts = range(1, given.moments + 1)
                moments = [begin + given.records * 1_000 * part // given.moments for part in parts]
                result = measured(settings, client, given.slots, moments)
        finally:
            server.stop()
    sys.stdout.write(json.dumps(vars(given) | result) + "\n")


if __name__ == "__main__":
    main()
