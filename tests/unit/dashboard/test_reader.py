"""Answers are kept for a moment, and the last good ones while Redis is away. No server is needed to see it away."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
import redis

from dashboard.reading import reader as reading
from dashboard.reading.reader import Reader, Unreachable, explain
from shared.settings import SettingsError, load_settings


@pytest.fixture
def closed(tmp_path: Path) -> Reader:
    """A reader of a Redis that is not there: a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return Reader(lambda: load_settings(tmp_path, redis={"url": f"redis://127.0.0.1:{port}/0"}))


def test_nothing_read_before_is_said_plainly(closed: Reader) -> None:
    with pytest.raises(Unreachable, match="bellwether up"):
        closed.read("newest", lambda run: run.newest(), 1)
    assert closed.problem


def test_an_answer_is_kept_for_its_age_and_version(closed: Reader) -> None:
    asked = []
    for version in ("a", "a", "b"):
        closed.read("key", lambda _: asked.append(1), 60, version)
    assert len(asked) == 2


def test_the_last_good_answer_stays_and_the_problem_ends(closed: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    assert closed.read("key", lambda _: "old", 0) == "old"
    assert closed.read("key", lambda run: run.newest() and "new", 0) == "old"
    assert "does not answer" in (closed.problem or "")
    monkeypatch.setattr(reading, "RETRY_SECONDS", 0.0)
    closed._retry_at = 0.0
    assert closed.read("key", lambda _: "new", 0) == "new"
    assert closed.problem is None


def test_memory_is_bounded(closed: Reader) -> None:
    for i in range(reading.KEEP_ANSWERS + 50):
        closed.read(i, lambda _: None, 60)
    assert len(closed._answers) == reading.KEEP_ANSWERS


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (redis.AuthenticationError("x"), "BELLWETHER_REDIS__PASSWORD"),
        (redis.BusyLoadingError("x"), "loading"),
        (redis.ConnectionError("secret"), "bellwether up"),
        (SettingsError("BELLWETHER_RUN: bad"), "BELLWETHER_RUN"),
        (redis.ResponseError("secret"), "log of the Redis server"),
    ],
)
def test_every_failure_has_a_remedy_and_no_detail(error: Exception, remedy: str) -> None:
    assert remedy in explain(error)
    assert "secret" not in explain(error)
