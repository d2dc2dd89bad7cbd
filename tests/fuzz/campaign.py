"""`make fuzz`: every target with its number of inputs, on two processes; the short part is tests/unit/test_fuzz.py.

    python -m tests.fuzz.campaign [--seed N] [--scale 0.01] [--only feeds] [--number 1234]

An input is a function of the seed and its number: what a failure prints repeats it. A failing input is also kept in
tests/artefacts/fuzz. A target that gives no answer for LIMIT_SECONDS has hung, and fails with its stack.
"""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final

from tests.fuzz import documents, doors, foreign, stored
from tests.fuzz.mutation import Mutator

LIMIT_SECONDS: Final = 15.0  # for one input
PROCESSES: Final = 2
_PARTS: Final = 20  # of a target's inputs: so that both processes have work to the end
_KEPT: Final = Path(__file__).parents[1] / "artefacts" / "fuzz"


class Hung(BaseException):
    """Not an Exception: no handler of the code at test may swallow it."""


@dataclass(frozen=True)
class Target:
    """`run` takes (input, number, a folder of its own) and raises what is wrong."""

    name: str
    inputs: int
    seeds: Sequence[bytes]
    run: Callable[[bytes, int, Path], None]


TARGETS: Final = (
    Target("feeds", 50_000, documents.FEEDS, documents.feed),
    Target("records", 200_000, stored.RECORDS, stored.record),
    Target("files", 20_000, documents.FILES, documents.file),
    Target("prices", 20_000, stored.PRICES, stored.prices),
    Target("bars", 5_000, stored.BARS, stored.bars),
    Target("expected dates", 5_000, stored.EXPECTED, stored.expected),
    Target("streams", 20_000, documents.STREAMS, documents.stream),
    Target("foreign", 20_000, foreign.FOREIGN, foreign.foreign),
    Target("backups", 5_000, stored.BACKUPS, stored.backup),
    Target("settings", 5_000, stored.SETTINGS, stored.settings),
    Target("instruments", 10_000, stored.INSTRUMENTS, stored.instruments),
    Target("doors", 20_000, doors.DOORS, doors.door),
)


def fuzz(target: Target, seed: int, numbers: range) -> tuple[int, list[str]]:
    """How many inputs were run, and what failed: at most one failure of a kind is told."""
    signal.signal(signal.SIGALRM, _hung)
    logging.disable(logging.CRITICAL)
    failures: dict[str, str] = {}
    mutator = Mutator(target.seeds, seed)
    with tempfile.TemporaryDirectory() as folder:
        for number in numbers:
            data = mutator.input(number)
            signal.setitimer(signal.ITIMER_REAL, LIMIT_SECONDS)
            try:
                target.run(data, number, Path(folder))
            except (Exception, Hung) as error:
                failures.setdefault(*_told(target, seed, number, data, error))
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
    logging.disable(logging.NOTSET)
    return len(numbers), list(failures.values())


def _told(target: Target, seed: int, number: int, data: bytes, error: BaseException) -> tuple[str, str]:
    """Its kind (where it was raised), and what a person needs to repeat it."""
    _KEPT.mkdir(parents=True, exist_ok=True)
    (_KEPT / f"{target.name}-{seed}-{number}").write_bytes(data)
    last = traceback.extract_tb(error.__traceback__)[-1]
    kind = f"{type(error).__name__} {last.filename}:{last.lineno}"
    trace = "".join(traceback.format_exception(error)[-6:])
    return kind, f"{target.name}: --only {target.name} --seed {seed} --number {number}\n{trace}"


def _hung(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise Hung(f"no answer within {LIMIT_SECONDS:g} s")


def main() -> int:
    """0 when no input failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--only", choices=[target.name for target in TARGETS])
    parser.add_argument("--number", type=int)
    given = parser.parse_args()
    failed = False
    with ProcessPoolExecutor(PROCESSES) as pool:
        for target in TARGETS:
            if given.only in (None, target.name):
                failed |= _campaign(pool, target, given.seed, _ranges(target, given.scale, given.number))
    return int(failed)


def _ranges(target: Target, scale: float, number: int | None) -> list[range]:
    if number is not None:
        return [range(number, number + 1)]
    count = max(_PARTS, int(target.inputs * scale))
    return [range(count * part // _PARTS, count * (part + 1) // _PARTS) for part in range(_PARTS)]


def _campaign(pool: ProcessPoolExecutor, target: Target, seed: int, ranges: list[range]) -> bool:
    began = time.monotonic()
    parts = [pool.submit(fuzz, target, seed, numbers) for numbers in ranges]
    done = [part.result() for part in parts]
    failures = [failure for _, found in done for failure in found]
    sys.stdout.write(
        f"{target.name}: {sum(count for count, _ in done):,} inputs in {time.monotonic() - began:.0f} s, "
        f"{len(failures)} failures\n" + "".join(f"{failure}\n" for failure in failures[:10])
    )
    sys.stdout.flush()
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
