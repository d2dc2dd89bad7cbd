"""What a scoring worker imports and reads before it does anything: once, by the process that others are forked from."""

from __future__ import annotations

import os
from pathlib import Path

from services.commands.operations import worker
from services.model import engine, stub  # noqa: F401
from services.scoring import main  # noqa: F401
from services.scoring.linking import linker  # noqa: F401
from shared.universe.securities import Catalogue

Catalogue.load()  # once a process, and inherited


def serve(state: Path, run: str, name: str) -> None:
    """`bellwether worker scoring --name NAME --state STATE --run RUN`, in this process."""
    os.setsid()  # for the kernel a service of its own, as anywhere else
    worker.scoring(name, state, run)
