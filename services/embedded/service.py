"""A server as a child process with a folder of its own: what the embedded Kafka and Redis have in common."""

from __future__ import annotations

import json
import secrets
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from services.embedded.errors import EmbeddedError
from services.embedded.ports import free_port, is_free
from services.embedded.process import ChildProcess, wait_until
from shared.clients.state_folder import make_folder, write_atomically, write_first

_PORTS: Final = "ports.json"
_PASSWORD: Final = "password"


class EmbeddedService(ABC):
    """`port` is kept between starts (FOLDER/ports.json) unless something else has it; `wanted_port` insists on one."""

    label: str  # as messages name it
    log: str  # the file in the folder in which a person reads why it did not start
    patience: float  # seconds from the start to being usable, on a machine that does much else
    look_every: float  # seconds between two looks

    def __init__(self, folder: Path, wanted_port: int | None, *, tied: bool) -> None:
        self.folder = folder.absolute()
        self.port = 0
        self.process: ChildProcess | None = None
        self._wanted_port = wanted_port
        self._tied = tied

    @property
    def password(self) -> str:
        """Made at the first start, and kept (FOLDER/password, mode 0600): other accounts of this machine have none."""
        return write_first(self.folder / _PASSWORD, secrets.token_urlsafe(32).encode()).decode().strip()

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """Where it listens and how it is entered, as the section of the settings that describes it."""

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process else None

    def running(self) -> bool:
        return self.process is not None and self.process.running()

    @abstractmethod
    def spawn(self) -> None:
        """Start without waiting. Raises EmbeddedError when something it needs is missing."""

    @abstractmethod
    def usable(self) -> bool:
        """Whether clients are served now."""

    def start(self, timeout: float | None = None) -> None:
        """Start, and return when clients are served; raises EmbeddedError."""
        self.spawn()
        self.wait_ready(timeout)

    def wait_ready(self, timeout: float | None = None) -> None:
        """Return when clients are served; raises EmbeddedError with the end of what it said."""
        process, seconds = self.process, timeout or self.patience
        if process is None:
            raise EmbeddedError(f"the embedded {self.label} was not started")
        if wait_until(self.usable, seconds, process.running, every=self.look_every):
            return
        ended = not process.running()
        process.kill()
        raise EmbeddedError(
            f"the embedded {self.label} {'exited at once' if ended else f'was not ready within {seconds:.0f} s'}; "
            f"see {self.folder / self.log}: …{process.tail(600) or _tail(self.folder / self.log)}"
        )

    def stop(self, timeout: float = 30.0) -> None:
        """Stop cleanly (SIGTERM), by force after `timeout` seconds."""
        if self.process:
            self.process.stop(timeout)

    def kill(self) -> None:
        """kill -9."""
        if self.process:
            self.process.kill()

    def _run(self, command: Sequence[str], output: str) -> None:
        self.process = ChildProcess(command, self.folder / output, tied=self._tied)
        self.process.start()

    def _take_ports(self, name: str, *others: str) -> list[int]:
        """Set `port`, and return ports for `others`: those of the last start where they are free."""
        make_folder(self.folder)
        kept = self._kept_ports()
        if self._wanted_port and not is_free(self._wanted_port):
            raise EmbeddedError(
                f"port {self._wanted_port} on 127.0.0.1 is in use; choose another for the embedded {self.label}"
            )
        taken: dict[str, int] = {}
        for each, wanted in ((name, self._wanted_port or kept.get(name, 0)), *((o, kept.get(o, 0)) for o in others)):
            used = frozenset(taken.values())
            taken[each] = wanted if wanted and wanted not in used and is_free(wanted) else free_port(used)
        write_atomically(self.folder / _PORTS, json.dumps(taken).encode())
        self.port = taken[name]
        return [taken[other] for other in others]

    def _kept_ports(self) -> dict[str, int]:
        """Those of the last start; none where the file is not there, or damaged: others are found."""
        try:
            kept = json.loads((self.folder / _PORTS).read_bytes())
        except (OSError, ValueError, RecursionError):
            return {}
        if not isinstance(kept, dict):
            return {}
        return {name: port for name, port in kept.items() if type(port) is int and 0 < port < 65_536}

    def kept_port(self) -> int:
        """The port of the last start; 0 before the first."""
        return next(iter(self._kept_ports().values()), 0)


def _tail(path: Path) -> str:
    try:
        return path.read_text(errors="replace")[-600:].strip()
    except OSError:
        return ""
