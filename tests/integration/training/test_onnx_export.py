"""The exported graph is read by onnxruntime and says what torch says, for other texts than it was made with too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from services.model.opinion_model import OpinionModel
from services.training.checkpoints import load_opinion_model, save_opinion_model
from services.training.data.datasets import Company, Example
from services.training.data.encoding import encode
from services.training.shipping.onnx_export import export_onnx


def test_the_graph_says_what_the_model_says(tiny: tuple[OpinionModel, object], tmp_path: Path, labelled: Path) -> None:
    import onnxruntime

    save_opinion_model(*tiny, tmp_path / "tiny")
    found = export_onnx(str(tmp_path / "tiny"), tmp_path / "onnx", labelled, ("tfns_topic", "sentfin", "no such set"))
    assert set(found["accuracy_onnx"]) == {"tfns_topic", "sentfin"}
    assert found["points_lost"] == {"tfns_topic": 0.0, "sentfin": 0.0}
    assert found["largest_difference"] < 1e-4
    model, tokenizer = load_opinion_model(tmp_path / "tiny")
    examples = [
        Example("Norrefax rises", "", (Company(((0, 8),), 2),)),
        Example("weak results at Castrevo and Pelgrane today .", "", (Company(((16, 24),), 0), Company((), 0))),
        Example("the board", ""),
    ]
    inputs = encode(examples, tokenizer).inputs()
    session = onnxruntime.InferenceSession(found["file"], providers=["CPUExecutionProvider"])
    said = session.run(["company_sentiment", "text_embedding"], {name: t.numpy() for name, t in inputs.items()})
    with torch.inference_mode():
        expected = model(**inputs)
    assert np.allclose(said[0], expected.company_sentiment.numpy(), atol=1e-4)
    assert np.allclose(said[1], expected.embedding.numpy(), atol=1e-4)
    assert {path.name for path in (tmp_path / "onnx").iterdir()} >= {"model.onnx", "tokenizer.json", "answers.json"}
    assert found["megabytes"] == pytest.approx(
        sum(p.stat().st_size for p in (tmp_path / "onnx").glob("model.onnx*")) / 1e6
    )
