"""How a worker process ends, seen from outside."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from services.runtime.exits import ExitCode

_RUN = """
from services.runtime.process import run_process
from services.runtime.exits import ExitCode, WorkerStop
import aiokafka.errors, kafka.errors, redis
async def main():
    {body}
run_process(main)
"""


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ('raise kafka.errors.KafkaConnectionError("socket disconnected")', ExitCode.RESTART),
        ('raise aiokafka.errors.KafkaConnectionError("no broker")', ExitCode.RESTART),
        ('raise redis.ConnectionError("Connection closed by server.")', ExitCode.RESTART),
        ('raise WorkerStop(ExitCode.REFUSED, "another cluster")', ExitCode.REFUSED),
        ('return WorkerStop(ExitCode.WELL, "stopped")', ExitCode.WELL),
    ],
)
def test_what_is_lost_while_a_worker_starts_asks_for_a_new_start(body: str, code: ExitCode) -> None:
    command = [sys.executable, "-c", _RUN.format(body=body)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == code
    assert ("bellwether: " in done.stderr) == (code is not ExitCode.WELL)


def test_the_code_counts_where_nothing_can_be_written() -> None:
    body = 'raise WorkerStop(ExitCode.DEAD_LETTER_LIMIT, "too many dead letters")'
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([sys.executable, "-c", _RUN.format(body=body)], check=False, stderr=full, timeout=120)
    assert done.returncode == ExitCode.DEAD_LETTER_LIMIT


_DEAF = """
import asyncio
from services.runtime.process import run_process
from services.runtime.exits import ExitCode, WorkerStop

async def deaf():
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            pass

async def main():
    main.task = asyncio.create_task(deaf())
    await asyncio.sleep(0)
    {body} WorkerStop(ExitCode.RESTART, "Kafka is lost")

run_process(main)
"""


@pytest.mark.parametrize("body", ["return", "raise"])
def test_a_task_that_does_not_end_when_it_is_cancelled_holds_nobody_up(body: str) -> None:
    command = [sys.executable, "-c", _DEAF.replace("{body}", body)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == ExitCode.RESTART
    assert done.stderr.endswith("bellwether: Kafka is lost\n")
