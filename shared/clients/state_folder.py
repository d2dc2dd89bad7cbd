"""The state folder: every path in it, and the one way in which a whole file is written. All of it is its owner's alone.

A reader sees the old file or the new one, never a part; two writers never share a draft.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from glob import escape
from pathlib import Path
from typing import Final

from shared.clock import HOUR, SystemClock

PRIVATE_FILE: Final = 0o600
PRIVATE_FOLDER: Final = 0o700
_LEFT_BEHIND: Final = HOUR  # a draft that nobody has written to for so long is of a process that was killed


@dataclass(frozen=True, slots=True)
class StateFolder:
    """Where each thing lies under `root` (the setting `state_dir`)."""

    root: Path

    @property
    def settings(self) -> Path:
        return self.root / "bellwether.yaml"

    @property
    def endpoints(self) -> Path:
        """Where the embedded Kafka and Redis listen: settings of every other command."""
        return self.root / "endpoints.json"

    @property
    def supervisor(self) -> Path:
        return self.root / "supervisor.json"

    @property
    def supervisor_lock(self) -> Path:
        return self.root / "up.lock"

    @property
    def processes(self) -> Path:
        return self.root / "pids.json"

    @property
    def holds(self) -> Path:
        """Workers that are not started again before `bellwether resume`."""
        return self.root / "held.json"

    @property
    def pause(self) -> Path:
        """Workers that stand aside while a command works on the run."""
        return self.root / "pause.json"

    @property
    def totals(self) -> Path:
        """The highest totals of each run that `bellwether status` has seen."""
        return self.root / "totals.json"

    @property
    def kafka(self) -> Path:
        return self.root / "kafka"

    @property
    def redis(self) -> Path:
        return self.root / "redis"

    @property
    def faust(self) -> Path:
        return self.root / "faust"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def stopped(self) -> Path:
        """A flag file for each role that reached its dead-letter limit."""
        return self.root / "stopped"

    @property
    def author_key(self) -> Path:
        return self.root / "author.key"

    @property
    def machine(self) -> Path:
        """The token that tells this state folder from those of other machines (shared/clients/machine.py)."""
        return self.root / "machine"

    @property
    def ledger(self) -> Path:
        return self.root / "ingest" / "ledger.sqlite3"

    @property
    def sources(self) -> Path:
        """The sources that `bellwether sources add` keeps."""
        return self.root / "sources.yaml"

    @property
    def floors(self) -> Path:
        return self.root / "ingest" / "floors"

    @property
    def rejected(self) -> Path:
        return self.root / "rejected"

    @property
    def runs(self) -> Path:
        """A folder for each replay."""
        return self.root / "runs"

    @property
    def archives(self) -> Path:
        """A folder for each run."""
        return self.root / "archive"

    def archive(self, run: str) -> Path:
        """What services/archive keeps of a run."""
        return self.archives / run

    def resize(self, run: str) -> Path:
        """What an unfinished `topics resize` has read."""
        return self.root / "resize" / run

    def everything(self) -> list[Path]:
        """All that Bellwether keeps under `root`, there or not: whatever else lies there is somebody's own."""
        known = (self.settings, self.endpoints, self.supervisor, self.supervisor_lock, self.processes, self.holds)
        folders = (self.kafka, self.redis, self.faust, self.logs, self.stopped, self.rejected, self.runs)
        kept = (
            self.archives,
            self.pause,
            self.sources,
            self.totals,
            self.author_key,
            self.machine,
            self.ledger.parent,
            self.root / "resize",
        )
        return [*known, *folders, *kept]


def make_folder(path: Path) -> Path:
    """The folder, made for its owner alone with what is missing above it; one that exists keeps its mode."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):  # `parents=True` would give those above the mode of the umask
        folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    return path


@contextmanager
def whole_file(path: Path, *, durable: bool = False) -> Iterator[Path]:
    """The draft to write to, beside `path`; it takes the place of `path` at the end, and goes when there is an error.
    The folder is made when it is not there; an error names `path`, not the draft.

    `durable`: it is on the disk before it takes its place, and so is its name.
    """
    make_folder(path.parent)
    _remove_left_behind(path)
    draft = _draft_of(path)
    try:
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE))
        yield draft
        if durable:
            _flush(draft)
        draft.replace(path)
    except BaseException as error:
        _name(error, draft, path)
        draft.unlink(missing_ok=True)
        raise
    if durable:
        _flush(path.parent)


@contextmanager
def whole_files(folder: Path) -> Iterator[Path]:
    """A draft folder beside `folder`; at the end its files take their places there, first written first. When there is
    an error, those that were there stay as they were.
    """
    make_folder(folder.parent)
    draft = _draft_of(folder)
    try:
        yield make_folder(draft)
        made = [path for path in draft.rglob("*") if path.is_file()]
        for path in sorted(made, key=lambda each: (each.stat().st_mtime_ns, each)):
            place = folder / path.relative_to(draft)
            make_folder(place.parent)
            path.replace(place)
    except OSError as error:
        _name(error, draft, folder)
        raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def write_atomically(path: Path, content: bytes, *, durable: bool = False) -> None:
    """Write all of `content`; the folder is made when it is not there."""
    with whole_file(path, durable=durable) as draft:
        draft.write_bytes(content)


def write_first(path: Path, content: bytes) -> bytes:
    """Write a private file that nobody has written yet; what it holds then. Of two processes one is first."""
    make_folder(path.parent)
    draft = _draft_of(path)
    try:
        draft.touch(mode=PRIVATE_FILE, exist_ok=False)
        draft.write_bytes(content)
        with suppress(FileExistsError):
            path.hardlink_to(draft)
    finally:
        draft.unlink(missing_ok=True)
    return path.read_bytes()


def _draft_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}")


def _name(error: BaseException, draft: Path, path: Path) -> None:
    """Nobody has heard of the draft that an error speaks of."""
    if isinstance(error, OSError) and isinstance(error.filename, str):
        error.filename = error.filename.replace(str(draft), str(path))


def _remove_left_behind(path: Path) -> None:
    """Drafts of `path` whose writers were killed."""
    oldest = (SystemClock().now() - _LEFT_BEHIND) / 1e6
    for draft in path.parent.glob(f".{escape(path.name)}.*-*"):
        with suppress(OSError):  # another process has removed it, or finished it
            if draft.stat().st_mtime < oldest:
                draft.unlink()


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
