"""Where a run's curves go, with the real libraries."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from services.training.errors import DataError
from services.training.learning.trackers import build_tracker


def test_tensorboard_holds_what_was_written(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    tracker = build_tracker("tensorboard", tmp_path)
    for step in range(3):
        tracker.write({"loss": 1.0 / (step + 1)}, step)
    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    assert [event.value for event in events.Scalars("loss")] == pytest.approx([1.0, 0.5, 1 / 3])


def test_wandb_is_asked_for_where_it_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(DataError, match="pip install wandb"):
        build_tracker("wandb", tmp_path)


if find_spec("wandb") is not None:  # no part of an installation of ours: what is said without it, is tested above

    def test_wandb_records_offline_where_nobody_has_logged_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        import wandb

        monkeypatch.delenv("WANDB_API_KEY", raising=False)
        monkeypatch.setenv("WANDB_CONFIG_DIR", str(tmp_path / "config"))
        monkeypatch.setenv("HOME", str(tmp_path))  # no .netrc with a key
        tracker = build_tracker("wandb", tmp_path)
        tracker.write({"loss": 0.5}, 1)
        wandb.finish()
        assert list(tmp_path.glob("wandb/offline-run-*/run-*.wandb"))


def test_an_unknown_tracker_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="known are tensorboard, wandb, none"):
        build_tracker("paper", tmp_path)
