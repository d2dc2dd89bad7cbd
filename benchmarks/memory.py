"""Memory of a demo: the largest proportional set size (shared pages counted once) of all its processes together.

    python benchmarks/memory.py [--seconds 180] [--state DIR]     # Linux; a fresh state folder each time

Starts `bellwether up --run demo --sample`, opens no page, and ends with one JSON object, MiB by process.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from services.supervisor.processes.specs import program


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=180.0)
    parser.add_argument("--state", type=Path, default=None)
    asked = parser.parse_args()
    state = asked.state or Path(tempfile.mkdtemp(prefix="bellwether-memory-"))
    command = [*program(), "up", "--run", "demo", "--sample", "--dashboard-port", "0", "--state", str(state)]
    started = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        most = _most(state, asked.seconds)
    finally:
        started.terminate()
        started.wait(120)
    sys.stdout.write(json.dumps({"total_mib": round(sum(most.values())), "processes": most}) + "\n")


def _most(state: Path, seconds: float) -> dict[str, float]:
    """What the processes held when they held most."""
    most: dict[str, float] = {}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        now = _held(state)
        if sum(now.values()) > sum(most.values()):
            most = now
        time.sleep(1.0)
    return most


def _held(state: Path) -> dict[str, float]:
    held: dict[str, float] = {}
    for process in psutil.process_iter(["cmdline"]):
        command = process.info["cmdline"] or []
        if any(str(state) in part for part in command):
            held[f"{_named(command)} {process.pid}"] = _pss(process.pid)
    return held


def _pss(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0  # it has ended
    return next((round(int(line.split()[1]) / 1024, 1) for line in lines if line.startswith("Pss:")), 0.0)


def _named(command: list[str]) -> str:
    if "worker" in command:
        return command[command.index("worker") + 1]
    words = {"java": "kafka", "redis-server": "redis", "streamlit": "dashboard", "up": "supervisor"}
    return next((name for word, name in words.items() if any(Path(part).name == word for part in command)), "other")


if __name__ == "__main__":
    main()
