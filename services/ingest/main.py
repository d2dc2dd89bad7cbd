"""The process of one ingest worker: signals in, an exit code out."""

from __future__ import annotations

import logging
import os
import signal
import sys
from typing import NoReturn

from services.ingest.worker import IngestWorker
from services.runtime.exits import ExitCode
from shared.settings import Settings

log = logging.getLogger(__name__)


def run_worker(settings: Settings, name: str) -> NoReturn:
    """`bellwether worker ingest`: run until told to stop, then end the process with an exit code."""
    worker = IngestWorker(settings, name)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop.set())
    ended = worker.run()
    log.log(logging.INFO if ended.code is ExitCode.WELL else logging.ERROR, "%s (exit %d)", ended, ended.code)
    if ended.code is not ExitCode.WELL:
        print(f"bellwether: {ended}", file=sys.stderr)  # noqa: T201
    logging.shutdown()
    sys.stderr.flush()
    os._exit(int(ended.code))  # whatever threads of libraries still hang
