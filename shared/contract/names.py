"""The one pattern of whatever somebody may name: runs, profiles, lists, rules, channels, strategies, workers. Pure.

Names become parts of paths, topics and keys of Redis: nothing that means something there (`/ . { } : | *`) is in one.
"""

from __future__ import annotations

import re
from typing import Final

PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"
NAME: Final = re.compile(PATTERN.strip("^$"))
WHAT: Final = "use letters, digits, - and _, at most 64, and begin with a letter or digit"


class BadName(ValueError):
    """A name that cannot be used; the text says what can."""


def is_name(text: str) -> bool:
    return NAME.fullmatch(text) is not None


def checked_name(name: str) -> str:
    """`name` itself. Raises BadName."""
    if not is_name(name):
        raise BadName(f"{name!r} is not a valid name: {WHAT}")
    return name
