"""A log without the words of what is gone where its files are not ours: records up to the last such one are deleted.

Kafka deletes from the beginning of a partition alone, so what came before goes, too. It is done only up to where every
record has had its effect: scored, applied, and in the archive where there is one, which keeps numbers and other texts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from kafka import KafkaAdminClient, TopicPartition

from services.forgetting.messages import DEAD, DOCUMENTS, OPINIONS, Gone, run_and_kind
from shared.clients.kafka import TopicLog, TopicState, client_config, describe
from shared.contract.archive import DOCUMENTS as DOCUMENT_ROWS
from shared.contract.archive import OPINIONS as OPINION_ROWS
from shared.contract.events import deletion_in
from shared.contract.topics import Topics
from shared.reading.archive.tables import ArchiveTables, all_of, quoted
from shared.reading.offsets import RunOffsets, applied_offsets
from shared.reading.run import Applied
from shared.settings import Settings

_TABLES: Final = dict.fromkeys(DOCUMENTS, DOCUMENT_ROWS) | {OPINIONS: OPINION_ROWS}


class Cut(NamedTuple):
    """One partition. `until`: the first offset that stays."""

    part: TopicPartition
    begin: int
    until: int
    words: int  # records with such words before `until`
    left: int  # and behind it


def plan(settings: Settings, known: Mapping[str, int], positions: Mapping[int, Applied]) -> list[Cut]:
    """What there is to cut of the run's topics. `known`: deletions that Redis has; `positions`: of its slots.

    Raises kafka.errors.*, KafkaUnreachable, LogCut, LogStalled.
    """
    topics = Topics.of(settings)
    documents = [topics.documents("news"), topics.documents("social")]
    states = describe(settings.kafka, [*documents, topics.opinions, topics.dead])
    if not states:
        return []
    gone = Gone(_deleted(settings, {name: states[name] for name in documents if name in states}, known))
    met: dict[TopicPartition, list[int]] = {}
    begins: dict[TopicPartition, int] = {}
    for name, state in sorted(states.items(), key=lambda each: each[0] not in documents):  # these tell the ids
        kind = (run_and_kind(name) or ("", ""))[1]
        with TopicLog(settings.kafka, {name: state.partitions}) as log:
            begins |= dict(log.begins)
            for record in log.records():
                if gone.bare(kind, record.key, record.value, record.timestamp) is not None:
                    met.setdefault(TopicPartition(name, record.partition), []).append(record.offset)
    safe = _safe(settings, topics, states, positions, list(met))
    return [_cut(part, begins[part], offsets, safe[part]) for part, offsets in sorted(met.items())]


def carry_out(settings: Settings, cuts: list[Cut]) -> dict[str, int]:
    """Delete what was planned; topic -> records that went. Raises kafka.errors.*."""
    wanted = {cut.part: cut.until for cut in cuts if cut.until > cut.begin}
    done: dict[str, int] = {}
    if wanted:
        admin = KafkaAdminClient(**client_config(settings.kafka))
        try:
            admin.delete_records(wanted)
        finally:
            admin.close()
    for cut in cuts:
        if cut.part in wanted:
            done[cut.part.topic] = done.get(cut.part.topic, 0) + cut.until - cut.begin
    return done


def _cut(part: TopicPartition, begin: int, offsets: list[int], safe: int) -> Cut:
    reached = [offset for offset in offsets if offset < safe]
    until = reached[-1] + 1 if reached else begin
    return Cut(part, begin, until, len(reached), len(offsets) - len(reached))


def _deleted(settings: Settings, states: Mapping[str, TopicState], known: Mapping[str, int]) -> dict[str, int]:
    deleted = dict(known)
    if not states:
        return deleted
    with TopicLog(settings.kafka, {name: state.partitions for name, state in states.items()}) as log:
        for record in log.records():
            if found := deletion_in(record.value):
                deleted[found.item] = max(found.deleted_at, deleted.get(found.item, 0))
    return deleted


def _safe(
    settings: Settings,
    topics: Topics,
    states: Mapping[str, TopicState],
    positions: Mapping[int, Applied],
    parts: list[TopicPartition],
) -> dict[TopicPartition, int]:
    """Per partition the offset up to which every record has had its effect."""
    offsets = RunOffsets(settings.kafka, topics)
    try:
        scored = offsets.committed([part for part in parts if part.topic not in (topics.opinions, topics.dead)])
        heard = [part for part in parts if part.topic == topics.opinions]
        applied = applied_offsets(positions, heard, offsets.opinions_id())
    finally:
        offsets.close()
    archived = _archived(settings, states)
    safe: dict[TopicPartition, int] = {}
    for part in parts:
        reached = {**scored, **applied}.get(part)
        if reached is None:  # dead letters have no reader that goes on
            reached = 2**62
        safe[part] = min(reached, archived(part))
    return safe


def _archived(settings: Settings, states: Mapping[str, TopicState]) -> Callable[[TopicPartition], int]:
    tables = ArchiveTables.of(settings)
    there = tables.exists()

    def reached(part: TopicPartition) -> int:
        kind = (run_and_kind(part.topic) or ("", ""))[1]
        if not there or kind == DEAD:
            return 2**62
        where = all_of(f"topic_id = {quoted(states[part.topic].topic_id)}", f"partition = {part.partition}")
        found: Any = tables.rows(_TABLES[kind], ["offset"], where)
        return max(found["offset"].to_pylist(), default=-1) + 1 if found is not None else 0

    return reached
