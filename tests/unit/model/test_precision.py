from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from services.model.kernel.build import NoKernel
from services.model.precision import choose_precision
from services.model.tokenizing import Windows

PROBE = Windows(1, np.arange(64, dtype=np.int32), np.array([0, 64]))


class Spinning:
    """An encoder of a given cost whose answers are off by `shift`."""

    def __init__(self, precision: str, loops: int, shift: float = 0.0) -> None:
        self.precision, self.loops, self.shift, self.runs = precision, loops, shift, 0

    def states(self, windows: Windows) -> Any:
        self.runs += 1
        return sum(number for number in range(self.loops * len(windows.ids)))


def probabilities(encoder: Any) -> NDArray[np.float64]:
    return np.array([[0.2 + encoder.shift, 0.5 - encoder.shift, 0.3]])


def choose(folder: Path, **built: Any) -> Any:
    def builder(encoder: Any) -> Callable[[], Any]:
        def build() -> Any:
            if isinstance(encoder, Exception):
                raise encoder
            return encoder

        return build

    return choose_precision({name: builder(one) for name, one in built.items()}, PROBE, probabilities, "key", folder)


def test_the_fastest_that_agrees_is_taken_and_remembered(tmp_path: Path) -> None:
    slow, fast = Spinning("fp32", 3000), Spinning("int8", 10, shift=0.01)
    assert choose(tmp_path, fp32=slow, int8=fast) is fast
    [kept] = (tmp_path / "precisions").iterdir()
    assert json.loads(kept.read_text())["precision"] == "int8"
    slow.runs = fast.runs = 0
    assert choose(tmp_path, fp32=slow, int8=fast) is fast
    assert slow.runs == fast.runs == 0


def test_a_precision_that_moves_answers_is_not_taken(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    slow, wrong = Spinning("fp32", 3000), Spinning("int8", 10, shift=0.15)
    assert choose(tmp_path, fp32=slow, int8=wrong) is slow
    assert "moves probabilities by 0.1" in caplog.text


def test_what_is_not_there_is_said_and_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    slow = Spinning("fp32", 10)
    assert choose(tmp_path, fp32=slow, int8=NoKernel("no compiler")) is slow
    assert "no compiler" in caplog.text


def test_a_remembered_one_that_is_gone_is_measured_anew(tmp_path: Path) -> None:
    slow, fast = Spinning("fp32", 3000), Spinning("int8", 10)
    choose(tmp_path, fp32=slow, int8=fast)
    assert choose(tmp_path, fp32=slow, int8=NoKernel("gone")) is slow


def test_a_broken_memory_is_overwritten(tmp_path: Path) -> None:
    slow, fast = Spinning("fp32", 3000), Spinning("int8", 10)
    choose(tmp_path, fp32=slow, int8=fast)
    [kept] = (tmp_path / "precisions").iterdir()
    kept.write_text("{")
    assert choose(tmp_path, fp32=slow, int8=fast) is fast
    assert json.loads(kept.read_text())["precision"] == "int8"
