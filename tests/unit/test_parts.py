"""`make test` and `make check` are divided into parts that run side by side: no test is in none of them, or in two."""

from __future__ import annotations

import os
import shlex
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def parts_of(target: str) -> list[list[str]]:
    """What each pytest of a target is told: folders, files and --ignore=…"""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    environment.pop("PYTEST_ARGS", None)
    told = subprocess.run(
        ["make", "-n", target], capture_output=True, text=True, check=True, cwd=ROOT, env=environment
    ).stdout
    return [shlex.split(line.partition("bin/pytest ")[2]) for line in told.splitlines() if "bin/pytest " in line]


def runs(part: list[str], file: str) -> bool:
    """Whether such a pytest finds the file: below what it is told, and below nothing that it is told to ignore."""
    ignored = [each.removeprefix("--ignore=") for each in part if each.startswith("--ignore=")]
    named, unnamed = (
        [place for place in some if file == place or file.startswith(f"{place}/")] for some in (part, ignored)
    )
    return bool(named) and not unnamed


@pytest.mark.parametrize(("target", "folders"), [("check", ["tests/unit"]), ("test", None)])
def test_every_test_is_in_one_part(target: str, folders: list[str] | None) -> None:
    if folders is None:
        folders = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]["testpaths"]
    files = [str(path.relative_to(ROOT)) for folder in folders for path in (ROOT / folder).rglob("test_*.py")]
    parts = parts_of(target)
    assert len(parts) > 2 and len(files) > 150
    wrong = {file: found for file in files if (found := sum(runs(part, file) for part in parts)) != 1}
    assert wrong == {}
