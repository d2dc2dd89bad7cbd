"""What a run has left is read in shared/reading alone: elsewhere, only the stores and admin commands of a run name its
keys, send reading commands to Redis, or name the files of its folder."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from shared.reading import runs_folder

ROOT = Path(__file__).parents[3]
READING = "shared/reading/"

STORES = ("services/aggregation/stores/", "services/aggregation/signals/outbox.py", "services/alerts/store.py")
ADMIN = (
    "services/aggregation/admin/",
    "services/supervisor/topics/",
    "services/scoring/provenance/model_switch.py",
    "services/scoring/provenance/universe_record.py",
    "services/scoring/provenance/changes.py",
    "services/forgetting/store.py",  # takes words out of what the store wrote, while no worker of the run is there
)
# the scripts that bind a run answer with what it is bound to, and to which terms its living workers hold it
BINDING = ("services/runtime/binding.py", "services/runtime/claims.py")
# Commands that only a client of Redis has, and that give values back; `get` and `exists` are asked of many things.
COMMANDS = {
    "hget", "hgetall", "hmget", "hvals", "hkeys", "hscan", "hscan_iter", "mget", "smembers", "scan_iter",
    "execute_command",
}  # fmt: skip
FORGETTING = ("services/replay/through_kafka.py",)  # looks for the keys of a run only to delete them

# Who may name keys of Redis without being a store or an admin command, and what for
WRITES_REPORTS = ("services/runtime/telemetry/report.py", "services/ingest/worker.py")
REMEMBERS_REQUESTS = ("services/api/once.py",)  # its own answers, for a day
FILLS_PRICES = ("services/ingest/sample/redis_prices.py",)  # writes them where a company has none
HOLDS_A_LEASE = ("services/archive/upkeep.py", "services/ingest/delivery/lead.py")
SAYS_HOW_FAR = ("services/archive/reached.py", "services/archive/keeping.py")  # the archive has the opinions
HANDS_ON = (  # makes Keys for a RunView or a store, or passes them on
    "services/alerts/main.py", "services/alerts/pipeline.py", "services/scoring/dead_letters.py",
    "services/supervisor/status/", "services/replay/through_kafka.py", "services/aggregation/core/store.py",
    "services/archive/as_of/past.py", "services/archive/as_of/proof.py", "services/aggregation/journal.py",
)  # fmt: skip
OTHERS = (*FILLS_PRICES, *HOLDS_A_LEASE, *SAYS_HOW_FAR, *HANDS_ON)
# a model's own metrics.json
OF_MODELS = ("services/training/", "services/replay/training_dates.py", "services/model/event_labels.py")


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    """Every module by its path."""
    return {
        path.relative_to(ROOT).as_posix(): path.read_text()
        for top in ("services", "shared", "dashboard")
        for path in (ROOT / top).rglob("*.py")
    }


def outside(texts: dict[str, str], words: Iterable[str], *allowed: str) -> Iterator[tuple[str, ast.Module]]:
    """Modules elsewhere that hold one of these words. Only they are parsed: all of them would take seconds."""
    held = re.compile("|".join(map(re.escape, sorted(words))))
    for name, text in texts.items():
        if not name.startswith((READING, *allowed)) and held.search(text):
            yield name, ast.parse(text)


def test_reading_commands_are_sent_by_the_read_side_and_the_stores(texts: dict[str, str]) -> None:
    sent = {
        name
        for name, tree in outside(texts, COMMANDS, *STORES, *ADMIN, *BINDING, *FORGETTING)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in COMMANDS
    }
    assert sent == set()


def test_keys_are_named_by_the_read_side_the_stores_and_what_hands_them_on(texts: dict[str, str]) -> None:
    module = "shared.contract.keys"
    naming = {
        name
        for name, tree in outside(
            texts, [module], *STORES, *ADMIN, *BINDING, *WRITES_REPORTS, *REMEMBERS_REQUESTS, *OTHERS
        )
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == module
    }
    assert naming == set()


@pytest.mark.parametrize("package", HANDS_ON)
def test_what_hands_keys_on_asks_redis_for_none_of_them(package: str, texts: dict[str, str]) -> None:
    """`client.get(keys.position(slot))` and the like: a key as the argument of a call on something that is no Keys."""
    for name, text in texts.items():
        if not name.startswith(package) or "keys." not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in {"get", "exists"}
            ):
                assert not any("keys." in ast.unparse(argument) for argument in node.args), f"{name}:{node.lineno}"


def test_the_files_of_a_run_are_named_once(texts: dict[str, str]) -> None:
    files = {value for name, value in vars(runs_folder).items() if name.isupper() and isinstance(value, str)}
    assert runs_folder.SUMMARY in files
    naming = {
        f"{name}:{node.lineno}"
        for name, tree in outside(texts, files, *OF_MODELS)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and node.value in files
    }
    assert naming == set()


def test_the_folder_of_runs_is_entered_by_the_read_side_alone(texts: dict[str, str]) -> None:
    entering = {
        name
        for name, tree in outside(texts, ["StateFolder"], "shared/clients/state_folder.py")
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "runs" and "StateFolder" in ast.unparse(node.value)
    }
    assert entering == set()
