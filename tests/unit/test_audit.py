"""`make audit` never says that nothing is wrong where nothing, or not everything, was looked up."""

from __future__ import annotations

import json
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
HOLE = {"name": "pyyaml", "version": "5.3", "vulns": [{"id": "PYSEC-2020-96", "fix_versions": ["5.3.1"]}]}
UNKNOWN = {"name": "pyyaml", "skip_reason": "Dependency not found on PyPI and could not be audited: pyyaml (5.3)"}
SOUND = {"name": "msgspec", "version": "0.19.0", "vulns": []}
SKIPPED = {"name": "numpy", "skip_reason": "Dependency not found on PyPI and could not be audited: numpy (2.2.0)"}


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    """`.ci/audit` as a module."""
    loader = SourceFileLoader("ci_audit", str(ROOT / ".ci" / "audit"))
    spec = spec_from_loader("ci_audit", loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


def judged(audit: ModuleType, known: list[dict[str, Any]], pinned: list[dict[str, Any]]) -> tuple[int, str]:
    reports = [audit.read(json.dumps({"dependencies": rows, "fixes": []}), "") for rows in (known, pinned)]
    code, lines = audit.judge(*reports, "pypi")
    return code, "\n".join(lines)


def test_all_looked_up_and_sound(audit: ModuleType) -> None:
    code, said = judged(audit, [HOLE], [SOUND])
    assert (code, "1 of 1 pinned packages" in said) == (0, True)


@pytest.mark.parametrize("known", [[UNKNOWN], [HOLE | {"vulns": []}], []])
def test_data_without_what_is_known_is_no_data(audit: ModuleType, known: list[dict[str, Any]]) -> None:
    code, said = judged(audit, known, [SOUND])
    assert code == 3 and said.startswith("NOT AUDITED")


def test_what_was_not_looked_up_is_no_success(audit: ModuleType) -> None:
    code, said = judged(audit, [HOLE], [SOUND, SKIPPED])
    assert code == 3 and "not looked up: numpy" in said and "1 of 2" in said
    assert judged(audit, [HOLE], [SKIPPED])[0] == judged(audit, [HOLE], [])[0] == 3


def test_a_vulnerability_is_named_before_all(audit: ModuleType) -> None:
    bad = SOUND | {"vulns": [{"id": "GHSA-1"}, {"id": "GHSA-2"}]}
    code, said = judged(audit, [HOLE], [bad, SKIPPED])
    assert code == 1 and "msgspec 0.19.0: GHSA-1, GHSA-2" in said and "not looked up: numpy" in said


def test_a_tool_that_failed_is_quoted(audit: ModuleType) -> None:
    report = audit.read("", "Traceback\nrequests.exceptions.ConnectionError: no route\n\n")
    assert audit.judge(report, report, "osv") == (
        3,
        ["NOT AUDITED: the data of osv cannot be reached from here (requests.exceptions.ConnectionError: no route)"],
    )
