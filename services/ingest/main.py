"""The process of one ingest worker: signals in, an exit code out."""

from __future__ import annotations

import logging
import signal
from typing import NoReturn

from services.ingest.worker import IngestWorker
from services.runtime.exits import ExitCode, end_process
from shared.settings import Settings

log = logging.getLogger(__name__)


def run_worker(settings: Settings, name: str) -> NoReturn:
    """`bellwether worker ingest`: run until told to stop, then end the process with an exit code."""
    worker = IngestWorker(settings, name)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop.set())
    ended = worker.run()
    log.log(logging.INFO if ended.code is ExitCode.WELL else logging.ERROR, "%s (exit %d)", ended, ended.code)
    end_process(ended)
