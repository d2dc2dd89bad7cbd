"""The one table of who may call what. A route that is not here is nobody's: tests/unit/api/test_roles.py holds the
application's routes to it, tests/contract/test_api_access.py walks it with a key of every role.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from starlette.routing import compile_path

from shared.reading.readers.access import Role

Roles = frozenset[Role]

READERS: Final[Roles] = frozenset({"read", "label", "admin"})
PUSHERS: Final[Roles] = frozenset({"push", "admin"})
LABELLERS: Final[Roles] = frozenset({"label", "admin"})
ADMINS: Final[Roles] = frozenset({"admin"})
ANYBODY: Final[Roles] = frozenset({"read", "push", "label", "admin"})
OPEN: Final = "/livez"  # the one path that asks for no key


class Rule(NamedTuple):
    """`changes`: it needs a key even where no key exists yet and the client sits on this machine."""

    method: str
    path: str
    roles: Roles
    changes: bool = False


TABLE: Final[tuple[Rule, ...]] = (
    Rule("GET", "/livez", ANYBODY),
    Rule("GET", "/readyz", ANYBODY),
    Rule("GET", "/metrics", READERS),
    Rule("GET", "/v1/openapi.json", ANYBODY),
    Rule("GET", "/v1/instruments", READERS),
    Rule("GET", "/v1/instruments/{id}", READERS),
    Rule("GET", "/v1/companies/{id}/sentiment", READERS),
    Rule("GET", "/v1/companies/{id}/documents", READERS),
    Rule("GET", "/v1/companies/{id}/why", READERS),
    Rule("GET", "/v1/companies/{id}/peers", READERS),
    Rule("GET", "/v1/documents/{id}", READERS),
    Rule("GET", "/v1/market", READERS),
    Rule("GET", "/v1/sectors", READERS),
    Rule("GET", "/v1/signals", READERS),
    Rule("GET", "/v1/signals/history", READERS),
    Rule("GET", "/v1/alerts", READERS),
    Rule("GET", "/v1/events", READERS),
    Rule("GET", "/v1/event-classes", READERS),
    Rule("GET", "/v1/runs", READERS),
    Rule("GET", "/v1/runs/{name}", READERS),
    Rule("GET", "/v1/search", READERS),
    Rule("GET", "/v1/stories", READERS),
    Rule("GET", "/v1/stories/{key}", READERS),
    Rule("POST", "/v1/ask", READERS),
    Rule("GET", "/v1/review", READERS),
    Rule("GET", "/v1/feedback", READERS),
    Rule("POST", "/v1/feedback", LABELLERS, changes=True),
    Rule("GET", "/v1/stream", READERS),
    Rule("POST", "/v1/score", READERS),
    Rule("POST", "/v1/explain", READERS),
    Rule("POST", "/v1/documents", PUSHERS, changes=True),
    *(Rule(method, "/mcp", READERS) for method in ("GET", "POST", "DELETE")),
)

_COMPILED: Final = [(rule, compile_path(rule.path)[0]) for rule in TABLE]


def rule_of(method: str, path: str) -> Rule | None:
    """The rule of a request; None where there is no such route."""
    return next((rule for rule in rules_at(path) if rule.method == method), None)


def rules_at(path: str) -> Iterator[Rule]:
    """The rules of one path, over all methods; of a fixed path before those with a place in it."""
    fixed = [rule for rule in TABLE if rule.path == path]
    yield from fixed or (rule for rule, pattern in _COMPILED if pattern.match(path))
