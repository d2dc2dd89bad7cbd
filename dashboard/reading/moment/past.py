"""A company, or every one (past_market.py), as the live system knew it at a moment, asked as a run that lives is.

The answer is that of `bellwether as-of`, which a child process gives: it folds records by the aggregator's code and
reads the archive with threads of its own, and neither belongs into the process that serves pages
(docs/decisions/0181-the-page-asks-the-command.md).
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from copy import copy
from pathlib import Path
from typing import Any, Final, Generic, NamedTuple, TypeVar

import msgspec

from dashboard.reading.moment.documents import document_of
from dashboard.reading.moment.past_market import PastMarket, ToldMarket
from shared.clock import HOUR_SECONDS, SECOND, to_iso
from shared.contract.aggregates import Bucket, RecentDocument, Resolution, Share
from shared.contract.alerts import Alert
from shared.contract.events import MARKET, Channel
from shared.contract.signals import Signal
from shared.reading.archive.tables import applied_by
from shared.reading.deleted import newest_versions
from shared.reading.known import Starts
from shared.reading.values.buckets import NEVER, Row
from shared.reading.values.documents import with_heaviest
from shared.settings import Settings

T = TypeVar("T")

KEPT: Final = 8  # answers about a company
KEPT_MARKETS: Final = 2  # a large one takes a hundred MB
EVERYBODY: Final = ""  # no company
PATIENCE: Final = 120.0  # seconds for one
TRY_AGAIN: Final = 30.0  # seconds after a refusal


class NotThen(LookupError):
    """What was said then is not known; the text says why, and what to do."""


class _Bucket(msgspec.Struct):
    channel: Channel
    resolution: Resolution
    start: int
    bucket: Bucket
    authors: dict[str, Share] = {}
    stories: dict[str, Share] = {}


class _Hour(msgspec.Struct):
    hour: int
    documents: list[dict[str, Any]]


class _Answer(msgspec.Struct):
    buckets: list[_Bucket]
    documents: list[dict[str, Any]]
    heaviest: list[_Hour] = []
    signals: list[Signal] | None = None
    signals_not_known: str = ""


class Told(msgspec.Struct):
    """What the command prints, as far as a page needs it."""

    company: str
    answer: _Answer
    slot: int = 0
    topic_id: str = ""
    offset: int = 0  # of the slot's opinions, up to where they had been applied
    newest: int = 0  # highest available_at that the run knew, microseconds: where windows end


_decode = msgspec.json.Decoder(Told).decode
_decode_market = msgspec.json.Decoder(ToldMarket).decode


class PastCompany:
    """Itself the four parts of a run that pages ask, for one company."""

    def __init__(self, told: Told) -> None:
        self._told, self._company = told, told.company
        self._cells: dict[tuple[Channel, Resolution, int], _Bucket] = {
            (each.channel, each.resolution, each.start): each for each in told.answer.buckets
        }
        self._documents = [document_of(each) for each in told.answer.documents]
        self._heaviest = [(each.hour, [document_of(raw) for raw in each.documents]) for each in told.answer.heaviest]
        self._alerts: list[tuple[int, Alert]] = []

    def shown(
        self,
        hide: Callable[[Sequence[RecentDocument]], list[RecentDocument]],
        alerts: Sequence[tuple[int, Alert]] = (),
    ) -> PastCompany:
        """The same with its documents as they may be shown now, and with the alerts of then."""
        made = copy(self)
        some = [each for _, documents in self._heaviest for each in documents]
        told = hide([*self._documents, *some])
        made._documents, rest = told[: len(self._documents)], iter(told[len(self._documents) :])
        made._heaviest = [(hour, [next(rest) for _ in documents]) for hour, documents in self._heaviest]
        made._alerts = list(alerts)
        return made

    def records(self, at: int) -> str:
        """A condition (SQL) on the archived opinions on it: those that had been applied by `at`."""
        return applied_by(self._told.topic_id, self._told.slot, self._told.offset, at)

    @property
    def buckets(self) -> PastCompany:
        return self

    @property
    def documents(self) -> PastCompany:
        return self

    @property
    def signals(self) -> PastCompany:
        return self

    @property
    def alerts(self) -> PastCompany:
        return self

    @property
    def silent(self) -> str:
        """Why signals are not known; "" where they are."""
        return self._told.answer.signals_not_known

    def newest(self) -> dict[str, int]:
        """The company's newest opinion, where it had one, and beside it the run's."""
        own = max((each.available_at for each in self._documents), default=0)
        return {MARKET: max(self._told.newest, own)} | ({self._company: own} if own else {})

    # -- buckets
    def rows(self, companies: Iterable[str], channels: Sequence[Channel], starts: Starts) -> list[Row]:
        if self._company not in companies:
            return []
        return [
            Row(self._company, channel, resolution, start, cell.bucket)
            for resolution, some in starts.items()
            for start in some
            for channel in channels
            if (cell := self._cells.get((channel, resolution, start))) is not None
        ]

    def distinct(self, company: str, channels: Sequence[Channel], starts: Starts) -> tuple[int, int]:
        authors: set[str] = set()
        stories: set[str] = set()
        for row in self.rows([company], channels, starts):
            cell = self._cells[row.channel, row.resolution, row.start]
            authors |= cell.authors.keys()
            stories |= cell.stories.keys()
        return len(authors), len(stories)

    def first_day(self, company: str, channels: Sequence[Channel]) -> int:
        days = (start for channel, resolution, start in self._cells if resolution == "day" and channel in channels)
        return min(days, default=NEVER) if company == self._company else NEVER

    # -- documents: the latest, and each hour's heaviest
    def between(self, companies: Iterable[str], start: int, end: int) -> list[RecentDocument]:
        if self._company not in companies:
            return []
        some = [each for each in self._documents if start <= each.available_at < end]
        return newest_versions(sorted(some, key=lambda each: (-each.available_at, each.id)))

    def behind(self, company: str, start: int, end: int) -> list[RecentDocument]:
        first = start // HOUR_SECONDS * HOUR_SECONDS
        heaviest = [each for hour, some in self._heaviest if first <= hour < end for each in some]
        own = heaviest if company == self._company else []
        return with_heaviest(self.between([company], start * SECOND, end * SECOND), own, start, end, list)

    # -- signals and alerts
    def latest(self) -> list[Signal]:
        last = {each.strategy: each for each in self._told.answer.signals or ()}
        return sorted(last.values(), key=lambda each: (-abs(each.score), each.company, each.strategy))

    def history(self, company: str, strategy: str) -> list[Signal]:
        own = (each for each in self._told.answer.signals or () if (each.company, each.strategy) == (company, strategy))
        return list({each.at: each for each in own}.values())

    def numbered(self) -> list[tuple[int, Alert]]:
        return self._alerts


class _Kept(NamedTuple, Generic[T]):
    at: float  # monotonic seconds
    found: T | str  # or why it is not known


class _Latest(Generic[T]):
    """The latest few answers of the command; one is asked for at a time. Thread-safe."""

    def __init__(self, most: int, read: Callable[[bytes, int], T]) -> None:
        self._most, self._read = most, read
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, int], _Kept[T]] = OrderedDict()

    def of(self, settings: Callable[[], Settings], company: str, at: int) -> T:
        """Raises NotThen."""
        with self._lock:
            kept = self._kept.get((company, at))
            if kept is None or (isinstance(kept.found, str) and time.monotonic() - kept.at > TRY_AGAIN):
                kept = self._kept[company, at] = _Kept(time.monotonic(), self._asked(settings(), company, at))
                while len(self._kept) > self._most:
                    self._kept.popitem(last=False)
            self._kept.move_to_end((company, at))
        if isinstance(kept.found, str):
            raise NotThen(kept.found)
        return kept.found

    def _asked(self, settings: Settings, company: str, at: int) -> T | str:
        command = _command(settings, company, at)
        try:
            done = subprocess.run(command, capture_output=True, timeout=PATIENCE, env=os.environ, check=False)
        except subprocess.TimeoutExpired:
            return f"no answer within {PATIENCE:.0f} seconds; try again, or look at: bellwether archive status"
        if done.returncode:
            lines = done.stderr.decode(errors="replace").strip().splitlines()
            last = lines[-1] if lines else f"bellwether as-of ended with code {done.returncode}"
            return last.removeprefix("bellwether: ")
        return self._read(done.stdout.splitlines()[-1], at)


class PastReader:
    """Asks, one question of a kind at a time, and keeps the latest answers for all sessions. Thread-safe."""

    def __init__(self, load: Callable[[], Settings]) -> None:
        self._load = load
        self._companies = _Latest(KEPT, lambda raw, _: PastCompany(_decode(raw)))
        self._markets = _Latest(KEPT_MARKETS, lambda raw, at: PastMarket(_decode_market(raw), at))

    def company(self, company: str, at: int) -> PastCompany:
        """As of `at`, microseconds of the wall clock. Raises NotThen."""
        return self._companies.of(self._load, company, at)

    def market(self, at: int) -> PastMarket:
        """Every company as of `at`. Raises NotThen."""
        return self._markets.of(self._load, EVERYBODY, at)


def _command(settings: Settings, company: str, at: int) -> list[str]:
    script = Path(sys.executable).parent / "bellwether"
    program = [sys.executable, str(script)] if script.exists() else [sys.executable, "-m", "services.commands.main"]
    asked = [*program, "as-of", "--at", to_iso(at), "--state", str(settings.state_dir), "--run", settings.run, "--json"]
    return [*asked, "--", company] if company else asked
