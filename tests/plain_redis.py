"""A Redis as somebody else runs it: options of a test's choice, no password, nothing of ours."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from services.embedded.ports import free_port
from services.embedded.redis import find_redis
from tests.worker_process import wait_until


@contextmanager
def plain_redis(folder: Path, *options: str) -> Iterator[str]:
    """Its address while it runs; its data go to `folder`."""
    port = free_port()
    command = [find_redis().path, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), *options]
    with (folder / "plain-redis.log").open("ab") as out, subprocess.Popen(command, stdout=out, stderr=out) as process:
        url = f"redis://127.0.0.1:{port}/0"
        try:
            wait_until(lambda: _answers(url), 30, "a plain Redis answers")
            yield url
        finally:
            process.kill()


def _answers(url: str) -> bool:
    try:
        with redis.Redis.from_url(url) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False
