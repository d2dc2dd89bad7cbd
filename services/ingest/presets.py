"""Sources that need no more than a name: where they are, on what terms, and how their fields are to be read.

None of them was ever called from where Bellwether is made; `called` says so, and `sources check` is how to find out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

_FILE: Final = Path(__file__).with_name("presets.yaml")


class UnknownPreset(ValueError):
    """A preset that there is not; the text lists those that there are."""


@dataclass(frozen=True, slots=True)
class Preset:
    """`options` are those of its kind; `asks` names options that the user has to give, such as tickers."""

    name: str
    kind: str
    about: str
    terms: str  # what its owner asks for, as far as is known; to be read before it is used
    options: dict[str, Any] = field(default_factory=dict)
    asks: tuple[str, ...] = ()
    called: bool = False  # whether it was ever called by those who wrote it down


@cache
def presets() -> dict[str, Preset]:
    """By name, in the order of the file."""
    loaded = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    found = [Preset(name=name, **{**each, "asks": tuple(each.get("asks", ()))}) for name, each in loaded.items()]
    return {preset.name: preset for preset in found}


def preset(name: str) -> Preset:
    """Raises UnknownPreset."""
    if name not in presets():
        raise UnknownPreset(f"there is no preset {name!r}; see: bellwether sources presets")
    return presets()[name]
