"""The door for programs that push documents: rows in, one outcome per row out, after Kafka has acknowledged them.

The feed of what is pushed is the name of the key that pushed it, always: nobody can touch another's items.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, Protocol

import redis

from services.ingest.delivery.floors import Floor
from services.ingest.delivery.intake import Fate, Intake
from services.ingest.delivery.lead import Lead, bind_author_key
from services.ingest.delivery.ledger import Counts, Ledger
from services.ingest.delivery.publisher import Publisher
from services.ingest.delivery.rejected import RejectedFile
from services.ingest.documents.companies import CompanyNames
from services.ingest.documents.masker import Masker
from services.ingest.documents.normalise import RawItem, Reading, Rejected
from services.ingest.sources.source import Batch, Outcome
from services.ingest.sources.tabular.rows import parse_json
from shared.clients.kafka import ensure_topics
from shared.clients.redis import connect
from shared.clients.state_folder import StateFolder
from shared.clock import Clock
from shared.contract.events import CHANNELS, Channel, Deletion, Document
from shared.contract.names import checked_name
from shared.contract.topics import Topics
from shared.settings import Settings
from shared.universe.securities import Catalogue

MOST_ROWS: Final = 1_000  # in one call; one batch under way is what bounds memory
PATIENCE_SECONDS: Final = 30.0  # with a Kafka that is away: a caller waits for its answer
log = logging.getLogger(__name__)
_FEED: Final = "push:"  # in front of a key's name; no configured source can be called that


class TooManyRows(ValueError):
    """More rows than one call takes; the text says how many it does."""


class Sender(Protocol):
    """What the door needs of a Publisher."""

    def send(self, document: Document | Deletion) -> Fate: ...

    def close(self) -> None: ...


class PushDoor:
    """Takes rows of any number of keys, from any number of threads; the rows of one key one call after another.

    Opening it connects to Kafka and makes the topics that are missing. Raises kafka.errors.*, TopicMismatch, OSError.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        catalogue: Catalogue | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        topics = Topics.of(settings)
        states = ensure_topics(settings.kafka, topics.all())
        self._ids = {channel: states[topics.documents(channel)].topic_id for channel in CHANNELS}
        self._settings = settings
        self._clock = clock
        self._catalogue = catalogue or Catalogue.load()
        self._masker = Masker.from_settings(settings)
        self._publisher: Sender = Publisher(settings.kafka, topics, patience_seconds)
        self._ledger = Ledger(StateFolder(settings.state_dir).ledger, self._ids["news"], self._ids, clock)
        self._doors: dict[tuple[str, Channel], _KeyDoor] = {}
        self._lock = threading.Lock()
        self._redis = connect(settings.redis)
        self._lead = Lead(self._redis, settings)
        self._key_bound = False

    def push(self, key_name: str, rows: Sequence[RawItem | bytes], channel: Channel = "news") -> list[Outcome]:
        """One outcome per row, in their order, once Kafka has every row that is `taken` or an `update`.

        A row is a mapping (fields: normalise.FIELDS) or the bytes of a JSON object; `deleted: true` with an external_id
        takes an item back. `channel` is for rows that name
        none. All rows are live: available now, whenever they say that they were published. Raises TooManyRows, BadName,
        DeliveryFailed (within the patience; nothing was acknowledged: send the same rows again, nothing counts twice),
        and OSError or sqlite3.Error for a state folder that cannot be written, LedElsewhere where another one feeds the
        run, and WorkerStop where the author key is not the run's.
        """
        if len(rows) > MOST_ROWS:
            raise TooManyRows(f"{len(rows):,} rows in one push; at most {MOST_ROWS:,} are taken, send them in parts")
        self._require_lead()
        items = [parse_json(row) if isinstance(row, bytes) else row for row in rows]
        with Floor(StateFolder(self._settings.state_dir).floors, self._clock.now()):  # no tick passes what is sent here
            return self._door(checked_name(key_name), channel).take(items)

    def counts(self, key_name: str) -> Counts:
        """What was pushed with a key, since the ledger began."""
        total = Counts()
        for channel in CHANNELS:
            kept = self._ledger.progress(_ledger_key(key_name, channel))
            if kept:
                total.add(kept.counts)
        return total

    def close(self) -> None:
        self._publisher.close()
        self._ledger.close()
        self._redis.close()

    def _require_lead(self) -> None:
        """Without a Redis there is nobody to ask: what is pushed waits in Kafka all the same."""
        try:
            self._lead.require()
            if not self._key_bound:
                bind_author_key(self._redis, self._settings)
                self._key_bound = True
        except redis.RedisError as error:
            log.warning("Redis does not answer; whether another machine feeds the run is not known: %s", error)

    def _door(self, key_name: str, channel: Channel) -> _KeyDoor:
        with self._lock:
            door = self._doors.get((key_name, channel))
            if door is None:
                door = self._doors[key_name, channel] = _KeyDoor(lambda: self._intake(key_name, channel))
            return door

    def _intake(self, key_name: str, channel: Channel) -> Intake:
        names = CompanyNames(self._catalogue)
        feed = _FEED + key_name
        reading = Reading(channel, feed, live=True, feed=feed, zone_names=self._settings.ingest.zone_names)
        return Intake(
            _ledger_key(key_name, channel),
            replace(reading, link=names.link),
            self._publisher.send,
            self._ledger,
            self._masker,
            RejectedFile(self._settings.state_dir, feed, self._clock),
            names,
            self._clock,
        )


class _KeyDoor:
    """The rows of one key and channel. After a failure the intake is made anew: what it had under way is unknown."""

    def __init__(self, make: Callable[[], Intake]) -> None:
        self._make = make
        self._intake: Intake | None = None
        self._lock = threading.Lock()

    def take(self, items: list[RawItem | Rejected]) -> list[Outcome]:
        batch = Batch(items, {})
        with self._lock:
            intake, self._intake = self._intake or self._make(), None
            intake.take(batch)
            intake.finish()
            self._intake = intake
        return batch.outcomes


def _ledger_key(key_name: str, channel: Channel) -> str:
    return f"{_FEED}{key_name}:{channel}"
