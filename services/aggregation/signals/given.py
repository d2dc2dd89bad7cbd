"""What was given out of a company and strategy: the latest signals whole, of older ones what a late opinion asks for.

Redis keeps the signals of the latest KEPT_MOMENTS (some more until they are cut). Of an older one it keeps how many
revisions there were and a digest of what the last one said, twelve bytes or so in blocks of four weeks: enough to give
out the next revision, or none. The signals themselves are on the topic, and in the archive.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from services.aggregation.core.state import Writes
from services.aggregation.core.store import SignalStore
from shared.clock import DAY
from shared.contract.signals import Signal, decode_revisions, encode_revisions

SLACK: Final = 4  # a fourth more, before they are cut
BLOCK: Final = 28 * DAY  # of moments
MARGIN: Final = 60 * DAY  # behind the hours that are kept, before a block is dropped

_NEWER: Final = {"cadence_hours", "contributions", "evidence"}  # said, or chosen otherwise, since there is a cadence
_ASIDE: Final = {"id", "revision", "available_at"}  # no part of what a signal says


class Older(msgspec.Struct, frozen=True, array_like=True):
    """What is left of a signal that is no longer kept: its revisions, and what the last one said."""

    revisions: int
    digest: bytes
    plain: bool = False  # it was given out before there was a cadence


class Before(NamedTuple):
    """What was given out at one T: whole, or what is left of it."""

    revisions: int
    last: Signal | None
    older: Older | None

    def says(self, signal: Signal) -> bool:
        """Whether its last revision said the same; what an older version did not say is no difference."""
        if self.last is not None:
            return _same(self.last, signal)
        return self.older is not None and self.older.digest == digest_of(signal, plain=self.older.plain)


_blocks = msgspec.msgpack.Decoder(dict[int, Older])
_pack = msgspec.msgpack.Encoder().encode


class Given:
    """Of one slot of any store. `hours`: how long hour buckets are kept, microseconds; `keep` None: everything."""

    def __init__(self, store: SignalStore, slot: int, hours: int, keep: int | None) -> None:
        self._store, self._slot, self._hours, self._keep = store, slot, hours, keep
        self._times: dict[str, list[int]] = {}  # by key: the moments that are kept whole
        self._moved: dict[str, list[int]] = {}  # the same, once what was written is durable

    def forget(self) -> None:
        """Somebody else may have written."""
        self._times.clear()
        self._moved.clear()

    def durable(self) -> None:
        """What `write` was asked for was committed."""
        self._times |= self._moved
        self._moved = {}

    # -- reading
    def before(self, company: str, strategy: str, at: int) -> Before | None:
        """What was given out for T = `at` (microseconds)."""
        raw = self._store.hash_value(self._slot, self._store.keys.signals(company, strategy), str(at))
        if raw:
            revisions = decode_revisions(raw)
            return Before(len(revisions), revisions[-1], None)
        older = self._block(self._store.keys.given(company, strategy), at // BLOCK).get(at)
        return Before(older.revisions, None, older) if older is not None else None

    def moments(self, company: str, strategy: str, first: int, last: int) -> set[int]:
        """Every T in [first, last] (microseconds) for which there is a signal."""
        found = set(self._kept(self._store.keys.signals(company, strategy)))
        key = self._store.keys.given(company, strategy)
        for block in map(int, self._store.hash_fields(self._slot, key)):
            if first // BLOCK <= block <= last // BLOCK:
                found.update(self._block(key, block))
        return {at for at in found if first <= at <= last}

    def _kept(self, key: str) -> list[int]:
        if key not in self._times:
            self._times[key] = sorted(map(int, self._store.hash_fields(self._slot, key)))
        return self._times[key]

    def _block(self, key: str, block: int) -> dict[int, Older]:
        raw = self._store.hash_value(self._slot, key, str(block))
        return _blocks.decode(raw) if raw else {}

    # -- writing
    def write(self, writes: Writes, signals: Sequence[Signal]) -> None:
        """Put signals among what is kept, and cut what is too much. Call `durable` once `writes` are."""
        by_name: dict[tuple[str, str], list[Signal]] = {}
        for signal in signals:
            by_name.setdefault((signal.company, signal.strategy), []).append(signal)
        self._moved = {}
        for (company, strategy), own in by_name.items():
            self._write(writes, company, strategy, own)

    def _write(self, writes: Writes, company: str, strategy: str, signals: Sequence[Signal]) -> None:
        key = self._store.keys.signals(company, strategy)
        held = set(self._kept(key))
        whole: dict[int, list[Signal]] = {}
        older: dict[int, Older] = {}
        for signal in signals:
            if signal.at in held:
                whole[signal.at] = [*self._revisions(key, signal.at), signal]
            elif signal.revision:
                older[signal.at] = _older([signal])
            else:
                whole[signal.at] = [signal]
        moments = sorted(held | whole.keys())
        if self._keep is not None and len(moments) > self._keep + self._keep // SLACK:
            for at in moments[: -self._keep]:
                older[at] = _older(whole.pop(at, []) or self._revisions(key, at))
            writes.unset[key] = [str(at) for at in moments[: -self._keep] if at in held]
            moments = moments[-self._keep :]
        for at, revisions in whole.items():
            writes.hashes.setdefault(key, {})[str(at)] = encode_revisions(revisions)
        self._moved[key] = moments
        self._write_older(writes, self._store.keys.given(company, strategy), older)

    def _write_older(self, writes: Writes, key: str, older: dict[int, Older]) -> None:
        blocks: dict[int, dict[int, Older]] = {}
        for at, one in sorted(older.items()):
            block = at // BLOCK
            if block not in blocks:
                blocks[block] = self._block(key, block)
            blocks[block][at] = one
        for block, held in blocks.items():
            writes.hashes.setdefault(key, {})[str(block)] = _pack(held)
        if blocks:
            gone = (max(blocks) * BLOCK - self._hours - MARGIN) // BLOCK
            dropped = [name for name in self._store.hash_fields(self._slot, key) if int(name) < gone]
            if dropped:
                writes.unset[key] = dropped

    def _revisions(self, key: str, at: int) -> list[Signal]:
        return decode_revisions(self._store.hash_value(self._slot, key, str(at)) or b"[]")


def _older(revisions: Sequence[Signal]) -> Older:
    last = revisions[-1]
    plain = not last.cadence_hours
    return Older(last.revision + 1, digest_of(last, plain=plain), plain)


def digest_of(signal: Signal, *, plain: bool) -> bytes:
    """Eight bytes that two signals share when they say the same."""
    said = msgspec.to_builtins(signal)
    kept = {name: value for name, value in said.items() if name not in (_ASIDE | _NEWER if plain else _ASIDE)}
    return hashlib.blake2b(msgspec.json.encode(kept, order="deterministic"), digest_size=8).digest()


def _same(before: Signal, after: Signal) -> bool:
    """Whether two revisions say the same; what an older version did not say is no difference."""
    aside = _ASIDE | (_NEWER if not before.cadence_hours else set())
    names = (name for name in before.__struct_fields__ if name not in aside)
    return all(getattr(before, name) == getattr(after, name) for name in names)
