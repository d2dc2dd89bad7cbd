"""How long to wait after failures in a row. Nothing here waits or looks at a clock."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

SPREAD: Final = 0.2


@dataclass(frozen=True, slots=True)
class Delays:
    """Seconds to wait after the first failure in a row, after the second and so on; after the last, always that."""

    seconds: tuple[float, ...]

    @classmethod
    def doubling(cls, first: float, longest: float) -> Delays:
        """`first`, twice as long, four times, up to `longest`. Raises ValueError for a `first` that would not grow."""
        if first <= 0:
            raise ValueError(f"a delay of {first} s does not grow; give one above 0")
        seconds = [first]
        while seconds[-1] < longest:
            seconds.append(min(longest, 2.0 * seconds[-1]))
        return cls(tuple(seconds))

    @property
    def longest(self) -> float:
        return self.seconds[-1]

    def after(self, failures: int) -> float:
        """Seconds after this many failures in a row, counted from 1."""
        return self.seconds[min(max(failures, 1), len(self.seconds)) - 1]


class Backoff:
    """Counts failures in a row. Delays are up to a fifth shorter, by chance: clients must not march in step."""

    def __init__(self, delays: Delays, draw: Callable[[], float] = random.random) -> None:
        self._delays, self._draw, self._failures = delays, draw, 0

    def reset(self) -> None:
        """After a success."""
        self._failures = 0

    def next_delay(self) -> float:
        """Seconds to wait after one more failure."""
        self._failures += 1
        return self._delays.after(self._failures) * (1.0 - SPREAD * self._draw())
