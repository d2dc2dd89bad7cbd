"""A run as it was: the answers of the live system at a moment, from the archive, by the aggregator's own code."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final, Generic, NamedTuple, Protocol, TypeVar

import msgspec
import redis

from services.aggregation.core.plan import Rules
from services.aggregation.core.store import BucketRow
from services.aggregation.journal import RULES
from services.aggregation.main import rules_text, strategies_of, streams_of
from services.aggregation.signals.strategy import Strategy, StrategyError, former, load_strategy
from services.archive.as_of.checkpoints import Checkpoints, Line
from services.archive.as_of.fold import Fold, Folded
from services.archive.as_of.log_copy import ReadLog, archived_log
from services.archive.as_of.moments import Moment, NotKnown, moment_of
from shared.clients.kafka import TopicState
from shared.contract.aggregates import RecentDocument
from shared.contract.applied import Applied
from shared.contract.archive import DOCUMENTS
from shared.contract.events import CHANNELS
from shared.contract.keys import Keys
from shared.contract.signals import Signal, decode_revisions
from shared.contract.topics import Topics
from shared.contract.voices import by_author
from shared.reading.archive.tables import ArchiveTables
from shared.reading.deleted import DELETED, deleted_at, is_gone, shown
from shared.reading.values.binding import read_binding, recorded_slots
from shared.settings import Settings

Place = TypeVar("Place")
Made = TypeVar("Made")

KEPT: Final = 4  # slots at a moment that are kept for the next question


class Held(Protocol):
    """A store of which one company is told: live in Redis, or folded."""

    keys: Keys

    def company_rows(self, company: str) -> list[BucketRow]: ...
    def recent(self, company: str) -> list[RecentDocument]: ...
    def heaviest(self, company: str) -> dict[int, list[RecentDocument]]: ...
    def hash_value(self, slot: int, key: str, field: str) -> bytes | None: ...
    def hash_fields(self, slot: int, key: str) -> list[str]: ...


class Bound(NamedTuple):
    """What of a run decides about a fold: read once from its binding."""

    slots: int
    streams: frozenset[str]
    rules_text: str
    strategies: dict[str, Strategy]
    rules: Rules

    @classmethod
    def of(cls, settings: Settings, client: redis.Redis) -> Bound:
        """Raises NotKnown for a run that no worker has bound."""
        binding, topics = read_binding(client, settings.run), Topics.of(settings)
        slots = recorded_slots(binding, settings.run)
        if not slots:
            raise NotKnown(f"Redis has no run {settings.run!r}; see: bellwether status")
        states = {name: _state(binding, name) for name in map(topics.documents, CHANNELS)}
        strategies = {strategy.name: strategy for strategy in strategies_of(settings.aggregation)}
        rules = Rules.of(settings.aggregation)
        held = binding.get(RULES, rules_text(settings.aggregation))
        return cls(slots, streams_of(topics, states), held, strategies, rules)


def _state(binding: Mapping[str, str], name: str) -> TopicState:
    return TopicState(name, binding.get(f"topic_id.{name}", ""), int(binding.get(f"partitions.{name}", "0")))


class Past(NamedTuple):
    """One slot as it was. `silent`: why its signals are not known; "" where they are. `feed`: its newest documents, of
    any company, where these are all that is kept of them."""

    moment: Moment
    folded: Folded
    strategies: tuple[str, ...]
    silent: str
    feed: tuple[RecentDocument, ...] = ()


class Latest(Generic[Place, Made]):
    """What was made last, of a few places. Thread-safe; one is made at a time."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[Place, Made] = OrderedDict()

    def of(self, place: Place, make: Callable[[], Made]) -> Made:
        """What is kept of `place`, or what `make` gives, which may raise."""
        with self._lock:
            if place not in self._kept:
                self._kept[place] = make()
                while len(self._kept) > self._most:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(place)
            return self._kept[place]


class PastRuns:
    """Answers as of moments. Thread-safe; keeps the latest few slots that it made."""

    def __init__(self, settings: Settings, client: redis.Redis, log: ReadLog | None = None) -> None:
        """`log`: read from its beginning for every answer, without the help of checkpoints."""
        self._settings, self._client, self._whole = settings, client, log is not None
        self.tables = ArchiveTables.of(settings)
        self._log = log or archived_log(self.tables)
        self._kept: Latest[tuple[int, str, int], Past] = Latest(KEPT)

    def shown(self, documents: Sequence[RecentDocument]) -> list[RecentDocument]:
        """As they may be shown now. Raises redis.RedisError."""
        return shown(self._client, Keys(self._settings.run, 1), documents)

    def slot(self, company: str, at: int) -> Past:
        """The slot of a company as of `at` (microseconds, wall clock). Raises NotKnown."""
        bound = Bound.of(self._settings, self._client)
        return self.made(moment_of(self.tables, company, bound.slots, at), bound)

    def bound(self) -> Bound:
        """Raises NotKnown for a run that no worker has bound."""
        return Bound.of(self._settings, self._client)

    def begins(self, moment: Moment, bound: Bound) -> int:
        """The offset at which the fold up to a moment begins: that of its checkpoint."""
        return 0 if self._whole else Checkpoints(self.tables).newest(self._line(moment, bound), moment.offset)

    def _line(self, moment: Moment, bound: Bound) -> Line:
        strategies = strategies_then(moment.entry.strategies, bound.strategies)
        return line_of(moment.entry, bound, self._settings.run, strategies or ())

    def made(self, moment: Moment, bound: Bound) -> Past:
        """The slot before the moment's offset."""
        place = (moment.slot, moment.topic_id, moment.offset)
        return self._kept.of(place, partial(self.fresh, moment, bound))._replace(moment=moment)

    def fresh(self, moment: Moment, bound: Bound) -> Past:
        """The slot before the moment's offset, made again and not kept. Raises NotKnown."""
        entry = moment.entry
        if entry.rules and entry.rules != bound.rules_text:
            raise NotKnown(f"other rules held then ({entry.rules}); restore those settings to ask for it")
        known_still = strategies_then(entry.strategies, bound.strategies) is not None
        silent = "" if known_still else "other strategies ran then: their signals cannot be made again"
        line = self._line(moment, bound)
        begin = line.empty() if self._whole else Checkpoints(self.tables).before(line, moment.offset)
        records = self._log(moment.topic_id, moment.slot, begin.offset, moment.offset)
        folded = line.fold.on(begin, records)
        known = bool(entry.chain and entry.offset == moment.offset and folded.links)
        sound = known and folded.links[-1][1] == entry.chain
        if not sound and not self._whole and self._words_were_taken():
            folded.chain, folded.passed = None, []  # rows are no longer what the chain went over: Kafka's log is
        elif known and not sound:
            raise NotKnown(
                f"the archived records of opinions[{moment.slot}] before {moment.offset:,} are not those that were "
                "applied: their chain is another one; make the archive anew: bellwether archive rebuild"
            )
        return Past(moment, folded, tuple(entry.strategies), silent)

    def _words_were_taken(self) -> bool:
        """Whether rows may have lost their words since (services/archive/forgetting.py): something was deleted."""
        told = self.tables.rows(DOCUMENTS, ["offset"], "document_id LIKE '-%'")
        return told is not None and told.num_rows > 0


def line_of(entry: Applied, bound: Bound, run: str, strategies: Sequence[Strategy]) -> Line:
    """The checkpoints that stand for a slot as a journal's entry has it."""
    fold = Fold(entry.topic_id, bound.rules, strategies, bound.streams, entry.since)
    return Line(entry.slot, entry.slots or bound.slots, run, bound.rules_text, fold)


def strategies_then(then: Mapping[str, str], known: Mapping[str, Strategy]) -> tuple[Strategy, ...] | None:
    """The strategies that ran then (name -> digest), of the settings or built in; None where one is another now."""
    found = []
    for name, digest in then.items():
        strategy = next((each for each in _called(name, known) if each.digest == digest), None)
        if strategy is None:
            return None
        found.append(strategy)
    return tuple(found)


def _called(name: str, known: Mapping[str, Strategy]) -> Iterator[Strategy]:
    """Of the settings, as it ships, and as it shipped formerly."""
    if name in known:
        yield known[name]
    for each in (name, former(name)):
        with suppress(StrategyError):
            yield load_strategy(each)


# -- what is told of one company
def told(store: Held, company: str, strategies: Sequence[str], silent: str = "") -> dict[str, Any]:
    """Everything that the live system says of a company, as plain data in a canonical order."""
    return {
        "buckets": [
            {
                "channel": row.channel,
                "resolution": row.resolution,
                "start": row.start,
                "bucket": msgspec.to_builtins(row.bucket),
                "authors": {name: msgspec.to_builtins(share) for name, share in sorted(by_author(row.authors).items())},
                "stories": {name: msgspec.to_builtins(share) for name, share in sorted(row.stories.items())},
            }
            for row in store.company_rows(company)
        ],
        "documents": [msgspec.to_builtins(document) for document in store.recent(company)],
        "heaviest": [
            {"hour": hour, "documents": [msgspec.to_builtins(document) for document in some]}
            for hour, some in store.heaviest(company).items()
        ],
        "signals": None if silent else [msgspec.to_builtins(each) for each in signals_of(store, company, strategies)],
        **({"signals_not_known": silent} if silent else {}),
    }


def without_deleted(answer: dict[str, Any], client: redis.Redis, run: str, slots: int) -> dict[str, Any]:
    """The answer as it may be shown now: of what is gone at its source the words are null, with the reason."""
    documents, hours = answer.get("documents") or [], answer.get("heaviest") or []
    items = [str(each.get("item", "")) for some in (documents, *(hour["documents"] for hour in hours)) for each in some]
    gone = deleted_at(client, Keys(run, slots), items)
    hidden = dict.fromkeys(("title", "excerpt", "url", "author"))

    def told_now(some: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [
            each | hidden | {"withheld": DELETED} if is_gone(each.get("item", ""), each["available_at"], gone) else each
            for each in some
        ]

    heaviest = [hour | {"documents": told_now(hour["documents"])} for hour in hours]
    return answer | {"documents": told_now(documents)} | ({"heaviest": heaviest} if "heaviest" in answer else {})


def signals_of(store: Held, company: str, strategies: Sequence[str]) -> list[Signal]:
    """Every signal of a company that is held, by (T, strategy, revision)."""
    slot, found = store.keys.slot_of(company), []
    for name in strategies:
        key = store.keys.signals(company, name)
        for field in store.hash_fields(slot, key):
            found += decode_revisions(store.hash_value(slot, key, field) or b"[]")
    return sorted(found, key=lambda signal: (signal.at, signal.strategy, signal.revision))
