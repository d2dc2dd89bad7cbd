"""Containers of docker-compose.yml as child processes of this machine: their commands, variables and health checks.

What Docker would do is done here: a host name for each container, variables from the file, `/state` for all of them (a
folder), and a start again whenever one ends. Addresses and ports are given; everything else is as the file has it.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).parents[2]
SERVICES: Final[dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
AGAIN: Final = frozenset({0, -signal.SIGKILL, -signal.SIGTERM, 75})  # ends after which a start helps
HEALTH_SECONDS: Final = 120


class Composed:
    """One container of a service, called `host`. `variables` take the place of what the file says."""

    def __init__(self, service: str, host: str, state: Path, variables: Mapping[str, str]) -> None:
        self.service, self.host, self._state = service, host, state
        self._said = state / f"{host}.out"
        self._manifest = SERVICES[service]
        self.env = {name: value for name, value in os.environ.items() if not name.startswith("BELLWETHER_")}
        self.env |= {name: _plain(str(value), variables) for name, value in self._manifest["environment"].items()}
        self.env |= {"HOSTNAME": host, "BELLWETHER_MACHINE": host, **variables}
        self.env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{self.env['PATH']}"
        self.exits: list[int] = []
        self.starts = 0
        self.process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        entrypoint = self._manifest.get("entrypoint", ["bellwether"])
        return self._here([*entrypoint, *self._manifest.get("command", [])])

    def _here(self, words: Sequence[str]) -> list[str]:
        """As the container has them: `$$` is a dollar, and /state is the volume."""
        port = self.env.get("BELLWETHER_API__PORT", "8600")
        made = [re.sub(r"(?<![\w/])/state\b", str(self._state), word.replace("$$", "$")) for word in words]
        return [word.replace("127.0.0.1:8600", f"127.0.0.1:{port}") for word in made]

    def start(self) -> None:
        with self._said.open("ab") as out:
            self.process = subprocess.Popen(
                self.command(), env=self.env, stdout=out, stderr=out, cwd=self._state, start_new_session=True
            )
        self.starts += 1

    def run(self, *words: str, seconds: float = 300) -> subprocess.CompletedProcess[str]:
        """As `docker compose exec` would."""
        return subprocess.run(
            self._here(words),
            env=self.env, cwd=self._state, capture_output=True, text=True, timeout=seconds, check=False,
        )  # fmt: skip

    def healthy(self) -> bool:
        """What the file's health check says."""
        kind, *words = self._manifest["healthcheck"]["test"]
        command = ["sh", "-c", *words] if kind == "CMD-SHELL" else words
        return self.run(*command, seconds=HEALTH_SECONDS).returncode == 0

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """kill -9 of the container, whatever runs in it."""
        if self.process is not None and self.alive():
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)

    def stop(self, seconds: float = 30) -> int | None:
        """SIGTERM, and SIGKILL when the grace period is over; the exit code."""
        if self.process is None:
            return None
        self.process.terminate()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return self.process.returncode

    def said(self, characters: int = 1500) -> str:
        return self._said.read_text(errors="replace")[-characters:] if self._said.exists() else ""


def _plain(value: str, variables: Mapping[str, str]) -> str:
    """`${NAME:-default}` and `${NAME:?text}` as Compose fills them in."""
    found = re.fullmatch(r"\$\{(\w+):([-?])(.*)\}", value)
    if found is None:
        return value
    return variables.get(found[1], found[3] if found[2] == "-" else "")


class Keeper:
    """Starts what ended, as `restart: unless-stopped` does; what ended in a way that no start mends is `refused`."""

    def __init__(self, containers: Sequence[Composed]) -> None:
        self._containers = containers
        self.refused: list[str] = []
        self._left: set[Composed] = set()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def _keep(self) -> None:
        while not self._ended.is_set():
            for each in self._containers:
                if each.alive() or each in self._left:
                    continue
                if each.process is not None:
                    code = int(each.process.returncode)
                    each.exits.append(code)
                    if code not in AGAIN:
                        self.refused.append(f"{each.host} ended with {code}: {each.said()}")
                        self._left.add(each)
                        continue
                each.start()
            time.sleep(0.2)

    def end(self) -> None:
        """Stop keeping, and stop everything, at once."""
        self._ended.set()
        if self._thread.ident is not None:
            self._thread.join(10)
        for each in self._containers:
            if each.alive() and each.process is not None:
                each.process.terminate()
        for each in self._containers:
            each.stop(20)
