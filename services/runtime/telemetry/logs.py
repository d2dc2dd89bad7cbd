"""Logs of one process: JSON lines in STATE/logs/ROLE-NAME.jsonl, rolling, without secrets."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, SecretStr

from shared.addresses import scrubbed
from shared.clients.state_folder import StateFolder, make_folder
from shared.clock import SECOND, to_iso
from shared.traced import CURRENT

MAX_BYTES: Final = 10_000_000
KEPT_FILES: Final = 3
_QUIET: Final = ("kafka", "aiokafka", "faust", "mode", "urllib3", "httpx", "httpcore", "websockets", "asyncio")
_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """One JSON object a line: time (UTC), level, role, name, pid, logger, message, the id of the trace where there is
    one, and whatever `extra` gave."""

    def __init__(self, role: str, name: str, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        self._fixed = {"role": role, "name": name, "pid": os.getpid()}
        self._secrets = sorted({secret for secret in secrets if secret}, key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {"time": to_iso(int(record.created * SECOND)), "level": record.levelname}
        entry |= self._fixed | {"logger": record.name, "message": record.getMessage()}
        if trace := CURRENT.get():
            entry["trace"] = trace
        entry |= {key: value for key, value in vars(record).items() if key not in _STANDARD}
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return self._without_secrets(json.dumps(entry, default=str, ensure_ascii=False))

    def _without_secrets(self, line: str) -> str:
        for secret in self._secrets:
            line = line.replace(json.dumps(secret, ensure_ascii=False)[1:-1], "***")
        return scrubbed(line)


def configure(state: Path, role: str, name: str, level: str = "INFO", secrets: Iterable[str] = ()) -> Path:
    """Send this process's logs to STATE/logs/ROLE-NAME.jsonl and nowhere else; returns the file.

    `secrets` never reach it, nor do passwords and keys inside an address. Calling it again replaces the earlier set-up.
    """
    folder = make_folder(StateFolder(state).logs)
    file = folder / (f"{role}.jsonl" if name in ("", role) else f"{role}-{name}.jsonl")
    handler = RotatingFileHandler(file, maxBytes=MAX_BYTES, backupCount=KEPT_FILES, encoding="utf-8", delay=True)
    handler.setFormatter(JsonLines(role, name, secrets))
    root = logging.getLogger()
    for old in list(root.handlers):
        if isinstance(old.formatter, JsonLines):
            root.removeHandler(old)
            old.close()
    root.addHandler(handler)
    root.setLevel(level)
    for noisy in _QUIET:
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLevelName(level)))
    logging.getLogger("kafka.net.selector").setLevel(logging.ERROR)  # it warns whenever the machine is busy
    logging.captureWarnings(True)
    return file


def secrets_of(settings: BaseModel) -> list[str]:
    """Every secret value in the settings, for `configure`."""
    secrets: list[str] = []
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            secrets.append(value.get_secret_value())
        elif isinstance(value, BaseModel):
            secrets += secrets_of(value)
        elif isinstance(value, dict):
            secrets += [each.get_secret_value() for each in value.values() if isinstance(each, SecretStr)]
    return secrets
