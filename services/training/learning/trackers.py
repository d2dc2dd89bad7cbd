"""Where a run's curves go: TensorBoard by default, Weights & Biases if asked, or nowhere."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from services.training.errors import DataError

log = logging.getLogger(__name__)


class Tracker(Protocol):
    """Takes named numbers at a step."""

    def write(self, values: Mapping[str, float], step: int) -> None:
        """Record the values."""


class NoTracker:
    """Records nothing."""

    def write(self, values: Mapping[str, float], step: int) -> None:
        """Do nothing."""


class TensorBoardTracker:
    """Event files in the run's folder; ``tensorboard --logdir`` shows them."""

    def __init__(self, folder: Path) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise DataError("--report-to tensorboard needs the package tensorboard (or use --report-to none)") from None
        self._writer: Any = SummaryWriter(str(folder / "tensorboard"))

    def write(self, values: Mapping[str, float], step: int) -> None:
        """Add scalars."""
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)
        self._writer.flush()


class WandbTracker:
    """A Weights & Biases run; offline, in the run's folder, where nobody has logged in (``wandb sync`` sends it)."""

    def __init__(self, folder: Path) -> None:
        try:
            import wandb  # type: ignore[import-not-found,unused-ignore]
        except ImportError:
            raise DataError("--report-to wandb needs the package wandb: pip install wandb") from None
        where = {"project": "bellwether", "dir": str(folder), "name": folder.name}
        try:
            self._run: Any = wandb.init(**where)
        except wandb.errors.UsageError as error:  # no key, and no terminal to ask for one
            log.warning("Weights & Biases: %s The run is recorded offline, under %s.", error, folder)
            self._run = wandb.init(**where, mode="offline")
        except wandb.errors.CommError as error:
            raise DataError(f"--report-to wandb: {error} (WANDB_MODE=offline records without a network)") from None

    def write(self, values: Mapping[str, float], step: int) -> None:
        """Log the values."""
        self._run.log(dict(values), step=step)


_BUILDERS: dict[str, Callable[[Path], Tracker]] = {
    "tensorboard": TensorBoardTracker,
    "wandb": WandbTracker,
    "none": lambda _: NoTracker(),
}


def build_tracker(name: str, folder: Path) -> Tracker:
    """The tracker of a name. Raises DataError for an unknown one."""
    if name not in _BUILDERS:
        raise DataError(f"--report-to {name}: unknown; known are {', '.join(_BUILDERS)}")
    return _BUILDERS[name](folder)
