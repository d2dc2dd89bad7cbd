"""An answer with what it follows from, and the check that it does: `bellwether as-of --proof` and `bellwether verify`.

A proof names run, slot, position and the chain over every record before it. The check reads these records again, from
Kafka or from their archived copy, and makes the answer anew. It proves that an answer follows from this log; it does
not protect against an owner who rewrites log and chain together.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import redis

from services.aggregation.stores.redis_store import RedisStore
from services.archive.as_of.log_copy import ReadLog, archived_log
from services.archive.as_of.moments import Moment, NotKnown
from services.archive.as_of.past import Bound, Past, PastRuns, told, without_deleted
from services.runtime.record import Recorded
from shared.clock import to_iso
from shared.contract.aggregates import RecentDocument
from shared.contract.applied import Applied, Move
from shared.contract.events import InvalidMessage, Opinion, decode_opinion
from shared.contract.keys import Keys
from shared.reading.archive.tables import ArchiveTables, NoArchive
from shared.reading.values.traces import TracedDocuments
from shared.settings import Settings

FORMAT: Final = "bellwether-proof"
VERSION: Final = 2
TRIES: Final = 20  # of an answer at rest, while the slot moves on
LOOKED_BACK: Final = 1_000  # records, for the newest opinion


class ProofError(ValueError):
    """A file that is no proof, or of another run; the text says which."""


class Proof(msgspec.Struct, kw_only=True):
    """The file. `links`: (offset, chain) on the way, the last one at `offset`; none where an older version applied.

    `model`, `universe` and `rules_digest` are those that the newest opinion of the slot was read by; "" where none lies
    among its last records. `rules` are the aggregator's. Files of version 1 know neither `rules_digest` nor each
    hour's heaviest documents.
    """

    format: str = FORMAT
    version: int = VERSION
    run: str
    company: str
    as_of: str
    slot: int
    slots: int
    topic_id: str
    offset: int
    since: int
    links: list[tuple[int, str]] = []
    model: str = ""
    universe: str = ""
    rules: str = ""
    rules_digest: str = ""
    strategies: dict[str, str] = {}
    answer: dict[str, Any]


class ReadBy(NamedTuple):
    """What an opinion was read by: digests; "" where it names none."""

    model: str = ""
    universe: str = ""
    rules: str = ""


def read_by(values: Iterable[bytes | None]) -> ReadBy:
    """Of the last of these records, in their order, that is an opinion."""
    for value in reversed(list(values)):
        try:
            opinion = decode_opinion(value or b"")
        except InvalidMessage:
            continue
        if isinstance(opinion, Opinion):
            return ReadBy(opinion.model, opinion.universe, opinion.rules)
    return ReadBy()


def _archived_read_by(settings: Settings, topic_id: str, slot: int, offset: int) -> ReadBy:
    """Nothing where the archive does not have these records, or is not there."""
    read = archived_log(ArchiveTables.of(settings))
    try:
        return read_by([each.value for each in read(topic_id, slot, max(0, offset - LOOKED_BACK), offset)])
    except (NotKnown, NoArchive):
        return ReadBy()


def past_proof(settings: Settings, past: Past, company: str, as_of: int) -> Proof:
    """The answer as of a moment."""
    entry, folded = past.moment.entry, past.folded
    read = _archived_read_by(settings, past.moment.topic_id, folded.slot, folded.offset)
    return Proof(
        run=settings.run,
        company=company,
        as_of=to_iso(as_of),
        slot=folded.slot,
        slots=folded.store.slots,
        topic_id=past.moment.topic_id,
        offset=folded.offset,
        since=entry.since,
        links=folded.links,
        model=read.model,
        universe=read.universe,
        rules=entry.rules,
        rules_digest=read.rules,
        strategies=entry.strategies,
        answer=told(folded.store, company, past.strategies, past.silent),
    )


def live_proof(settings: Settings, client: redis.Redis, company: str, now: int) -> Proof:
    """The answer that Redis gives now, with the chain that lies beside it. Raises NotKnown."""
    bound = Bound.of(settings, client)
    slot = Keys(settings.run, bound.slots).slot_of(company)
    for _ in range(TRIES):
        store = RedisStore(client, settings.run, bound.slots)
        state = store.state(slot, set())
        answer = live_told(settings, client, store, company, tuple(bound.strategies))
        position = state.position
        if position is not None and store.position(slot) == position:
            break
    else:
        raise NotKnown(f"nothing was applied to the slot of {company} yet, or it never rests; try again")
    chain = state.chain
    known = chain is not None and chain.offset == position.offset
    read = _archived_read_by(settings, position.topic_id, slot, position.offset)
    return Proof(
        run=settings.run,
        company=company,
        as_of=to_iso(now),
        slot=slot,
        slots=bound.slots,
        topic_id=position.topic_id,
        offset=position.offset,
        since=chain.since if chain is not None and known else position.offset,
        links=[(chain.offset, chain.head.hex())] if chain is not None and known else [],
        model=read.model,
        universe=read.universe,
        rules=bound.rules_text,
        rules_digest=read.rules,
        strategies={name: strategy.digest for name, strategy in bound.strategies.items()},
        answer=answer,
    )


def live_told(
    settings: Settings, client: redis.Redis, store: RedisStore, company: str, strategies: Sequence[str]
) -> dict[str, Any]:
    """What Redis says of a company now, with the words of old documents, which lie in the archive."""
    traced = TracedDocuments(client, store.keys, ArchiveTables.of(settings))
    return told(_Whole(store, traced), company, strategies)


class _Whole:
    """A store that tells each document with its words."""

    def __init__(self, store: RedisStore, traced: TracedDocuments) -> None:
        self._store, self._traced, self.keys = store, traced, store.keys
        self.company_rows, self.hash_value, self.hash_fields = store.company_rows, store.hash_value, store.hash_fields

    def recent(self, company: str) -> list[RecentDocument]:
        return self._traced.filled(self._store.recent(company))

    def heaviest(self, company: str) -> dict[int, list[RecentDocument]]:
        found = self._store.heaviest(company)
        filled = self._traced.filled([each for some in found.values() for each in some])
        whole = {(each.id, each.available_at): each for each in filled}
        return {
            hour: [whole[each.id, each.available_at] for each in some if (each.id, each.available_at) in whole]
            for hour, some in found.items()
        }


def read_proof(file: Path) -> Proof:
    """Raises ProofError."""
    try:
        proof = msgspec.json.decode(file.read_bytes(), type=Proof)
    except msgspec.MsgspecError as error:
        raise ProofError(f"{file} is no proof: {error}") from None
    if proof.format != FORMAT or proof.version > VERSION:
        raise ProofError(
            f"{file} is {proof.format!r} of version {proof.version}; this program reads {FORMAT} {VERSION}"
        )
    return proof


def verify(settings: Settings, client: redis.Redis, proof: Proof, log: ReadLog) -> str:
    """The first difference between a proof and what follows from the log; "" where there is none. Raises NotKnown."""
    if proof.run != settings.run:
        raise ProofError(f"the proof is of run {proof.run!r}, not {settings.run!r}; give --run {proof.run}")
    bound = Bound.of(settings, client)
    entry = Applied(
        slot=proof.slot,
        topic_id=proof.topic_id,
        offset=proof.offset,
        slots=proof.slots,
        at=0,
        moves=(Move(0, proof.offset),),
        since=proof.since,
        rules=proof.rules,
        strategies=proof.strategies,
    )
    moment = Moment(proof.slot, proof.topic_id, proof.offset, 0, entry)
    last: deque[bytes | None] = deque(maxlen=LOOKED_BACK)

    def noted(topic_id: str, partition: int, begin: int, until: int) -> Iterator[Recorded]:
        for record in log(topic_id, partition, begin, until):
            last.append(record.value)
            yield record

    past = PastRuns(settings, client, noted).made(moment, bound)
    made, sound = dict(past.folded.links), proof.since
    for offset, link in proof.links:
        if made.get(offset) != link:
            return f"the log is another one than that of the answer, in records {sound:,} to {offset - 1:,}"
        sound = offset
    names = {"model": proof.model, "universe": proof.universe, "rules_digest": proof.rules_digest}
    read = dict(zip(names, read_by(last), strict=True))
    named = proof.version >= 2 and any(names.values())  # it names them, unless it knew of no opinion
    if named and (wrong := next(differences(names, read, "proof"), "")):
        return wrong
    answer = told(past.folded.store, proof.company, past.strategies, past.silent)
    if proof.version < 2:
        del answer["heaviest"]
    said, follows = (without_deleted(each, client, proof.run, proof.slots) for each in (proof.answer, answer))
    return next(differences(said, follows, "answer"), "")


def differences(said: Any, follows: Any, where: str) -> Iterator[str]:
    """Where two pieces of plain data differ, in order."""
    if isinstance(said, dict) and isinstance(follows, dict):
        for name in sorted(said.keys() | follows.keys()):
            if name not in said or name not in follows:
                yield f"{where}.{name} is {'not in the answer' if name not in said else 'not what the log gives'}"
            else:
                yield from differences(said[name], follows[name], f"{where}.{name}")
    elif isinstance(said, list | tuple) and isinstance(follows, list | tuple):
        for number, (one, other) in enumerate(zip(said, follows, strict=False)):
            yield from differences(one, other, f"{where}[{number}]")
        if len(said) != len(follows):
            yield f"{where} has {len(said)} entries, {len(follows)} follow from the log"
    elif said != follows:
        yield f"{where} is {said!r}, but {follows!r} follows from the log"
