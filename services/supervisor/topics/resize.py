"""`bellwether topics resize`: other partition counts for a run that is drained and stopped.

A key's partition depends on the count. On `opinions` it is the company's slot in Redis, with buckets, marks and
position; so its records are laid anew over new partitions (rekey.py), the slots are emptied, and the workers make them
again from the log: the aggregates are those of a run that always had the new count. On documents.* the partition is
where the second copy of a document is recognised and what every origin names; once it holds records it stays as it is
(docs/decisions/0041-resize.md).

What was read lies in STATE/resize/RUN until the new topic is complete; a resize that was interrupted goes on there.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from services.supervisor.status.drain import Drain
from services.supervisor.topics.listing import ORDER, TopicRow, list_run_topics
from services.supervisor.topics.rekey import in_order, lay, spool
from services.supervisor.topics.removal import STARTING, delete_topics, forget_groups
from shared.clients.kafka import LogCut, TopicMismatch, ensure_topics
from shared.clients.redis import connect
from shared.clients.state_folder import StateFolder, make_folder, write_atomically
from shared.contract.keys import Keys, run_key
from shared.contract.topics import Topics
from shared.reading.offsets import require_broker
from shared.reading.run import RunView
from shared.reading.values.binding import read_binding, recorded_slots
from shared.reading.values.workers import Workers
from shared.settings import Settings

GROUPS_SECONDS: Final = 60.0
Tell = Callable[[str], None]


class ResizeRefused(TopicMismatch):
    """A resize that would make counts wrong; the text says what to do instead."""


class Order(msgspec.Struct, frozen=True):
    """STATE/resize/RUN/order.json: a spool that is complete, and what becomes of it."""

    slots: int  # as they were
    partitions: int  # as they will be
    records: int


def resize_topics(settings: Settings, *, documents: int | None, opinions: int | None, tell: Tell) -> list[str]:
    """Give topics of a stopped run other counts; returns what was done and what to set. Raises ResizeRefused."""
    if documents is None and opinions is None:
        raise ResizeRefused("give --documents N or --opinions N")
    _require_stopped(settings)
    folder = StateFolder(settings.state_dir).resize(settings.run)
    order = _unfinished(folder, opinions)
    topics = Topics.of(settings)
    wanted = {topics.opinions: opinions} if opinions else {}
    if documents:
        wanted |= {topics.documents(channel): documents for channel in ("news", "social")}
        wanted[topics.readings] = documents
    if order is None:
        changing = [row for row in list_run_topics(settings) if wanted.get(row.name, row.partitions) != row.partitions]
        _refuse_documents(changing, topics.opinions)
        for row in changing:
            if row.name == topics.opinions and row.records:
                order = _spooled(settings, folder, row, wanted[row.name], tell)
        _remove_empty(settings, [row.name for row in changing if row.partitions and not row.records])
    resized = _resized(settings, documents, opinions)
    if order is not None:
        _lay_anew(resized, folder, order, tell)
    made = ensure_topics(resized.kafka, Topics.of(resized).all())
    _unbind_when_nothing_is_applied(resized, topics.opinions)
    counts = {"DOCUMENT_PARTITIONS": documents, "OPINION_PARTITIONS": opinions}
    return [
        *(f"{topic.name}: {topic.partitions} partitions" for topic in sorted(made.values(), key=lambda row: row.name)),
        *(f"set BELLWETHER_KAFKA__{name}={count} from now on" for name, count in counts.items() if count),
    ]


def _remove_empty(settings: Settings, names: list[str]) -> None:
    """Topics that never held a record: they are made anew, and workers bind to the new ones."""
    if names:
        topics = Topics.of(settings)
        delete_topics(settings.kafka, names)
        forget_groups(settings.kafka, [topics.scoring_group, topics.aggregation_group])
        _unbind(settings, names)


def _spooled(settings: Settings, folder: Path, row: TopicRow, partitions: int, tell: Tell) -> Order:
    """Everything of `opinions` on disk; nothing is changed before that is complete."""
    _require_drained(settings)
    shutil.rmtree(folder, ignore_errors=True)
    make_folder(folder)
    tell(f"reading {row.records:,} records of {row.name}")
    try:
        kept = spool(settings.kafka, row.name, row.partitions, folder)
    except LogCut as cut:
        shutil.rmtree(folder)
        raise ResizeRefused(f"{cut}; the aggregates cannot be rebuilt from it. Start a new run: --run NAME") from None
    order = Order(row.partitions, partitions, kept)
    write_atomically(folder / ORDER, msgspec.json.encode(order), durable=True)  # the topic is deleted next
    return order


def _lay_anew(settings: Settings, folder: Path, order: Order, tell: Tell) -> None:
    """The topic made again with its records, then the slots emptied. Workers refuse to start until all is done."""
    topics = Topics.of(settings)
    name = topics.opinions
    tell(f"repartitioning {order.records:,} records over {order.partitions} partitions")
    delete_topics(settings.kafka, [name])
    ensure_topics(settings.kafka, topics.all())
    lay(settings.kafka, name, order.partitions, in_order(folder))
    forget_groups(settings.kafka, [topics.aggregation_group])
    _empty_slots(settings, order.slots)
    (folder / ORDER).unlink()  # from here on the topic is the log again
    shutil.rmtree(folder)
    tell("the aggregates are rebuilt from it: bellwether up, then bellwether wait --drained")


def _unfinished(folder: Path, opinions: int | None) -> Order | None:
    try:
        order = msgspec.json.decode((folder / ORDER).read_bytes(), type=Order)
    except OSError:
        return None
    if order.partitions != opinions:
        raise ResizeRefused(
            f"a resize of opinions to {order.partitions} partitions was interrupted; finish it first: "
            f"bellwether topics resize --opinions {order.partitions}"
        )
    return order


def _resized(settings: Settings, documents: int | None, opinions: int | None) -> Settings:
    counts = {"document_partitions": documents, "opinion_partitions": opinions}
    update = {name: count for name, count in counts.items() if count}
    return settings.model_copy(update={"kafka": settings.kafka.model_copy(update=update)})


def _require_stopped(settings: Settings) -> None:
    require_broker(settings.kafka)
    client = connect(settings.redis)
    try:
        alive = Workers(client, settings.run).all_reports()
    finally:
        client.close()
    if alive:
        names = ", ".join(f"{report.role}-{report.name}" for report in alive)
        raise ResizeRefused(f"workers of run {settings.run!r} are running ({names}); stop them first, and wait 15 s")


def _require_drained(settings: Settings) -> None:
    stage, left = _left(settings)
    if left:
        raise ResizeRefused(
            f"{left:,} records of {stage} are not applied yet; start the workers (bellwether up), run "
            f"bellwether wait --drained, stop them (bellwether down) and try again"
        )


def _left(settings: Settings) -> tuple[str, int]:
    """Stage and records left. A broker that was just started is still loading its groups: it is asked again."""
    deadline = time.monotonic() + GROUPS_SECONDS
    drain = Drain(settings)
    try:
        while True:
            try:
                return drain.left()
            except STARTING:
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.2)
    finally:
        drain.close()


def _refuse_documents(changing: list[TopicRow], opinions: str) -> None:
    holding = [row for row in changing if row.records and row.name != opinions]
    if holding:
        names = ", ".join(f"{row.name} ({row.records:,} records)" for row in holding)
        raise ResizeRefused(
            f"{names}: a documents topic that holds records cannot be resized: every opinion names its partition and "
            "offset, and duplicates are recognised per partition. Keep the count (restore it in the settings); to "
            "aggregate with more workers, resize opinions; otherwise start a new run with the new count "
            "(--run NAME) and load the documents into it"
        )


def _empty_slots(settings: Settings, slots: int) -> None:
    """Forget what was aggregated; bindings, alerts, prices and profiles stay."""
    client = connect(settings.redis)
    try:
        for slot in range(slots):
            tag = Keys(settings.run, slots).totals(slot).removesuffix("totals")
            for key in client.scan_iter(match=f"{tag}*", count=5000):
                client.unlink(key)
    finally:
        client.close()


def _unbind(settings: Settings, names: list[str]) -> None:
    """The run forgets ids and counts of topics that were made anew, so workers bind to the new ones."""
    client = connect(settings.redis)
    try:
        client.hdel(
            run_key(settings.run), *(f"{field}.{name}" for name in names for field in ("topic_id", "partitions"))
        )
    finally:
        client.close()


def _unbind_when_nothing_is_applied(settings: Settings, name: str) -> None:
    """Also what an interruption right behind the emptying of the slots has left bound."""
    client = connect(settings.redis)
    try:
        recorded = recorded_slots(read_binding(client, settings.run), settings.run)
        slots = max(settings.kafka.opinion_partitions, recorded)
        applied = RunView(client, Keys(settings.run, slots)).positions()
    finally:
        client.close()
    if not applied:
        _unbind(settings, [name])
