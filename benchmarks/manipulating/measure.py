"""How far a scenario moved signals, against how far one honest account moves them that says the same in these hours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.manipulating.posts import ATTACK, COMPANY, Post, honest, ordinary
from benchmarks.manipulating.scenarios import Scenario
from benchmarks.manipulating.world import Said, World
from shared.contract.events import MICRO


@dataclass(frozen=True, slots=True)
class Moved:
    """Of one strategy: the largest change of a score behind the attack, by the scenario and by the honest account."""

    strategy: str
    attack: float
    honest: float

    @property
    def ratio(self) -> float:
        """Attack over honest; 0 where nothing moved."""
        return self.attack / self.honest if self.honest else (0.0 if not self.attack else float("inf"))


def measured(world: World, scenario: Scenario, known: dict[object, Said] | None = None) -> list[Moved]:
    """Plays three worlds: without, with the scenario, and with the honest account in its place. `known`: worlds that
    several scenarios share are played once."""
    worlds = {} if known is None else known
    also = scenario.also.__name__
    quiet = _played(world, worlds, also, lambda: [*ordinary(), *scenario.also()])
    hours = scenario.hours()
    key = (also, tuple(sorted(hours)), scenario.praise)
    said = _played(world, worlds, key, lambda: [*ordinary(), *scenario.also(), *honest(hours, scenario.praise)])
    attacked = world.play([*ordinary(), *scenario.also(), *scenario.posts()])
    return [Moved(name, furthest(quiet, attacked, name), furthest(quiet, said, name)) for name in world.strategies]


def _played(world: World, worlds: dict[object, Said], key: object, posts: Callable[[], list[Post]]) -> Said:
    if key not in worlds:
        worlds[key] = world.play(posts())
    return worlds[key]


def furthest(quiet: Said, other: Said, strategy: str) -> float:
    """The largest change of the company's score at any T behind the attack, 0..2."""
    moments = {at for name, company, at in quiet.keys() | other.keys()
               if name == strategy and company == COMPANY and at > ATTACK}  # fmt: skip
    found = [abs(_score(other, strategy, at) - _score(quiet, strategy, at)) for at in moments]
    return max(found, default=0)


def _score(said: Said, strategy: str, at: int) -> float:
    signal = said.get((strategy, COMPANY, at))
    return signal.score / MICRO if signal is not None else 0.0
