"""The application's routes are those of the table of roles, and its description changes only deliberately.

python tests/unit/api/test_roles.py > docs/reference/openapi.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import redis

from services.api.admission.roles import OPEN, TABLE, rule_of, rules_at
from services.api.app import build
from services.api.door import Door
from shared.settings import Settings, load_settings

AGENTS = {(method, "/mcp") for method in ("GET", "POST", "DELETE")}  # in the SDK's own description
RECORDED = Path(__file__).parents[3] / "docs" / "reference" / "openapi.json"


def application() -> Any:
    settings: Settings = load_settings(Path("/nonexistent"))
    return build(Door(settings, redis.Redis()))


def described() -> str:
    found = application().openapi()
    found["info"]["version"] = ""  # of the program; the address has the version of the API
    return json.dumps(found, indent=1, sort_keys=True) + "\n"


def test_every_route_is_in_the_table_and_every_rule_has_a_route() -> None:
    paths = application().openapi()["paths"]
    routes = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    assert {(rule.method, rule.path) for rule in TABLE} == routes | {("GET", "/v1/openapi.json")} | AGENTS


def test_what_changes_something_is_no_reader_s() -> None:
    for rule in TABLE:
        reads = rule.path == "/mcp" or "read" in rule.roles
        assert rule.changes == (rule.method in ("POST", "DELETE") and not reads), rule
    assert {rule.path for rule in TABLE if rule.path == OPEN} == {"/livez"}


def test_a_path_has_the_rule_of_its_route() -> None:
    assert rule_of("GET", "/v1/signals/history") == next(rule for rule in TABLE if rule.path == "/v1/signals/history")
    found = rule_of("GET", "/v1/companies/A/sentiment")
    assert found is not None
    assert found.path == "/v1/companies/{id}/sentiment"
    assert rule_of("GET", "/v1/companies/A/B/sentiment") is None
    assert rule_of("PUT", "/v1/market") is None
    assert [rule.method for rule in rules_at("/v1/market")] == ["GET"]


def test_the_description_changes_only_deliberately() -> None:
    assert described() == RECORDED.read_text(), "python tests/unit/api/test_roles.py > docs/reference/openapi.json"


if __name__ == "__main__":
    sys.stdout.write(described())
