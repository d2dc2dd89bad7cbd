"""One run as a reader finds it in Redis. Nothing here is cached or drawn; written is only what a reader does: follows,
thumbs, alerts seen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import NamedTuple, cast

import msgspec
import redis

from shared.clock import SystemClock
from shared.contract.aggregates import Totals
from shared.contract.events import DEAD, PEERS
from shared.contract.keys import Keys, prices_key
from shared.contract.operation.composition import Composition, add_to, unpack_day_of
from shared.reading.archive.tables import ArchiveTables
from shared.reading.readers.audit import AuditLog
from shared.reading.readers.labels import Labels
from shared.reading.readers.profiles import Profiles
from shared.reading.round_trip import ask
from shared.reading.values.alerts import Alerts
from shared.reading.values.binding import read_binding, recorded_slots, slots_of
from shared.reading.values.buckets import Buckets
from shared.reading.values.documents import Documents
from shared.reading.values.signals import Signals
from shared.reading.values.workers import Workers


class Applied(NamedTuple):
    """How far a slot is: the next offset of `opinions` to apply, in one incarnation of the topic."""

    topic_id: str
    offset: int

    @classmethod
    def parse(cls, raw: bytes | None) -> Applied | None:
        """None where there is nothing, or nothing that is a position."""
        topic_id, _, offset = (raw or b"").decode().rpartition(":")
        return cls(topic_id, int(offset)) if offset.isdigit() else None


class PriceDay(NamedTuple):
    """One day of a company's prices, in the currency of its listing."""

    date: str  # ISO
    open: float
    high: float
    low: float
    close: float
    volume: float


class RunView:
    """Reads one run. Methods raise redis.RedisError, or msgspec.MsgspecError for values of another layout.

    `keys`: of the run, or what finds them when they are first needed. `workers`: remembers the workers from one view to
    the next. `archive`: where signals are found that Redis no longer keeps, and the words of old documents.
    """

    def __init__(
        self,
        client: redis.Redis,
        keys: Keys | Callable[[], Keys],
        workers: Workers | None = None,
        archive: ArchiveTables | None = None,
    ) -> None:
        self._client, self._keys, self._workers, self._archive = client, keys, workers, archive
        self.profiles = Profiles(client)  # of no run: what analysts follow, and their thumbs, to read and to change

    @classmethod
    def open(cls, client: redis.Redis, run: str, archive: ArchiveTables | None = None) -> RunView:
        """A run that exists. Raises UnknownRun."""
        return cls(client, Keys(run, slots_of(client, run)), archive=archive)

    @classmethod
    def of(
        cls,
        client: redis.Redis,
        run: str,
        slots: int,
        workers: Workers | None = None,
        archive: ArchiveTables | None = None,
    ) -> RunView:
        """A run that may have no worker yet: it is read with `slots` until its first one records how many it has."""
        return cls(client, lambda: Keys(run, recorded_slots(read_binding(client, run), run) or slots), workers, archive)

    @cached_property
    def keys(self) -> Keys:
        return self._keys if isinstance(self._keys, Keys) else self._keys()

    @cached_property
    def buckets(self) -> Buckets:
        return Buckets(self._client, self.keys)

    @cached_property
    def documents(self) -> Documents:
        return Documents(self._client, self.keys, self._archive)

    @cached_property
    def signals(self) -> Signals:
        return Signals(self._client, self.keys, self._archive)

    @cached_property
    def alerts(self) -> Alerts:
        return Alerts(self._client, self.keys)

    @cached_property
    def audit(self) -> AuditLog:
        """Of no run, like profiles."""
        return AuditLog(self._client, SystemClock())

    @cached_property
    def labels(self) -> Labels:
        """What people said of the model's answers; of no run, too."""
        return Labels(self._client, self.audit)

    @cached_property
    def workers(self) -> Workers:
        return self._workers or Workers(self._client, self.keys.run)

    def bound_to(self) -> dict[str, str]:
        """What the run is bound to (model id, partition counts, …); empty before its first worker."""
        return read_binding(self._client, self.keys.run)

    def newest(self) -> dict[str, int]:
        """Company id -> its highest available_at (microseconds), for every company with an opinion."""
        replies = ask(self._client, [("HGETALL", self.keys.companies(slot)) for slot in range(self.keys.slots)])
        named = ((name.decode(), int(value)) for reply in replies for name, value in reply.items())
        return {name: newest for name, newest in named if not name.startswith(PEERS)}

    def watermarks(self) -> dict[str, int]:
        """Origin partition -> up to where everything has come (microseconds), the highest of all slots."""
        replies = ask(self._client, [("HGETALL", self.keys.watermarks(slot)) for slot in range(self.keys.slots)])
        found: dict[str, int] = {}
        for name, value in (each for reply in replies for each in reply.items()):
            found[name.decode()] = max(int(value), found.get(name.decode(), int(value)))
        return found

    def compositions(self) -> dict[int, Composition]:
        """Day (since the epoch) -> what its documents are made of, over all slots."""
        replies = ask(self._client, [("HGETALL", self.keys.composition(slot)) for slot in range(self.keys.slots)])
        found: dict[int, Composition] = {}
        for number, raw in (each for reply in replies for each in reply.items()):
            add_to(found.setdefault(int(number), Composition()), unpack_day_of(raw))
        return found

    def companies_count(self) -> int:
        """How many companies have an opinion; the slot of dead letters counts like one."""
        replies = ask(self._client, [("HKEYS", self.keys.companies(slot)) for slot in range(self.keys.slots)])
        return sum(not name.startswith(PEERS.encode()) for reply in replies for name in reply)

    def totals(self) -> Totals:
        """The run's counts: the sums over its slots."""
        fields = Totals.__struct_fields__
        replies = ask(self._client, [("HMGET", self.keys.totals(slot), *fields) for slot in range(self.keys.slots)])
        counts = {name: [int(reply[i] or 0) for reply in replies] for i, name in enumerate(fields)}
        together = {name: sum(values) for name, values in counts.items()}
        return Totals(**together | {"retracted": max(counts["retracted"], default=0)})

    def positions(self) -> dict[int, Applied]:
        """Slot -> how far it is, where anything was applied."""
        replies = ask(self._client, [("GET", self.keys.position(slot)) for slot in range(self.keys.slots)])
        return {slot: applied for slot, raw in enumerate(replies) if (applied := Applied.parse(raw)) is not None}

    def signals_waiting(self) -> int:
        """Signals that were given out and that Kafka does not have yet."""
        return sum(ask(self._client, [("HLEN", self.keys.outbox(slot)) for slot in range(self.keys.slots)]))

    def letter_states(self, ids: Sequence[str]) -> list[str]:
        """What became of dead letters, by first origin: "dead" | "scored" | "copy"; "" for one not seen yet."""
        if not ids:
            return []
        key = self.keys.letters(self.keys.slot_of(DEAD))
        return [raw.decode() if raw else "" for raw in cast("list[bytes | None]", self._client.hmget(key, list(ids)))]

    def prices(self, company: str) -> list[PriceDay]:
        """Daily prices by date; they belong to no run."""
        raw = cast("dict[bytes, bytes]", self._client.hgetall(prices_key(company)))
        return [PriceDay(day.decode(), *_prices.decode(value)) for day, value in sorted(raw.items())]


_prices = msgspec.json.Decoder(tuple[float, float, float, float, float])
