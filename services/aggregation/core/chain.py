"""The chain over a slot's records (shared/contract/applied.py): moved in the same step as the position. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from shared.contract.applied import FIRST_LINK, link


class Chain(NamedTuple):
    """The link at `offset`, the next record to apply; it began at `since`."""

    since: int
    offset: int
    head: bytes

    @classmethod
    def at(cls, offset: int) -> Chain:
        """One that begins here."""
        return cls(offset, offset, FIRST_LINK)

    def fields(self) -> dict[str, str]:
        """As kept in Redis."""
        return {"since": str(self.since), "offset": str(self.offset), "head": self.head.hex()}

    @classmethod
    def parse(cls, raw: Mapping[bytes, bytes]) -> Chain | None:
        """None where there is none yet."""
        if b"head" not in raw:  # of the commits alone that were made without the records at hand
            return None
        return cls(int(raw[b"since"]), int(raw[b"offset"]), bytes.fromhex(raw[b"head"].decode()))


class _Record(Protocol):
    @property
    def offset(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...


class Links:
    """The records of a batch as they lie in the log, from which the chain goes on. They follow each other gaplessly."""

    def __init__(self, records: Sequence[_Record]) -> None:
        self._records = records

    def advance(self, chain: Chain | None, position: int, until: int) -> Chain:
        """The chain of a slot that is at `position`, moved to `until`; one that was at another offset begins anew."""
        if chain is None or chain.offset != position:
            chain = Chain.at(position)
        head, first = chain.head, self._records[0].offset
        for record in self._records[position - first : until - first]:
            head = link(head, record.offset, record.key, record.value)
        return Chain(chain.since, until, head)
