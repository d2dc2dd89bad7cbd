"""What the pages for newcomers name exists: files, sections of the design."""

from __future__ import annotations

import ast
import re
import runpy
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = (
    "docs/architecture.md",
    "docs/design.md",
    "docs/adding.md",
    "docs/operations.md",
    "docs/api.md",
    "CONTRIBUTING.md",
    "README.md",
)
CITED = re.compile(r"\b[Dd]esign,? (?:section )?(\d+(?:\.\d+)?)|design\.md (\d+(?:\.\d+)?)")
PATH = re.compile(r"\b((?:services|shared|dashboard|tests|docs|benchmarks)/[\w./-]*\w/?)")
FILE = re.compile(r"(?<![\w./-])((?:services|shared|dashboard|docs|tests|benchmarks)/[\w/-]+\.(?:py|md|csv|yaml))\b")
LIMIT = re.compile(
    r"\b(not|no|never|nothing|none|neither|only|alone|without|elsewhere|services[/.]\w+|shared[/.]\w+|\w+'s)\b"
)
DECISION = re.compile(r"\bdecisions?[/ ](\d{4})")


def _files(*patterns: str) -> list[Path]:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    return [ROOT / name for name in listed.stdout.decode().splitlines() if (ROOT / name).is_file()]


@pytest.mark.parametrize("page", PAGES)
def test_every_path_that_a_page_names_exists(page: str) -> None:
    named = {match[1].rstrip("/.") for match in PATH.finditer((ROOT / page).read_text())}
    missing = {name for name in named if not (ROOT / name).exists()}
    assert missing == set(), f"{page} names what is not there"


def test_every_file_that_code_and_decisions_name_exists() -> None:
    for path in _files("*.py", "*.cpp", "*.h", "docs/*.md"):
        for match in FILE.finditer(path.read_text()):
            assert (ROOT / match[1]).exists(), f"{path.relative_to(ROOT)} names {match[1]}"


def test_every_section_of_the_design_that_is_cited_exists() -> None:
    headings = set(re.findall(r"^#{2,3} (\d+(?:\.\d+)?)", (ROOT / "docs/design.md").read_text(), re.MULTILINE))
    assert {"1", "2.1", "2.2", "2.3", "2.4", "2.5", "3", "4", "5"} <= headings
    cited = 0
    for path in _files("*.py", "*.md", "*.yaml", "*.cpp", "Makefile"):
        for match in CITED.finditer(path.read_text()):
            cited += 1
            assert (match[1] or match[2]) in headings, f"{path.relative_to(ROOT)} cites {match[0]!r}"
    assert cited > 8


def test_every_decision_that_is_cited_exists() -> None:
    there = {path.name[:4] for path in (ROOT / "docs/decisions").glob("*.md")}
    for path in _files("*.py", "*.md"):
        for match in DECISION.finditer(path.read_text()):
            assert match[1] in there, f"{path.relative_to(ROOT)} cites {match[0]!r}"


def test_every_package_says_what_belongs_there_and_what_does_not() -> None:
    for path in _files("services/*__init__.py", "shared/*__init__.py", "dashboard/*__init__.py"):
        said = ast.get_docstring(ast.parse(path.read_text())) or ""
        assert LIMIT.search(said), f"{path.relative_to(ROOT)}: what belongs here, and what does not or where is it?"


def test_the_picture_is_what_its_script_draws_and_names_packages_that_exist() -> None:
    drawn = runpy.run_path(str(ROOT / "docs/images/rooms.py"))
    assert (ROOT / "docs/images/rooms.svg").read_text() == drawn["draw"](), "run: python docs/images/rooms.py"
    rooms = [name for floor in (*drawn["FLOORS"], drawn["TOWER"]) for name, _ in floor]
    assert [name for name in rooms if not (ROOT / name / "__init__.py").exists()] == []
    packages = {str(path.parent.relative_to(ROOT)) for path in _files("services/*/__init__.py", "shared/*/__init__.py")}
    inside = {name for name in packages if name.count("/") == 1}
    assert inside - set(rooms) <= {"services/api"}, "a room that the picture lacks"
