"""What the engine answers on dev files is counted as training counts it."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.model.opinion_model import OpinionModel
from services.training.checkpoints import load_opinion_model, save_opinion_model
from services.training.measuring.devset import judge
from services.training.measuring.served_accuracy import serve
from services.training.shipping.shrinking import quantise_model

SETS = ("tfns_sentiment", "tfns_topic", "sentfin")


@pytest.fixture
def folder(tiny: tuple[OpinionModel, object], tmp_path: Path) -> Path:
    save_opinion_model(*tiny, tmp_path / "tiny")
    return tmp_path / "tiny"


def test_in_float32_the_engine_is_as_right_as_the_model(folder: Path, labelled: Path) -> None:
    served = serve(folder, "fp32", labelled, SETS)
    judged = judge(*load_opinion_model(folder), labelled, SETS)
    assert served is not None
    assert served.accuracy == {name: found.scores("all").accuracy for name, found in judged.items()}
    assert served.texts_per_s > 0


def test_where_the_kernel_does_not_fit_its_part_is_left_out(folder: Path, labelled: Path, tmp_path: Path) -> None:
    assert serve(folder, "int8", labelled, SETS) is None  # heads of 8: the kernel has none such
    found = quantise_model(str(folder), labelled, SETS, tmp_path / "eight")
    assert "engine" not in found
    assert found["points_lost"].keys() == set(SETS)
    again = judge(*load_opinion_model(tmp_path / "eight"), labelled, SETS)
    assert {name: item.scores("all").accuracy for name, item in again.items()}.keys() == set(SETS)
