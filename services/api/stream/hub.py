"""Follows the topics' ends with one consumer, keeps the latest records in a ring, wakes the readers; a second consumer
reads back, one request after the other, for readers that come with an older id. What the log no longer holds comes of
the archive.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final, TypeVar

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from services.api.stream.older import Older
from services.api.stream.place import KINDS, Kind, Part, Place, incarnation
from services.api.stream.ring import Record, Ring
from shared.clients.kafka import TopicState, describe, log_consumer
from shared.contract.events import CHANNELS
from shared.contract.topics import Topics
from shared.reading.offsets import require_broker
from shared.settings import KafkaSettings

LOOK_SECONDS: Final = 5.0  # between two looks at whether the topics are still the same
POLL_MS: Final = 500
BACK_RECORDS: Final = 500
BACK_PATIENCE: Final = 10.0  # seconds
log = logging.getLogger(__name__)
T = TypeVar("T")


class NoLog(ConnectionError):
    """Kafka does not answer, or has no topics of this run."""


class Hub:
    """One process' view of the log. `close` it. Making it connects to Kafka: not on an event loop. Raises NoLog."""

    def __init__(
        self, kafka: KafkaSettings, topics: Topics, most_bytes: int | None = None, older: Older | None = None
    ) -> None:
        self._kafka, self._older = kafka, older
        self._named: dict[Kind, list[str]] = {
            "opinions": [topics.opinions],
            "signals": [topics.signals],
            "documents": [topics.documents(channel) for channel in CHANNELS],
            "alerts": [],
        }
        self._most = {} if most_bytes is None else {"most_bytes": most_bytes}
        self._lock = threading.Lock()
        self._back_lock = threading.Lock()
        self._back: KafkaConsumer | None = None
        self._wakers: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}
        self._end = threading.Event()
        self.generation = 0  # changes when ids of before mean nothing any more
        self.states: dict[str, TopicState] = {}
        self._open()
        self._thread = threading.Thread(target=self._follow, name="stream", daemon=True)
        self._thread.start()

    # -- what readers ask
    def incarnation(self, kinds: list[Kind], more: str) -> str:
        """Of the topics of these kinds; `more`: of what else ids count in."""
        names = [name for kind in KINDS if kind in kinds for name in self._named[kind]]
        found = {name: f"{self.states[name].topic_id}:{self.states[name].partitions}" for name in names}
        return incarnation(found | {"": more, "kinds": ",".join(kind for kind in KINDS if kind in kinds)})

    def tail(self, kinds: list[Kind]) -> Place:
        """After all that has come."""
        with self._lock:
            return Place({part: self.ring.ends[part] for part in self._parts(kinds)})

    def start(self, kinds: list[Kind]) -> Place:
        """Before all that the archive or the log still holds. Raises NoLog."""
        return Place(self._firsts(self._parts(kinds)))

    def lost(self, place: Place) -> list[Part]:
        """Partitions of which what is held begins later than the place, or ends before it. Raises NoLog."""
        begins = self._begins(list(place.offsets))
        if any(offset < begins[part] for part, offset in place.offsets.items()):
            begins = self._firsts(list(place.offsets))
        with self._lock:
            ends = self.ring.ends
            return [part for part, offset in place.offsets.items() if offset < begins[part] or offset > ends[part]]

    def behind(self, place: Place) -> dict[Part, int]:
        """Where the place is before what the ring holds."""
        with self._lock:
            return place.behind(self.ring.first)

    def base(self) -> int:
        with self._lock:
            return self.ring.base

    def after(self, number: int, place: Place, most: int) -> tuple[list[Record], int]:
        """See Ring.after."""
        with self._lock:
            return self.ring.after(number, place, most)

    def read_back(self, offsets: Mapping[Part, int]) -> list[Record]:
        """Some records from these offsets on, in order within a partition; what Kafka no longer has, of the archive.
        Raises NoLog."""
        if self._older is not None:
            begins = self._begins(list(offsets))
            for part, offset in offsets.items():
                if offset < begins[part]:
                    return self._asked(self._older.read, part, offset, begins[part], BACK_RECORDS)
        wanted = {TopicPartition(*part): offset for part, offset in offsets.items()}
        with self._back_lock:
            try:
                back = self._reading_back()
                back.assign(list(wanted))
                for part, offset in wanted.items():
                    back.seek(part, offset)
                deadline = time.monotonic() + BACK_PATIENCE
                while time.monotonic() < deadline:
                    found = back.poll(timeout_ms=POLL_MS, max_records=BACK_RECORDS)
                    if found:
                        return [_record(each) for some in found.values() for each in some]
            except (KafkaError, OSError) as error:
                with suppress(Exception):
                    if self._back is not None:
                        self._back.close()
                self._back = None
                raise NoLog(f"{type(error).__name__}: {error}") from error
        raise NoLog("Kafka gives no records")

    def watch(self) -> asyncio.Event:
        """An event of this loop that is set whenever there is something new; give it back with `unwatch`."""
        event = asyncio.Event()
        self._wakers[event] = asyncio.get_running_loop()
        return event

    def unwatch(self, event: asyncio.Event) -> None:
        self._wakers.pop(event, None)

    def close(self) -> None:
        self._end.set()
        self._thread.join(10)
        with self._back_lock:
            if self._back is not None:
                self._back.close()
                self._back = None

    # -- the thread
    def _parts(self, kinds: list[Kind]) -> list[Part]:
        names = [name for kind in kinds for name in self._named[kind]]
        return [Part(name, number) for name in names for number in range(self.states[name].partitions)]

    def _begins(self, parts: list[Part]) -> dict[Part, int]:
        with self._back_lock:
            try:
                back = self._reading_back()
                found = back.beginning_offsets([TopicPartition(*part) for part in parts]) if parts else {}
            except (KafkaError, OSError) as error:
                raise NoLog(f"{type(error).__name__}: {error}") from error
        return {part: found[TopicPartition(*part)] for part in parts}

    def _firsts(self, parts: list[Part]) -> dict[Part, int]:
        """Where what is held of each begins, in the archive or in the log."""
        begins = self._begins(parts)
        if self._older is None:
            return begins
        return {part: self._asked(self._older.first, part, begin) if begin else 0 for part, begin in begins.items()}

    def _asked(self, question: Callable[..., T], part: Part, *values: int) -> T:
        """The archive's answer on a partition."""
        try:
            return question(part, self.states[part.topic].topic_id, *values)
        except (OSError, RuntimeError, ValueError) as error:
            raise NoLog(f"the archive: {error}") from error

    def _reading_back(self) -> KafkaConsumer:
        """The second consumer, made when it is first needed; under its lock."""
        if self._back is None:
            require_broker(self._kafka)
            self._back = log_consumer(self._kafka)
        return self._back

    def _open(self) -> None:
        """Connect, and begin at the ends. Raises NoLog."""
        try:
            require_broker(self._kafka)
            states = self._described()
            consumer = log_consumer(self._kafka)
        except (KafkaError, OSError) as error:
            raise NoLog(f"{type(error).__name__}: {error}") from error
        parts = [Part(name, number) for name, state in states.items() for number in range(state.partitions)]
        ends = consumer.end_offsets([TopicPartition(*part) for part in parts])
        self._consumer = consumer
        with self._lock:
            self.states = states
            self.ring = Ring({part: ends[TopicPartition(*part)] for part in parts}, **self._most)
            self.generation += 1
        self._assign()

    def _described(self) -> dict[str, TopicState]:
        names = [name for some in self._named.values() for name in some]
        states = describe(self._kafka, names)
        missing = sorted(set(names) - states.keys())
        if missing:
            raise NoLog(f"topics {', '.join(missing)} do not exist")
        return {name: states[name] for name in sorted(states)}

    def _assign(self) -> None:
        parts = {TopicPartition(*part): offset for part, offset in self.ring.ends.items()}
        self._consumer.assign(list(parts))
        for part, offset in parts.items():
            self._consumer.seek(part, offset)

    def _follow(self) -> None:
        looked = time.monotonic()
        while not self._end.is_set():
            try:
                found = self._consumer.poll(timeout_ms=POLL_MS, max_records=2_000)
                if found:
                    self._take(found)
                if time.monotonic() - looked > LOOK_SECONDS:
                    looked = time.monotonic()
                    self._look()
            except Exception as error:  # the thread must outlive whatever Kafka does
                log.warning("the stream lost Kafka, trying again: %s: %s", type(error).__name__, error)
                self._end.wait(1)
                self._reconnect()
        self._consumer.close()

    def _take(self, found: Mapping[Any, list[Any]]) -> None:
        with self._lock:
            for records in found.values():
                for each in records:
                    self.ring.add(Part(each.topic, each.partition), each.offset, each.value or b"")
        self._wake()

    def _look(self) -> None:
        """Topics that are no longer the same: readers learn that their ids mean nothing any more."""
        if self._described() != self.states:
            log.warning("the topics of the stream were made again or resized")
            self._consumer.close()
            self._open()
            self._wake()

    def _reconnect(self) -> None:
        """Go on where the ring ends; from the new ends where the log was cut or made again."""
        with suppress(Exception):
            self._consumer.close()
        try:
            states = self._described()
            if states != self.states:
                self._open()
                self._wake()
                return
            self._consumer = log_consumer(self._kafka)
            log_ends = self._consumer.end_offsets([TopicPartition(*part) for part in self.ring.ends])
            if any(log_ends[TopicPartition(*part)] < end for part, end in self.ring.ends.items()):
                self._consumer.close()
                self._open()
                self._wake()
                return
            self._assign()
        except Exception as error:
            log.debug("not yet: %s", error)

    def _wake(self) -> None:
        for event, loop in list(self._wakers.items()):
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(event.set)


def _record(found: Any) -> Record:
    return Record(-1, Part(found.topic, found.partition), found.offset, found.value or b"")
