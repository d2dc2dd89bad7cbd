"""Weights in 8 bits: half the size, every reader reads them, and the int8 kernel loses nothing more."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from services.model.delta import weights_digest
from services.model.engine import build_engine
from services.model.interface import Request
from services.model.opinion_model import OpinionModel
from services.model.weights import (
    EIGHT_BIT_FILE,
    from_eight_bits,
    is_plain,
    read_weights,
    to_eight_bits,
    write_eight_bits,
)
from shared.settings import ModelSettings


@given(arrays(np.float32, (64, 64), elements=st.floats(-1000, 1000, width=32)))
def test_a_number_moves_by_half_a_step_of_its_row_at_most(values: np.ndarray) -> None:
    matrix = torch.from_numpy(values)
    again = from_eight_bits(to_eight_bits({"m": matrix}))["m"]
    step = (matrix.abs().amax(1) / 127).clamp(min=1e-12)
    assert bool(((again - matrix).abs() <= 0.5001 * step.unsqueeze(1)).all())
    assert torch.equal(from_eight_bits(to_eight_bits({"m": again}))["m"], again)


@pytest.fixture
def eight_bits(opinion_folder: Path, tmp_path: Path) -> Path:
    """The tiny model in 8 bits."""
    folder = Path(shutil.copytree(opinion_folder, tmp_path / "eight"))
    (folder / "model.safetensors").unlink()
    write_eight_bits(folder, read_weights(opinion_folder))
    return folder


def test_every_reader_reads_them(eight_bits: Path, opinion_folder: Path) -> None:
    assert not is_plain(eight_bits)
    assert is_plain(opinion_folder)
    whole = OpinionModel.from_pretrained(opinion_folder).state_dict()
    model = OpinionModel.from_pretrained(eight_bits)
    assert not model.training
    assert model.state_dict().keys() == whole.keys()
    for name, tensor in model.state_dict().items():
        assert torch.allclose(tensor, whole[name], atol=float(whole[name].abs().max()) / 100), name
    assert (eight_bits / EIGHT_BIT_FILE).stat().st_size < (opinion_folder / "model.safetensors").stat().st_size / 3
    assert len(weights_digest(eight_bits)) == 16


def test_the_engine_gives_nearly_the_same_answers(eight_bits: Path, opinion_folder: Path, kernel_cache: Path) -> None:
    request = Request("shell jumps as bp slides", (((0, 5),), ((15, 17),)))
    answers = []
    for folder in (eight_bits, opinion_folder):
        engine = build_engine(ModelSettings(name=str(folder), precision="int8"), kernel_cache)
        answers.append(engine.score([request])[0])
    few, many = answers
    assert few.model != many.model
    for one, other in zip((few.document, *few.companies), (many.document, *many.companies), strict=True):
        assert abs(one.positive - other.positive) < 30_000
