"""The scoring worker on a real Kafka and a real Redis, as the process that it is."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections import defaultdict
from functools import partial
from pathlib import Path

import pytest
from kafka import KafkaAdminClient

from services.model.stub import LOST_MARK, POISON_MARK, StubEngine
from services.runtime.exits import ExitCode
from services.scoring.entries import UNDECODABLE, UNSCORABLE
from services.scoring.opinions import opinions_of, read
from services.scoring.rules.rule_file import rules_of
from services.scoring.rules.speaking import Speakers
from services.supervisor.processes.holds import release_all
from shared.clients.kafka import client_config, describe
from shared.clients.redis import connect
from shared.contract.events import (
    DEAD,
    HEADER_FIRST_ORIGIN,
    HEADER_REASON,
    Document,
    Opinion,
    OpinionMessage,
    Origin,
    Outcome,
    Tick,
    decode_opinion,
    encode,
)
from shared.contract.keys import run_key
from shared.contract.topics import Topics, partition_for
from shared.settings import Settings
from tests.integration.worker_process import (
    Worker,
    count,
    document,
    make_topics,
    publish,
    records,
    running,
    wait_for,
)
from tests.linking import LINKER

pytestmark = pytest.mark.kafka

TEXTS = (
    "$AAPL rises after earnings",
    "Microsoft and $AAPL sign a deal on cloud services",
    "The weather was fine all over the country",
    "Intel cuts its outlook, AMD gains, $NVDA too",
)


def with_(settings: Settings, **sections: dict[str, object]) -> Settings:
    return settings.model_copy(
        update={name: getattr(settings, name).model_copy(update=values) for name, values in sections.items()}
    )


def messages_of(settings: Settings, topics: Topics) -> dict[int, list[OpinionMessage]]:
    """What is on `opinions`, by partition, in order."""
    found: dict[int, list[OpinionMessage]] = defaultdict(list)
    for record in records(settings, topics.opinions):
        found[record.partition].append(decode_opinion(record.value))
    return found


def topic_id(settings: Settings, topic: str) -> str:
    return describe(settings.kafka, [topic])[topic].topic_id


def expected(settings: Settings, topics: Topics, documents: list[Document], partition: int = 0) -> list[Opinion]:
    """An independent account of what `documents`, published in this order to an empty partition, have to give."""
    engine, linker, rules = StubEngine("stub"), LINKER, Speakers(rules_of(settings))
    stream = topic_id(settings, topics.documents("news"))
    found: list[Opinion] = []
    for offset, each in enumerate(documents):
        links, request = read(each, linker)
        made = opinions_of(
            each, Origin(stream, partition, offset), links, engine.score([request])[0], engine.model_id, "",
            linker.universe,
        )  # fmt: skip
        found += rules.applied(each, made)
    return found


def by_slot(opinions: list[Opinion], settings: Settings) -> dict[int, list[Opinion]]:
    found: dict[int, list[Opinion]] = defaultdict(list)
    for opinion in opinions:
        found[partition_for(opinion.company, settings.kafka.opinion_partitions)].append(opinion)
    return found


def applied(messages: dict[int, list[OpinionMessage]]) -> dict[int, list[Opinion]]:
    """Opinions as a reader with marks sees them: what comes again is skipped. Fails when a later one came too early."""
    kept: dict[int, list[Opinion]] = defaultdict(list)
    for slot, rows in messages.items():
        marks: dict[str, Origin] = {}
        for row in rows:
            assert row.origin is not None
            mark = marks.get(row.origin.stream)
            if mark is None or mark < row.origin:
                marks[row.origin.stream] = row.origin
                if isinstance(row, Opinion):
                    kept[slot].append(row)
    return kept


def test_known_documents_give_exactly_the_expected_opinions_and_ticks(settings: Settings) -> None:
    topics = make_topics(settings)
    documents = [document(n, f"{TEXTS[n % 4]} no. {n}", title=f"Title {n}") for n in range(300)]
    publish(settings, topics.documents("news"), [*documents[:200], Tick(watermark=17), *documents[200:]])
    with running(settings) as worker:
        slots = settings.kafka.opinion_partitions
        before = expected(settings, topics, documents[:200])
        wait_for(lambda: count(settings, topics.opinions) >= slots + len(before), worker)
        stream = topic_id(settings, topics.documents("news"))
        after = [
            Opinion(**{f: getattr(o, f) for f in Opinion.__struct_fields__} | {"origin": _moved(o.origin, 1)})
            for o in expected(settings, topics, documents)[len(before) :]
        ]
        wait_for(lambda: count(settings, topics.opinions) >= slots + len(before) + len(after), worker)
        found, first, rest = messages_of(settings, topics), by_slot(before, settings), by_slot(after, settings)
        tick = Tick(watermark=17, origin=Origin(stream, 0, 200))
        assert {n: found[n] for n in range(slots)} == {n: [*first[n], tick, *rest[n]] for n in range(slots)}
        assert worker.stop() == ExitCode.WELL
    bound = connect(settings.redis).hgetall(run_key(settings.run))
    assert bound[b"model_id"].decode() == before[0].model
    assert bound[f"topic_id.{topics.documents('news')}".encode()].decode() == stream


def _moved(origin: Origin, by: int) -> Origin:
    return Origin(origin.topic_id, origin.partition, origin.offset + by, origin.index)


def test_poison_and_rubbish_become_dead_letters_and_requeueing_twice_counts_once(settings: Settings) -> None:
    settings = with_(settings, model={"name": "stub:poison"}, scoring={"dead_letter_limit": 1.0})
    topics = make_topics(settings)
    good = [document(n, f"{TEXTS[n % 4]} {n}") for n in range(60)]
    poisoned = document(100, f"$AAPL {POISON_MARK}")
    rubbish = [b"\xff\xfe", b"{}", b"", b'{"type":"document","schema":99}']
    publish(settings, topics.documents("news"), [*good[:30], poisoned, *rubbish, *good[30:]])
    with running(settings) as worker:
        wait_for(lambda: count(settings, topics.dead) >= 5, worker)
        letters = records(settings, topics.dead)
        assert [letter.value for letter in letters] == [encode(poisoned), *rubbish]
        assert [dict(letter.headers)[HEADER_REASON].decode() for letter in letters] == [UNSCORABLE] + [UNDECODABLE] * 4
        stream = topic_id(settings, topics.documents("news"))
        assert [dict(x.headers)[HEADER_FIRST_ORIGIN].decode() for x in letters] == [
            f"{stream}:0:{30 + n}" for n in range(5)
        ]

        def outcomes() -> list[Outcome]:
            rows = messages_of(settings, topics)[partition_for(DEAD, settings.kafka.opinion_partitions)]
            return [row for row in rows if isinstance(row, Outcome)]

        wait_for(lambda: len(outcomes()) >= 5, worker)
        assert [(o.letter, o.state, o.document_id) for o in outcomes()] == [
            (f"{stream}:0:{30 + n}", "dead", poisoned.id if n == 0 else "") for n in range(5)
        ]

        def scored() -> set[str]:
            rows = [row for slot in messages_of(settings, topics).values() for row in slot]
            return {row.document_id for row in rows if isinstance(row, Opinion)}

        wait_for(lambda: scored() == {each.id for each in good}, worker)
        worker.stop()

    # the model is mended: the poisoned one is re-queued twice, and dies no more
    listed = dead_letters(settings, "list")
    assert [row["reason"] for row in listed[:-1]] == [UNSCORABLE] + [UNDECODABLE] * 4
    assert listed[-1] == {"letters": 5, "dead": 5, "scored": 0}
    assert dead_letters(settings, "show", listed[0]["id"])[-1]["text"] == encode(poisoned).decode()
    for _ in range(2):
        assert dead_letters(settings, "requeue", listed[0]["id"])[-1] == {"requeued": 1, "deleted": 0}
    mended = with_(settings, model={"name": "stub"})
    with running(mended) as worker:
        wait_for(lambda: len(outcomes()) >= 7, worker)
        assert [(o.letter, o.state) for o in outcomes()[5:]] == [(f"{stream}:0:30", "scored")] * 2
        again = [
            o
            for rows in messages_of(settings, topics).values()
            for o in rows
            if isinstance(o, Opinion) and o.document_id == poisoned.id
        ]
        assert [(o.company, o.requeued_from) for o in again] == [("AAPL", f"{stream}:0:30")] * 2
        worker.stop()


def dead_letters(settings: Settings, *arguments: str) -> list[dict[str, object]]:
    """`bellwether dead-letters … --json`: the objects that it prints."""
    place = ("--state", str(settings.state_dir), "--run", settings.run)
    done = subprocess.run(
        [sys.executable, "-m", "services.commands.main", "dead-letters", *arguments, "--json", *place],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def _at_least(settings: Settings, topics: Topics, opinions: int) -> bool:
    return count(settings, topics.opinions) >= opinions


def test_kill_9_midway_loses_nothing_and_lets_nothing_later_in_first(settings: Settings) -> None:
    settings = with_(settings, model={"name": "stub:slow=20"}, scoring={"max_batch": 64})
    topics = make_topics(settings)
    documents = [document(n, f"{TEXTS[n % 4]} no. {n}") for n in range(3000)]
    publish(settings, topics.documents("news"), documents)
    wanted = by_slot(expected(settings, topics, documents), settings)
    total = sum(len(rows) for rows in wanted.values())
    for share in (0.2, 0.5, 0.8):
        with running(settings) as worker:
            wait_for(partial(_at_least, settings, topics, int(share * total)), worker)
            worker.kill()
    with running(settings) as worker:
        wait_for(lambda: applied(messages_of(settings, topics)) == wanted, worker)
        worker.stop()


def test_a_worker_that_sleeps_past_its_session_does_no_harm_when_it_wakes(settings: Settings) -> None:
    settings = with_(
        settings,
        model={"name": "stub:slow=20"},
        scoring={"max_batch": 32},
        worker={"session_timeout_seconds": 2.0, "heartbeat_seconds": 0.5},
    )
    topics = make_topics(settings)
    documents = [document(n, f"{TEXTS[n % 4]} no. {n}") for n in range(3000)]
    publish(settings, topics.documents("news"), documents)
    wanted = by_slot(expected(settings, topics, documents), settings)
    total = sum(len(rows) for rows in wanted.values())
    with running(settings, "1") as first:
        wait_for(lambda: count(settings, topics.opinions) >= total // 5, first)
        first.signal(signal.SIGSTOP)
        reached = count(settings, topics.opinions)
        with running(settings, "2") as second:
            wait_for(lambda: count(settings, topics.opinions) >= reached + total // 5, second)
            first.signal(signal.SIGCONT)
            wait_for(lambda: applied(messages_of(settings, topics)) == wanted, first, second)


def test_two_workers_share_the_partitions_and_give_what_one_gives(settings: Settings) -> None:
    topics = make_topics(settings)
    documents = {p: [document(p * 1000 + n, f"{TEXTS[n % 4]} {p} {n}") for n in range(200)] for p in range(4)}
    for partition, rows in documents.items():
        publish(settings, topics.documents("news"), rows, partition)
    everything = [o for p, rows in documents.items() for o in expected(settings, topics, rows, p)]
    with running(settings, "1"), running(settings, "2") as second:
        wait_for(lambda: count(settings, topics.opinions) >= len(everything), second)
        found = [o for rows in applied(messages_of(settings, topics)).values() for o in rows]
        assert sorted(found, key=lambda o: o.origin) == sorted(everything, key=lambda o: o.origin)
        # who was told to stop leaves, and nobody waits for its session to end; who is killed may come back
        assert members(settings, topics) == {f"{settings.run}-scoring-1", f"{settings.run}-scoring-2"}
        assert second.stop() == ExitCode.WELL
        assert members(settings, topics) == {f"{settings.run}-scoring-1"}


def members(settings: Settings, topics: Topics) -> set[str | None]:
    """Instances in the group of the scoring workers, with those whose session has not ended yet."""
    admin = KafkaAdminClient(**client_config(settings.kafka))
    try:
        group = admin.describe_groups([topics.scoring_group])[topics.scoring_group]
        return {member["group_instance_id"] for member in group["members"]}
    finally:
        admin.close()


def test_too_many_dead_letters_stop_the_worker_until_somebody_says_so(settings: Settings) -> None:
    settings = with_(settings, scoring={"dead_letter_window": 20, "dead_letter_limit": 0.5})
    topics = make_topics(settings)
    publish(settings, topics.documents("news"), [b"rubbish"] * 100)
    with running(settings) as worker:
        assert worker.exit_code() == ExitCode.DEAD_LETTER_LIMIT
        assert "bellwether resume" in worker.errors()
    assert count(settings, topics.dead) == 20
    with running(settings) as worker:
        assert worker.exit_code() == ExitCode.DEAD_LETTER_LIMIT
    assert count(settings, topics.dead) == 20
    assert release_all(settings.state_dir) == ["scoring"]
    with running(settings) as worker:
        assert worker.exit_code() == ExitCode.DEAD_LETTER_LIMIT
    assert count(settings, topics.dead) == 40
    letters = [dict(letter.headers)[HEADER_FIRST_ORIGIN] for letter in records(settings, topics.dead)]
    assert len(set(letters)) == 40


def test_a_lost_device_stops_the_worker_and_makes_no_dead_letter(settings: Settings) -> None:
    settings = with_(settings, model={"name": "stub:lost"})
    topics = make_topics(settings)
    publish(settings, topics.documents("news"), [document(1, LOST_MARK)])
    with running(settings) as worker:
        assert worker.exit_code() == ExitCode.DEVICE_LOST
    assert count(settings, topics.dead) == count(settings, topics.opinions) == 0


def test_another_model_is_refused_by_name(settings: Settings) -> None:
    make_topics(settings)
    connect(settings.redis).hset(run_key(settings.run), "model_id", "0" * 16)
    worker = Worker(settings)
    try:
        assert worker.exit_code() == ExitCode.REFUSED
        assert "bellwether model switch" in worker.errors()
    finally:
        worker.close()


def test_big_records_pass_and_memory_does_not_hold_the_backlog(settings: Settings) -> None:
    topics = make_topics(settings)
    large = "x" * 8_388_400  # with its batch header as large as documents.* takes (8 MiB)
    publish(settings, topics.documents("news"), [large.encode(), document(1, "$AAPL " + "word " * 200_000), b"[]"])
    with running(settings) as worker:
        wait_for(lambda: count(settings, topics.dead) == 2, worker)
        wait_for(lambda: count(settings, topics.opinions) == 3, worker)
        assert records(settings, topics.dead)[0].value == large.encode()
        worker.stop()
