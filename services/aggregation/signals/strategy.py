"""A strategy file: which features count how much, and where a score becomes a recommendation. Declared,
versioned, hashed.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable
from functools import lru_cache
from math import inf
from pathlib import Path

import msgspec
import yaml

from shared.contract.names import WHAT, is_name
from shared.contract.signals import EVENT_PREFIX, EXPECTED_FEATURES, FEATURES, PEER_FEATURES
from shared.event_classes.selection import UnknownEvent, about_former, event_name
from shared.universe.expected.known_dates import Calendar
from shared.unreadable import why_unreadable
from shared.yaml_text import parse_yaml

log = logging.getLogger(__name__)


class StrategyError(ValueError):
    """A strategy file that cannot be used; the text names the file, the entry and what is known."""


Caps = tuple[float, float, float]


class Thresholds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Scores at which an action begins."""

    strong_buy: float = 0.5
    buy: float = 0.2
    sell: float = -0.2
    strong_sell: float = -0.5


class Strategy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One strategy. Weights and scales are keyed by feature: a feature counts weight * clip(value / scale, -1, 1)."""

    name: str
    version: int
    description: str = ""
    cadence_hours: int = 1  # T lies on multiples of this
    half_life_hours: float = 24.0
    lookback_hours: int = 120
    baseline_days: int = 28
    minimum_documents: int = 2  # fewer in the look-back: no signal
    prior_documents: float = 3.0  # weight of the neutral prior in `level`
    author_cap: float = 2.0  # full-weight documents that one author may count in an hour
    story_cap: float = 3.0  # full-weight documents that one story may count in an hour
    feed_cap: float | None = None  # full-weight documents that one feed may count in an hour where it names no author
    horizon_hours: int = 120
    weights: dict[str, float]
    scales: dict[str, float] = {}
    thresholds: Thresholds = Thresholds()
    grid: dict[str, list[int | float]] = {}  # what a walk-forward may choose from; see variants.py

    @property
    def caps(self) -> Caps:
        """The caps on authors, on stories and on feeds that name no authors."""
        return self.author_cap, self.story_cap, inf if self.feed_cap is None else self.feed_cap

    @property
    def hears_peers(self) -> bool:
        """Whether it counts what is said of related companies: where it names such a feature, be its weight 0."""
        return any(name in self.weights or name in self.scales for name in PEER_FEATURES)

    @property
    def reads_calendar(self) -> bool:
        """Whether it counts expected dates: where it names such a feature, be its weight 0."""
        return any(name in self.weights or name in self.scales for name in EXPECTED_FEATURES)

    @property
    def digest(self) -> str:
        """16 hex digits that name every choice that a signal depends on (the grid is none)."""
        chosen = {name: getattr(self, name) for name in self.__struct_fields__ if name != "grid"}
        if self.feed_cap is None:  # as files of former versions are named
            del chosen["feed_cap"]
        return hashlib.blake2b(msgspec.json.encode(chosen, order="sorted"), digest_size=8).hexdigest()


def built_in(name: str) -> Path:
    """The file of a strategy that ships with Bellwether."""
    return Path(__file__).parent / "strategies" / f"{name}.yaml"


def former(name: str) -> str:
    """The name by which the version of a shipped strategy is loaded that shipped before."""
    return f"former/{name}"


def load_strategy(name_or_path: str) -> Strategy:
    """Read a strategy by built-in name or by path; raises StrategyError."""
    path = Path(name_or_path)
    if not path.exists():
        path = built_in(name_or_path)
    if not path.exists():
        known = ", ".join(sorted(p.stem for p in built_in("x").parent.glob("*.yaml")))
        raise StrategyError(f"no strategy {name_or_path!r}: give a YAML file or one of {known}")
    try:
        strategy = msgspec.convert(parse_yaml(path.read_text()), Strategy)
    except msgspec.ValidationError as error:
        raise StrategyError(f"{path}: {error}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise StrategyError(f"{path}: {why_unreadable(error)}") from None
    if not is_name(strategy.name):  # it stands in keys and in names of folders
        raise StrategyError(f"{path}: name {strategy.name!r} cannot be used: {WHAT}")
    check_strategy(strategy, path)
    return strategy


def expected_digest(strategies: Iterable[Strategy]) -> str:
    """Names the expected dates that signals of these strategies depend on; "" where none asks, or there are none.

    Raises ExpectedError."""
    return Calendar.load().digest if any(strategy.reads_calendar for strategy in strategies) else ""


def check_strategy(strategy: Strategy, path: str | Path) -> None:
    """Raises StrategyError, beginning with `path`, when the numbers cannot be meant."""
    for name in [*strategy.weights, *strategy.scales]:
        if name not in FEATURES and not name.startswith(EVENT_PREFIX):
            known = ", ".join([*FEATURES, EVENT_PREFIX + "NAME"])
            raise StrategyError(f"{path}: unknown feature {name!r}; choose from {known}")
        if name.startswith(EVENT_PREFIX):
            _check_event(name.removeprefix(EVENT_PREFIX), path)
    if not any(strategy.weights.values()):
        raise StrategyError(f"{path}: every weight is 0; give at least one feature a weight")
    if any(scale <= 0 for scale in strategy.scales.values()):
        raise StrategyError(f"{path}: a scale must be above 0")
    for name in ("cadence_hours", "half_life_hours", "lookback_hours", "baseline_days", "author_cap", "story_cap"):
        if getattr(strategy, name) <= 0:
            raise StrategyError(f"{path}: {name} must be above 0")
    if strategy.feed_cap is not None and strategy.feed_cap <= 0:
        raise StrategyError(f"{path}: feed_cap must be above 0; leave it out for none")
    if 24 % strategy.cadence_hours:
        raise StrategyError(f"{path}: cadence_hours must divide 24, e.g. 1, 4 or 24")
    t = strategy.thresholds
    if not t.strong_sell <= t.sell <= 0 <= t.buy <= t.strong_buy:
        raise StrategyError(f"{path}: thresholds must rise: strong_sell <= sell <= 0 <= buy <= strong_buy")


def _check_event(event: str, path: str | Path) -> None:
    try:
        event_name(event)
    except UnknownEvent as error:
        raise StrategyError(f"{path}: {EVENT_PREFIX}NAME: {error}") from None
    if said := about_former(event):
        _say_once(f"{path}: {said}")


@lru_cache(maxsize=256)
def _say_once(said: str) -> None:
    log.warning("%s", said)
