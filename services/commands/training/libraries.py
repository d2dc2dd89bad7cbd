"""How the commands of training keep torch and transformers quiet, and show what a run logs."""

from __future__ import annotations

import logging
import os


def quiet_libraries() -> None:
    """Keep the libraries' load reports and progress bars off the terminal, and waiting threads off the processor.

    A thread of torch's that waits for another one spins; on a machine that others use too, a step then costs five times
    the processor time (measured). It has to be said before torch is loaded.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from transformers.utils import logging as transformers_logging

    transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]


def log_to_stderr() -> None:
    """Show what a run logs, with times, on standard error."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
