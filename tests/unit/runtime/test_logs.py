"""Log lines: JSON, rolling, without secrets."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.runtime.telemetry import logs
from shared.settings import load_settings


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    logging.captureWarnings(False)
    for handler in set(root.handlers) - set(handlers):
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_a_line_has_time_role_name_and_extra(tmp_path: Path) -> None:
    file = logs.configure(tmp_path, "scoring", "2")
    logging.getLogger("x").info("scored %d", 3, extra={"partition": 4})
    logging.getLogger("x").debug("not shown")
    (line,) = lines(file)
    assert file.name == "scoring-2.jsonl"
    assert line["time"].endswith("Z")
    assert {key: line[key] for key in ("role", "name", "level", "message", "partition")} == {
        "role": "scoring", "name": "2", "level": "INFO", "message": "scored 3", "partition": 4,
    }  # fmt: skip


def test_secrets_never_reach_the_file(tmp_path: Path) -> None:
    settings = load_settings(tmp_path, redis={"password": 'pa"ss'}, kafka={"sasl_password": "hunter2"})
    file = logs.configure(tmp_path, "ingest", "", secrets=logs.secrets_of(settings))
    logging.getLogger("x").warning('with pa"ss and hunter2 and redis://me:word@host/0', extra={"k": 'pa"ss'})
    try:
        raise ValueError("hunter2")
    except ValueError:
        logging.getLogger("x").exception("failed")
    text = file.read_text()
    for secret in ("hunter2", 'pa\\"ss', "me:word"):
        assert secret not in text
    assert len(lines(file)) == 2


def test_files_roll(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "MAX_BYTES", 2000)
    file = logs.configure(tmp_path, "scoring", "1")
    for number in range(200):
        logging.getLogger("x").info("line %d", number)
    assert file.stat().st_size <= 2000
    assert len(list(file.parent.iterdir())) == 1 + logs.KEPT_FILES
    assert lines(file)[-1]["message"] == "line 199"
