"""Taking back what an author wrote: a deletion of each item, as its source would send it, and the author's lines among
what was refused.

From there on it is a deletion like any other (decisions 0101 and 0171): doors hide at once, the archive loses the words
within the hour, Kafka's log by `bellwether topics forget`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import msgspec

from services.ingest.delivery.floors import Floor
from services.ingest.delivery.ledger import Counts, Known, Ledger, Progress
from services.ingest.delivery.publisher import Publisher
from services.ingest.delivery.rejected import RejectedItem
from services.ingest.delivery.rejected_folder import RejectedFolder
from services.ingest.erasure.found import Item
from shared.clients.kafka import ensure_topics
from shared.clients.state_folder import StateFolder
from shared.clock import Clock
from shared.contract.events import CHANNELS, READS, Deletion
from shared.contract.topics import Topics
from shared.settings import Settings

SOURCE = "erase"  # what these deletions say of where they come from


def take_back(settings: Settings, items: Iterable[Item], clock: Clock) -> int:
    """Send a deletion of each item that is not deleted yet; how many were sent, all of them acknowledged by Kafka.

    Raises DeliveryFailed (run it again: nothing is sent twice), kafka.errors.*, TopicMismatch, OSError, sqlite3.Error.
    """
    topics = Topics.of(settings)
    states = ensure_topics(settings.kafka, topics.all())
    ids = {channel: states[topics.documents(channel)].topic_id for channel in CHANNELS}
    folder, now = StateFolder(settings.state_dir), clock.now()
    publisher = Publisher(settings.kafka, topics)
    try:
        with Ledger(folder.ledger, ids["news"], ids, clock) as ledger, Floor(folder.floors, now):
            wanted = sorted(set(items) - _gone(ledger, items))
            fates = [
                publisher.send(Deletion(schema=READS, item=item, channel=channel, source=SOURCE, deleted_at=now))
                for channel, item in wanted
            ]
            for fate in fates:
                fate.wait()
            noted = [Known("", item, "", channel, deleted=True) for channel, item in wanted]
            ledger.commit(SOURCE, Progress({}, Counts()), noted)
            ledger.forget(SOURCE)  # what it was is noted; it goes on nowhere
    finally:
        publisher.close()
    return len(wanted)


def _gone(ledger: Ledger, items: Iterable[Item]) -> set[Item]:
    found: set[Item] = set()
    for channel in CHANNELS:
        mine = [each.item for each in items if each.channel == channel]
        found |= {Item(channel, item) for item in ledger.deleted(mine, channel)}
    return found


def erase_refused(settings: Settings, handle: str, hashed: Callable[[str], str]) -> int:
    """Remove what was refused and names the handle, as a whole value or after an @; how many items. `hashed`: as
    authors are (Masker.author), so that every spelling of the handle is met."""
    author = hashed(handle)
    mention = re.compile(rf"(?<![\w@])@{re.escape(handle.strip().lstrip('@'))}(?!\w)", re.IGNORECASE)

    def names(line: bytes) -> bool:
        try:
            original = msgspec.json.decode(line, type=RejectedItem).original
        except msgspec.DecodeError:
            return False
        return bool(mention.search(original)) or any(hashed(value) == author for value in _values(original))

    return RejectedFolder(StateFolder(settings.state_dir).rejected).erase_lines(names)


def _values(original: str) -> list[str]:
    """Every text in a refused item that is JSON."""
    try:
        waiting, found = [msgspec.json.decode(original)], []
    except (msgspec.DecodeError, RecursionError):
        return []
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            found.append(each)
        elif isinstance(each, dict):
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)
    return found
