"""A run's opinions, kept beside what was made of them: other parameters of a strategy are tried on them without
scoring anything again (services/backtest/variants.py).

One gzipped file. The first line names the origin partitions and the number of slots, each further one is a slot's
number, a space, and one message as it stood (or would have stood) on `opinions`.
"""

from __future__ import annotations

import gzip
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final

import msgspec

from services.aggregation.core.copies import Distinct
from services.aggregation.core.plan import Rules
from services.aggregation.signals.strategy import Strategy
from services.runs.memory_run import MemoryRun
from shared.clients.state_folder import whole_file
from shared.contract.events import InvalidMessage, Opinion, decode_opinion
from shared.contract.signals import Signal
from shared.reading.runs_folder import OPINIONS
from shared.settings import AggregationSettings

GROUP: Final = 8_192


class Head(msgspec.Struct, frozen=True):
    """What has to be known before the first opinion."""

    streams: tuple[str, ...]
    slots: int


class OpinionFile:
    """Writes the file; it appears under its name when it is closed without an error."""

    def __init__(self, folder: Path, streams: Iterable[str], slots: int) -> None:
        self._open = ExitStack()
        draft = self._open.enter_context(whole_file(folder / OPINIONS))
        raw = self._open.enter_context(draft.open("wb"))
        # the name goes into the file: the one that it always had keeps equal runs equal, byte by byte
        self._file = self._open.enter_context(gzip.GzipFile(f"{OPINIONS}.tmp", "wb", 1, raw, mtime=0))
        self._file.write(msgspec.json.encode(Head(tuple(sorted(streams)), slots)) + b"\n")

    def write(self, slot: int, values: Sequence[bytes]) -> None:
        """Messages of one slot, in order."""
        begin = b"%d " % slot
        self._file.write(b"".join(begin + value + b"\n" for value in values))

    def __enter__(self) -> OpinionFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.__exit__(kind, error, trace)


def replayed(folder: Path, strategies: Sequence[Strategy], rules: Rules) -> list[Signal]:
    """Every signal that these strategies give on a run's opinions, by the code that gave the run's own.

    Raises FileNotFoundError when the run kept no opinions.
    """
    with gzip.open(folder / OPINIONS, "rb") as file:
        head = msgspec.json.decode(next(file), type=Head)
        run = MemoryRun(head.slots, strategies, frozenset(head.streams), rules)
        for slot, values in _groups(file):
            run.apply(slot, values)
    return run.signals


def opinions_of(folder: Path, settings: AggregationSettings) -> Iterator[Opinion]:
    """The opinions of a run that count, in its order, slot by slot as they came. Raises FileNotFoundError."""
    copies: defaultdict[int, Distinct] = defaultdict(lambda: Distinct(settings))
    with gzip.open(folder / OPINIONS, "rb") as file:
        next(file)
        for line in file:
            slot, _, value = line.rstrip(b"\n").partition(b" ")
            try:
                message = decode_opinion(value)
            except InvalidMessage:
                continue  # counted by the run
            if isinstance(message, Opinion) and copies[int(slot)].counts(message):
                yield message


def _groups(lines: Iterable[bytes]) -> Iterator[tuple[int, list[bytes]]]:
    waiting: defaultdict[int, list[bytes]] = defaultdict(list)
    for line in lines:
        slot, _, value = line.rstrip(b"\n").partition(b" ")
        group = waiting[int(slot)]
        group.append(value)
        if len(group) == GROUP:
            yield int(slot), group
            waiting[int(slot)] = []
    yield from ((slot, group) for slot, group in waiting.items() if group)
