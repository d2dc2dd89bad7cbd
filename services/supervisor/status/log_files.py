"""Reading the JSON lines in STATE/logs."""

from __future__ import annotations

import json
from pathlib import Path

from shared.clients.state_folder import StateFolder


def latest(state: Path, role: str | None, lines: int) -> list[str]:
    """The last `lines` lines of every log (or of one role's), merged by time, as they would read in a terminal."""
    entries: list[tuple[str, str]] = []
    for file in sorted(StateFolder(state).logs.glob("*.jsonl")):
        if role is None or file.stem == role or file.stem.startswith(f"{role}-"):
            entries += [_readable(line) for line in file.read_text(errors="replace").splitlines()[-lines:]]
    return [text for _, text in sorted(entries)]


def _readable(line: str) -> tuple[str, str]:
    try:
        entry = json.loads(line)
        time, label = entry["time"], f"{entry['role']} {entry['name']}".strip()
        text = f"{time} {entry['level']:7} {label}: {entry['message']}"
    except (ValueError, KeyError, TypeError):
        return "", line
    return time, text + (f"\n{entry['exception']}" if "exception" in entry else "")
