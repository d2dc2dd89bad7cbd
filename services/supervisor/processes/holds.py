"""Workers that are not started again before `bellwether resume`: STATE/held.json, and the flags in STATE/stopped."""

from __future__ import annotations

from pathlib import Path

import msgspec

from services.runtime.exits import release_stopped
from shared.clients.state_folder import StateFolder, write_atomically

Held = dict[str, tuple[int, str]]  # label -> (exit code, what it said)


def read_held(state: Path) -> Held:
    try:
        return msgspec.json.decode((StateFolder(state).holds).read_bytes(), type=Held)
    except (OSError, msgspec.MsgspecError):
        return {}


def write_held(state: Path, held: Held) -> None:
    write_atomically(StateFolder(state).holds, msgspec.json.encode(held))


def release_all(state: Path) -> list[str]:
    """Let the supervisor start them again; returns their labels, and the roles that were stopped and not held."""
    roles = release_stopped(state)  # first: what the supervisor starts looks for these flags
    held = read_held(state)
    if held:
        write_held(state, {})
    holding = {label.partition("-")[0] for label in held}
    return sorted([*held, *(role for role in roles if role not in holding)])
