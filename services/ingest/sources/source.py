"""The one interface of everything that brings items in: feeds, files, the synthetic week, and later an HTTP push."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

from services.ingest.documents.normalise import RawItem, Reading, Rejected

Cursor = dict[str, int | str]  # where a source goes on; what the keys mean is its own affair


class SourceError(RuntimeError):
    """A source that cannot be read at all; the text names it and the remedy."""


class Outcome(NamedTuple):
    """What became of one item: a document (`taken`), another text of a known item (`update`), a text that is there
    already (`copy`), a deletion (`deleted`), or nothing (`refused`, with a reason of normalise.REASONS and what exactly
    was wrong)."""

    what: Literal["taken", "update", "copy", "deleted", "refused"]
    document_id: str = ""
    reason: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """Items read together, and where to go on once all of them are safe on Kafka.

    An item is a raw mapping (keys: normalise.FIELDS) or already refused by the reader. `first` is the number of the
    first item in its source, where it has one. `floor`: nothing available earlier than this will follow from this
    source (microseconds), where it plays history in order of time; None makes no such promise.
    `unless_refused` is kept instead of `cursor` when an item was refused. `refused` and `outcomes` (one per item, in
    their order) are filled by whoever takes it; `settled` is called once all of it is safe, by who reads the batches.
    """

    items: Sequence[RawItem | Rejected]
    cursor: Cursor
    first: int | None = None
    floor: int | None = None
    unless_refused: Cursor | None = None
    refused: list[Rejected] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    settled: Callable[[], None] | None = None

    @property
    def reached(self) -> Cursor:
        """Where to go on, by what was taken of it."""
        return self.unless_refused if self.refused and self.unless_refused is not None else self.cursor


class Source(Protocol):
    """What items come from. `key` names its cursor in the ledger: one feed, read in one way, has one key."""

    key: str
    reading: Reading

    def batches(self, cursor: Cursor | None, stop: threading.Event) -> Iterator[Batch]:
        """Batches from `cursor` on (None: from the start), until the source ends or `stop` is set.

        A live source never ends by itself: it reconnects with a growing delay, and yields an empty batch at least
        every second, so that what it read before gets settled. Raises SourceError.
        """


class LiveSource(Source, Protocol):
    """A source of the worker. `trouble` says why it is down, for the report; "" while it is well. `heard_at`: when it
    last answered, 0 for a source that is well as long as it is in no trouble. `next_poll_at`: 0 for a stream."""

    trouble: str
    heard_at: int
    next_poll_at: int
