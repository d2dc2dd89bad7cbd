"""An answer with what it follows from, and the check that it does: `bellwether as-of --proof` and `bellwether verify`.

A proof names run, slot, position and the chain over every record before it. The check reads these records again, from
Kafka or from their archived copy, and makes the answer anew. It proves that an answer follows from this log; it does
not protect against an owner who rewrites log and chain together.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import redis

from services.aggregation.stores.redis_store import RedisStore
from services.archive.as_of.log_copy import ReadLog
from services.archive.as_of.moments import Moment, NotKnown
from services.archive.as_of.past import Bound, Past, PastRuns, told, without_deleted
from shared.clock import to_iso
from shared.contract.applied import Applied, Move
from shared.contract.keys import Keys
from shared.settings import Settings

FORMAT: Final = "bellwether-proof"
VERSION: Final = 1
TRIES: Final = 20  # of an answer at rest, while the slot moves on


class ProofError(ValueError):
    """A file that is no proof, or of another run; the text says which."""


class Proof(msgspec.Struct, kw_only=True):
    """The file. `links`: (offset, chain) on the way, the last one at `offset`; none where an older version applied."""

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
    strategies: dict[str, str] = {}
    answer: dict[str, Any]


def past_proof(settings: Settings, past: Past, company: str, as_of: int) -> Proof:
    """The answer as of a moment."""
    entry, folded = past.moment.entry, past.folded
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
        model=entry.model,
        universe=entry.universe,
        rules=entry.rules,
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
        answer = told(store, company, tuple(bound.strategies))
        position = state.position
        if position is not None and store.position(slot) == position:
            break
    else:
        raise NotKnown(f"nothing was applied to the slot of {company} yet, or it never rests; try again")
    chain = state.chain
    known = chain is not None and chain.offset == position.offset
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
        rules=bound.rules_text,
        strategies={name: strategy.digest for name, strategy in bound.strategies.items()},
        answer=answer,
    )


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
    past = PastRuns(settings, client, log).made(moment, bound)
    made, sound = dict(past.folded.links), proof.since
    for offset, link in proof.links:
        if made.get(offset) != link:
            return f"the log is another one than that of the answer, in records {sound:,} to {offset - 1:,}"
        sound = offset
    answer = told(past.folded.store, proof.company, past.strategies, past.silent)
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
