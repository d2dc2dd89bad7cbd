"""The supervisor's record of its processes, as any reader finds it: STATE/supervisor.json."""

from __future__ import annotations

from pathlib import Path

import msgspec

from shared.clients.state_folder import StateFolder
from shared.contract.operation.processes import SupervisorState


def recorded_state(state: Path) -> SupervisorState:
    """What the supervisor last wrote, whether or not it lives; empty where none was started from this state folder, or
    what is there cannot be read."""
    try:
        return msgspec.json.decode(StateFolder(state).supervisor.read_bytes(), type=SupervisorState)
    except (OSError, msgspec.MsgspecError):
        return SupervisorState()
