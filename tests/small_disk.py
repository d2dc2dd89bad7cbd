"""A small disk of one's own: a tmpfs of a few megabytes in a mount namespace, which takes root."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# What runs in the namespace: the first argument is the small disk, the second a folder with room.
BEGIN = """
import sys, time
from pathlib import Path

disk, room = Path(sys.argv[1]), Path(sys.argv[2])
filling = disk / "filling"

def fill(but=0):
    filling.unlink(missing_ok=True)
    with filling.open("wb", buffering=0) as out:
        try:
            while True:
                out.write(b"x" * 65536)
        except OSError:
            pass
    with filling.open("r+b") as out:
        out.truncate(max(0, filling.stat().st_size - but))
"""


def hold_on_small_disk(tmp_path: Path, script: str, megabytes: int) -> None:
    """Run the script, behind BEGIN, on such a disk; its last word is `held`."""
    if os.getuid() != 0 or subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True).returncode:
        pytest.skip("only root may mount a small disk in a namespace of its own")
    program = tmp_path / "program.py"
    program.write_text(BEGIN + script)
    disk = tmp_path / "disk"
    disk.mkdir()
    room = tmp_path / "room"
    room.mkdir()
    mounted = f'mount -t tmpfs -o size={megabytes}m tmpfs "$1" && exec "$2" "$3" "$1" "$4"'
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", mounted, "sh", str(disk), sys.executable, str(program), str(room)],
        capture_output=True, text=True, timeout=500, check=False, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() == "held"
