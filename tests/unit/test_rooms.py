"""No room is too full to be taken in at a glance: how many modules a package has, and in the median."""

from __future__ import annotations

from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[2]
MOST, MEDIAN, MOST_COMMANDS = 14, 7, 20
FLAT = {"services/model", "services/backtest", "dashboard/pages"}  # one matter each, told apart by name
COMMANDS = "services/commands"  # divided by subject when it passes its own limit


def _modules() -> dict[str, int]:
    """Package -> its modules, `__init__.py` not counted; packages without any are left out."""
    found: dict[str, int] = {}
    for top in ("services", "shared", "dashboard"):
        for path in (ROOT / top).rglob("*.py"):
            if path.name != "__init__.py":
                package = path.parent.relative_to(ROOT).as_posix()
                found[package] = found.get(package, 0) + 1
    return found


def test_no_package_has_too_many_modules() -> None:
    counted = _modules()
    assert FLAT | {COMMANDS} <= counted.keys(), "an exception that is not there"
    full = {package: count for package, count in counted.items() if count > MOST and package not in FLAT | {COMMANDS}}
    assert full == {}, f"more than {MOST} modules: divide it by subject, with a contract in pyproject.toml"
    assert counted[COMMANDS] <= MOST_COMMANDS, "divide it by subject"


def test_the_median_package_is_small() -> None:
    assert median(_modules().values()) <= MEDIAN
