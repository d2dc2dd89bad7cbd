"""The rules that a run is read by: which digest, since when, from which position (design 6). As with the universe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import redis

from services.scoring.provenance.changes import changes, record_change
from services.scoring.rules.rule import Rules
from shared.clock import Clock

RULES: Final = "rules"  # field of the run's hash: the digest; "" while there are none


def record_rules(
    client: redis.Redis,
    run: str,
    rules: Rules,
    offsets: Callable[[], dict[str, int]],
    clock: Clock | None = None,
) -> dict[str, Any] | None:
    """Note that `run` is read by `rules` from now on; see `record_change`."""
    return record_change(
        client, run, RULES, rules.digest, {"names": [each.name for each in rules.rules]}, offsets, clock
    )


def rules_history(client: redis.Redis, run: str) -> list[dict[str, Any]]:
    """All rules of a run, oldest first: {before, rules, names, at, offsets}."""
    return changes(client, run, RULES)
