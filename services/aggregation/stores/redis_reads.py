"""The reads of one batch as Redis commands, each with the handler that puts its answer into the slot's state."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import msgspec

from services.aggregation.core.footprint import Touched
from services.aggregation.core.state import Cell, CellKey, CompanyState, Series, SlotState
from shared.clock import DAY, DAY_SECONDS
from shared.contract.aggregates import DETAILED, RESOLUTIONS, Bucket, Share, unpack_bucket, unpack_share, unpack_top
from shared.contract.events import CHANNELS
from shared.contract.keys import Keys
from shared.contract.packed.shares import Day, field_of, number_of, unpack_day
from shared.contract.packed.traces import FLOOR, RECENT, block_of, document_of, recent_traces, unpack_traces

Handler = Callable[[Any], None]


class Reads:
    """Commands and, parallel to them, what to do with their answers."""

    def __init__(self) -> None:
        self.commands: list[tuple[str | int, ...]] = []
        self.handlers: list[Handler] = []

    def add(self, handler: Handler, *command: str | int) -> None:
        self.commands.append(command)
        self.handlers.append(handler)


class _Key(msgspec.Struct):
    """The part of a RecentDocument by which it is kept."""

    id: str
    available_at: int


_key_of = msgspec.json.Decoder(_Key).decode


def read_company(state: SlotState, company: str, keys: Keys, reads: Reads) -> None:
    """Read what must be known of a company before anything is added: newest, the buckets that exist, its documents."""
    known = state.companies[company] = CompanyState()

    def newest(raw: bytes | None) -> None:
        known.newest = int(raw) if raw is not None else None

    def recent(raw: list[bytes]) -> None:
        known.recent = [(key.available_at, key.id) for key in map(_key_of, raw)]

    def traces(raw: list[bytes | None]) -> None:
        known.ids = {each.id: each.available_at for each in recent_traces(*raw)}
        known.ids |= {document_id: at for at, document_id in known.recent}
        known.recent = sorted((at, document_id) for document_id, at in known.ids.items())

    reads.add(newest, "HGET", keys.companies(state.slot), company)
    reads.add(recent, "HVALS", keys.recent(company))
    reads.add(traces, "HMGET", keys.traces(company), RECENT, FLOOR)
    for resolution in RESOLUTIONS:
        for channel in CHANNELS:
            series = state.series[company, channel, resolution] = Series()
            reads.add(_starts_into(series), "HKEYS", keys.series(company, channel, resolution))


def _starts_into(series: Series) -> Handler:
    def handle(raw: Sequence[bytes]) -> None:
        series.starts = sorted(map(int, raw))

    return handle


class Details:
    """The reads of the buckets, shares, documents, ids and letters that a batch touches and the state lacks."""

    def __init__(self, state: SlotState, touched: Touched, keys: Keys) -> None:
        self.reads = Reads()
        self._state = state
        self._keys = keys
        self._passed = max(state.watermarks.values(), default=0)  # days behind it may be packed, others are not
        self._packed: dict[tuple[str, str], list[Handler]] = {}  # by company and field
        for cell, (authors, stories) in touched.cells.items():
            self._cell(cell, authors, stories)
        self._days()
        for company, hour in touched.hours:
            self._top(company, hour)
        for stream, ids in touched.ids.items():
            self._ids(stream, ids)
        self._letters(sorted(touched.letters), self.reads)

    def letters_of_copies(self, run: Callable[[Reads], object]) -> None:
        """Read the letters that count for copies (rare: a second copy of a dead document)."""
        known = self._state.letters
        counting = sorted({v for name, v in known.items() if name.startswith("=")} - known.keys())
        if counting:
            reads = Reads()
            self._letters(counting, reads)
            run(reads)

    def _cell(self, key: CellKey, authors: set[str], stories: set[str]) -> None:
        company, channel, resolution, start = key
        series = self._state.series[company, channel, resolution]
        place = bisect_left(series.starts, start)
        if place == len(series.starts) or series.starts[place] != start:
            return  # it does not exist yet
        cell = series.cells.get(start)
        if cell is None:
            cell = series.cells[start] = Cell(Bucket(), resolution in DETAILED)
            self.reads.add(_bucket_into(cell), "HGET", self._keys.series(company, channel, resolution), start)
        if resolution in DETAILED:
            field = (company, field_of(channel, start))
            day = (start // DAY_SECONDS + 1) * DAY
            wanted = self._packed.setdefault(field, []) if day <= self._passed else None
            number = number_of(resolution, start)
            self._shares(cell.authors, authors, self._keys.authors(*key), lambda known: known[number].authors, wanted)
            self._shares(cell.stories, stories, self._keys.stories(*key), lambda known: known[number].stories, wanted)

    def _shares(
        self,
        known: dict[str, Share],
        names: set[str],
        key: str,
        of: Callable[[Day], dict[str, Share]],
        packed: list[Handler] | None,
    ) -> None:
        """`packed`: to which is added what takes those out of the day's packed shares that do not lie by themselves."""
        missing = [name for name in names if name not in known]
        if not missing:
            return

        def handle(raw: list[bytes | None]) -> None:
            for name, value in zip(missing, raw, strict=True):
                if value is not None:
                    known[name] = unpack_share(value)

        def take(day: Day) -> None:
            with suppress(KeyError):  # the bucket is not in it
                held = of(day)
                for name in missing:
                    if name in held:
                        known.setdefault(name, held[name])

        self.reads.add(handle, "HMGET", key, *missing)
        if packed is not None:
            packed.append(take)

    def _days(self) -> None:
        """Read what is packed, behind what lies by itself: whoever packs meanwhile moves it from there to here."""
        for (company, field), takers in self._packed.items():
            if takers:
                self.reads.add(_day_into(takers), "HGET", self._keys.packed(company), field)

    def _top(self, company: str, hour: int) -> None:
        if (company, hour) in self._state.tops:
            return
        starts = (self._state.series[company, channel, "hour"].starts for channel in CHANNELS)
        if not any(_holds(each, hour) for each in starts):
            return

        tops = self._state.tops

        def own(raw: bytes | None) -> None:
            if raw is not None:
                tops[company, hour] = unpack_top(raw)

        def traced(raw: bytes | None) -> None:
            left = [document_of(each, company) for each in unpack_traces(raw) if each.hour == hour]
            if left:
                tops.setdefault((company, hour), left)

        self.reads.add(own, "HGET", self._keys.top(company), hour)
        self.reads.add(traced, "HGET", self._keys.traces(company), block_of(hour))

    def _ids(self, stream: str, ids: list[str]) -> None:
        window = self._state.windows.get(stream)
        chunks = self._state.ids.setdefault(stream, {})
        for chunk in window.chunks if window is not None else ():
            found: dict[str, int] = chunks.setdefault(chunk, {})
            self.reads.add(_ids_into(found, ids), "HMGET", self._keys.ids(self._state.slot, stream, chunk), *ids)

    def _letters(self, names: list[str], reads: Reads) -> None:
        if not names:
            return

        def handle(raw: list[bytes | None]) -> None:
            for name, value in zip(names, raw, strict=True):
                if value is not None:
                    self._state.letters[name] = value.decode()

        reads.add(handle, "HMGET", self._keys.letters(self._state.slot), *names)


def _holds(starts: list[int], start: int) -> bool:
    place = bisect_left(starts, start)
    return place < len(starts) and starts[place] == start


def _day_into(takers: Sequence[Handler]) -> Handler:
    def handle(raw: bytes | None) -> None:
        if raw is not None:
            day = unpack_day(raw)
            for take in takers:
                take(day)

    return handle


def _bucket_into(cell: Cell) -> Handler:
    def handle(raw: bytes) -> None:
        cell.bucket = unpack_bucket(raw)

    return handle


def _ids_into(found: dict[str, int], ids: list[str]) -> Handler:
    def handle(raw: list[bytes | None]) -> None:
        for name, value in zip(ids, raw, strict=True):
            if value is not None:
                found[name] = int(value)

    return handle
