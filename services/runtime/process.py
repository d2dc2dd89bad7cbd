"""The life of a worker process: start, serve until told to stop or until something is lost, end with a code."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, NoReturn

import redis
import uvloop
from aiokafka.errors import KafkaError as BrokerError
from kafka.errors import KafkaError

from services.runtime.exits import ExitCode, WorkerStop, end_process
from services.runtime.faust_app import WorkerApp
from services.runtime.incurable import ending, judged

STOP_SECONDS = 10.0
START_SECONDS = 120.0
log = logging.getLogger(__name__)


async def serve(app: WorkerApp, stages: Coroutine[Any, Any, None]) -> WorkerStop:
    """Run `app` and, beside it, `stages` (which never returns), until a signal or a failure; returns how it ended."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, app.assignment.fail, WorkerStop(ExitCode.WELL, f"stopped by {number.name}"))
    try:
        async with asyncio.timeout(START_SECONDS):
            await app.start()
    except Exception as error:
        app.assignment.fail(ending(error, f"could not start: {error!r}"))
    work = loop.create_task(_guarded(app, stages))
    ended = await app.assignment.ended
    log.log(logging.INFO if ended.code is ExitCode.WELL else logging.ERROR, "%s (exit %d)", ended, ended.code)
    work.cancel()
    with suppress(asyncio.CancelledError):
        await work
    # not wait_for, which waits for what it cancels
    await asyncio.wait({loop.create_task(app.stop())}, timeout=STOP_SECONDS)
    return ended


async def together(*stages: Coroutine[Any, Any, None]) -> None:
    """Run stages side by side; the first that fails cancels the others, and its error is raised."""
    tasks = [asyncio.ensure_future(stage) for stage in stages]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _guarded(app: WorkerApp, stages: Coroutine[Any, Any, None]) -> None:
    try:
        await stages
    except WorkerStop as stop:
        app.assignment.fail(stop)
    except asyncio.CancelledError:
        raise
    except Exception as error:
        log.exception("a stage failed")
        app.assignment.fail(ending(error, f"{type(error).__name__}: {error}"))


def run_process(main: Callable[[], Coroutine[Any, Any, WorkerStop]]) -> NoReturn:
    """Run `main` on uvloop and end the process with its code, whatever threads and tasks of libraries still hang."""
    uvloop.run(_to_the_end(main))
    raise AssertionError("the process has ended")


async def _to_the_end(main: Callable[[], Coroutine[Any, Any, WorkerStop]]) -> NoReturn:
    """Ends the process inside the loop: to close one is to wait for every task, and a consumer of aiokafka that has
    lost its coordinator has some that do not end when they are cancelled.
    """
    try:
        ended = await main()
    except WorkerStop as stop:
        ended = judged(stop)
        log.error("%s (exit %d)", ended, ended.code)
    except (KafkaError, BrokerError, redis.RedisError) as error:  # lost while the worker was starting
        log.exception("could not start")
        ended = ending(error, f"could not start: {error}")
    end_process(ended)
