"""One source's way to Kafka: normalise, mask, leave out what is there already, send, and note it once acknowledged.

    source -> batches -> normalise -> mask -> ledger: known? -> producer ... acknowledged -> ledger + cursor, atomically

Several batches are under way at once; they are settled strictly in order, so the cursor never passes an item that is
not safe. Refused items are on disk before their batch is settled. Nothing else is dropped, and all is counted.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

import msgspec

from services.ingest.delivery.ledger import Counts, Known, Ledger, Progress
from services.ingest.delivery.rejected import RejectedFile
from services.ingest.documents.companies import CompanyNames
from services.ingest.documents.masker import Masker
from services.ingest.documents.normalise import (
    GAP,
    RawItem,
    Reading,
    Rejected,
    channel_in,
    deleted_item,
    has_useless_id,
    is_deletion,
    is_undated,
    normalise,
)
from services.ingest.sources.source import Batch, Cursor, Outcome
from shared.clock import Clock
from shared.contract.events import CHANNELS, UNREAD, Channel, Deletion, Document
from shared.story import story_key

IN_FLIGHT: Final = 16  # batches sent and not yet settled: bounds memory when Kafka is slow
log = logging.getLogger(__name__)


class Fate(Protocol):
    """What `Publisher.send` gives."""

    @property
    def done(self) -> bool: ...

    def wait(self) -> None: ...


class _Made(NamedTuple):
    """A document that may be new, the id by which a former version may have sent it, and its place in the batch."""

    document: Document
    former_id: str
    place: int


_Mark = tuple[Channel | None, str]


def _marks(known: Iterable[Known]) -> set[_Mark]:
    return {(one.channel, mark) for one in known for mark in (one.id, one.item, one.former_id) if mark}


@dataclass(slots=True)
class _Sorted:
    """A batch, sorted into what goes out and what is there already."""

    counts: Counts
    outcomes: list[Outcome]
    deletions: list[tuple[int, str]] = field(default_factory=list)  # place in the batch, and the item that is gone
    fresh: list[Document | Deletion] = field(default_factory=list)
    notes: list[Known] = field(default_factory=list)  # what the ledger is to note, once Kafka has all of it

    def copy(self, one: _Made) -> None:
        self.counts.duplicates += 1
        self.outcomes[one.place] = Outcome("copy", one.document.id)

    def send(self, one: _Made, document: Document, *, update: bool) -> None:
        self.counts.versions += update
        self.outcomes[one.place] = Outcome("update" if update else "taken", document.id)
        self.fresh.append(document)


@dataclass(slots=True)
class _Sent:
    """A batch under way."""

    cursor: Cursor
    counts: Counts
    known: list[Known]  # once Kafka has all of it
    fates: list[Fate] = field(default_factory=list)
    earliest: int | None = None  # the lowest available_at in it
    settled: Callable[[], None] | None = None

    @property
    def done(self) -> bool:
        return all(fate.done for fate in self.fates)


class Intake:
    """Takes the batches of one source. Not for several threads at once. `counts` covers what is settled."""

    def __init__(
        self,
        key: str,
        reading: Reading,
        send: Callable[[Document | Deletion], Fate],
        ledger: Ledger,
        masker: Masker,
        rejected: RejectedFile,
        names: CompanyNames,
        clock: Clock,
    ) -> None:
        self._key = key
        self._reading = reading
        self._send = send
        self._ledger = ledger
        self._masker = masker
        self._rejected = rejected
        self._names = names
        self._clock = clock
        self._sent: deque[_Sent] = deque()
        self._pending: set[_Mark] = set()  # ids, former ids and items of what is under way
        self._stories: dict[_Mark, str] = {}  # of items under way, that of the first version
        kept = ledger.progress(key)
        self.cursor = kept.cursor if kept else None
        self.counts = kept.counts if kept else Counts()

    def take(self, batch: Batch, received_at: int | None = None) -> None:
        """Send a batch, read at `received_at` (None: now), and settle those that are done. Raises DeliveryFailed."""
        now = self._clock.now() if received_at is None else received_at
        found = _Sorted(Counts(read=len(batch.items)), batch.outcomes)
        self._sort(self._documents(batch, now, found), found)
        self._delete(now, found)
        found.counts.published = len(found.fresh)
        sent = _Sent(batch.reached, found.counts, found.notes, settled=batch.settled)
        sent.earliest = min((document.available_at for document in found.fresh), default=None)
        self._sent.append(sent)
        self._pending.update(_marks(found.notes))
        for document in found.fresh:
            sent.fates.append(self._send(document))
        while self._sent and (len(self._sent) > IN_FLIGHT or self._sent[0].done):
            self._settle()

    def finish(self) -> Counts:
        """Wait for everything that is under way. Raises DeliveryFailed."""
        while self._sent:
            self._settle()
        return self.counts

    def earliest_unsettled(self) -> int | None:
        """The lowest `available_at` among documents that Kafka has not acknowledged (for ticks)."""
        return min((sent.earliest for sent in list(self._sent) if sent.earliest is not None), default=None)

    def _documents(self, batch: Batch, now: int, found: _Sorted) -> list[_Made]:
        counts = found.counts
        documents: list[_Made] = []
        refused: list[tuple[str, Rejected]] = []
        unlinked = self._names.unlinked
        for index, item in enumerate(batch.items):
            batch.outcomes.append(Outcome("taken"))  # until it is known: see _sort and _delete
            made: _Made | Rejected
            if isinstance(item, Rejected):
                made = item
            elif isinstance(gone := self._deleted_item(item), str):
                found.deletions.append((index, gone))
                continue
            else:
                made = gone or self._prepare(item, now, index)
            if isinstance(made, Rejected):
                batch.outcomes[index] = Outcome("refused", "", made.reason, made.detail)
                refused.append((str(batch.first + index) if batch.first is not None else "", made))
                continue
            self._look_at(item, made.document, counts)  # type: ignore[arg-type]  # a Rejected never gets here
            documents.append(made)
        counts.rejected = self._rejected.write(refused)
        counts.duplicates = len(refused) - counts.rejected  # a feed shows the same bad item at every poll
        counts.gaps = sum(made.reason == GAP for _, made in refused)
        batch.refused.extend(made for _, made in refused)
        counts.unlinked = self._names.unlinked - unlinked
        return documents

    def _look_at(self, item: RawItem, document: Document, counts: Counts) -> None:
        counts.undated += is_undated(item, self._reading)
        counts.useless_ids += has_useless_id(item)
        counts.other_channel += (channel_in(item) or self._reading.channel) != self._reading.channel
        counts.ahead += document.dated_ahead
        counts.highest = max(counts.highest, document.available_at)

    def _prepare(self, raw: RawItem, now: int, index: int) -> _Made | Rejected:
        """An item that trips our own code costs itself alone."""
        try:
            made = normalise(raw, self._reading, now)
            return made if isinstance(made, Rejected) else _Made(self._masker.apply(made), made.former_id, index)
        except Exception as error:
            log.exception("an item of %s cannot be read", self._key)
            return Rejected("undecodable", f"{type(error).__name__}: {error}", raw)

    def _sort(self, made: Iterable[_Made], found: _Sorted) -> None:
        unique: dict[_Mark, _Made] = {}
        for one in made:
            mark = (one.document.channel, one.document.id)
            if mark in unique or mark in self._pending:
                found.copy(one)
            else:
                unique[mark] = one
        for channel in CHANNELS:
            mine = [one for one in unique.values() if one.document.channel == channel]
            if mine:
                self._judge(mine, channel, found)
        found.counts.truncated = sum(isinstance(one, Document) and one.truncated for one in found.fresh)

    def _judge(self, made: list[_Made], channel: Channel, found: _Sorted) -> None:
        """Sort items of one channel into what is new, and what this or a former version has sent."""
        known = self._ledger.known([one.document.id for one in made], channel)
        for one in made:
            if one.document.id in known:
                found.copy(one)
        rest = [one for one in made if one.document.id not in known]
        former = self._ledger.known_formerly([one.former_id for one in rest], channel)
        items = self._ledger.known_items([one.document.item for one in rest], channel)
        stories = self._ledger.stories([one.document.item for one in rest if one.document.item in items], channel)
        for one in rest:
            document, former_id = one.document, one.former_id
            taken_over = former_id in former and (channel, former_id) not in self._pending
            if taken_over:
                former.remove(former_id)  # it stands for one text, not for every text under that id
                found.copy(one)
            else:
                mark = (channel, document.item)
                update = document.item in items or mark in self._pending
                own = story_key(document.title, document.text)
                first = stories.get(document.item) or self._stories.get(mark) or own
                told = msgspec.structs.replace(document, story=first) if update and first != own else document
                found.send(one, told, update=update)
                stories.setdefault(document.item, first)
                self._stories.setdefault(mark, first)
            items.add(document.item)
            story = stories.get(document.item, "")
            found.notes.append(Known(document.id, document.item, former_id if taken_over else "", channel, story))

    def _delete(self, now: int, found: _Sorted) -> None:
        """Deletions go out behind the documents of their batch, each once, and only of what was published."""
        if not found.deletions:
            return
        items = list({item for _, item in found.deletions})
        there: set[_Mark] = {(note.channel, note.item) for note in found.notes}
        gone: dict[_Mark, bool] = {}  # by the latest that was said: by the ledger, in what is under way, in this batch
        for each in CHANNELS:
            there.update((each, item) for item in self._ledger.known_items(items, each))
            gone.update(((each, item), True) for item in self._ledger.deleted(items, each))
        under_way = (note for sent in self._sent for note in sent.known)
        gone.update(((note.channel, note.item), note.deleted) for note in (*under_way, *found.notes))
        for place, item in found.deletions:
            went_to = (each for each in CHANNELS if (each, item) in there or (each, item) in self._pending)
            channel = next(went_to, None)
            if channel is None or gone.get((channel, item)):
                found.counts.duplicates += 1
                found.outcomes[place] = Outcome("copy")
                continue
            source = self._reading.source
            found.fresh.append(Deletion(schema=UNREAD, item=item, channel=channel, source=source, deleted_at=now))
            found.notes.append(Known("", item, "", channel, deleted=True))
            found.counts.deleted += 1
            found.outcomes[place] = Outcome("deleted")
            gone[channel, item] = True

    def _deleted_item(self, raw: RawItem) -> str | Rejected | None:
        """The item that a row takes back; None for any other row. A file takes nothing back: its column is data."""
        if not self._reading.feed or not is_deletion(raw):
            return None
        return deleted_item(raw, self._reading)

    def _settle(self) -> None:
        sent = self._sent[0]
        for fate in sent.fates:
            fate.wait()
        total = Counts()
        total.add(self.counts)
        total.add(sent.counts)
        if sent.counts.read or sent.cursor != self.cursor:
            self._ledger.commit(self._key, Progress(sent.cursor, total), sent.known)
        self._sent.popleft()
        self._pending.difference_update(_marks(sent.known))
        if not self._sent:
            self._stories.clear()
        self.cursor, self.counts = sent.cursor, total
        if sent.settled:
            sent.settled()
