"""Reading the JSON lines in STATE/logs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from shared.clients.state_folder import StateFolder

_TAIL_BYTES: Final = 20_000
_OURS: Final = ("services.", "shared.", "dashboard.")


def last_said(state: Path, label: str, pid: int | None) -> str:
    """The latest message of our own code in the log of the process `pid` under this label; "" when it wrote none."""
    file = StateFolder(state).logs / f"{label}.jsonl"
    try:
        with file.open("rb") as log:
            log.seek(max(0, file.stat().st_size - _TAIL_BYTES))
            lines = log.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    for line in reversed(lines):
        try:
            entry = json.loads(line)
        except ValueError:
            continue  # the first one may be cut
        if isinstance(entry, dict) and entry.get("pid") == pid and str(entry.get("logger", "")).startswith(_OURS):
            return str(entry.get("message", ""))[:300]
    return ""


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
