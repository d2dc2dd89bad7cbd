"""An encoder that comes as ONNX: the folder that is written gives the graph's own states, or nothing is written."""

from __future__ import annotations

import warnings
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from transformers import AutoModel, AutoTokenizer

from services.training.errors import DataError
from services.training.importing.encoder import find_source, import_encoder

INPUTS = ["input_ids", "attention_mask", "token_type_ids"]


class _States(nn.Module):
    def __init__(self, bert: Any) -> None:
        super().__init__()
        self.bert = bert

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> Tensor:
        states: Tensor = self.bert(input_ids, attention_mask, token_type_ids).last_hidden_state
        return states


@pytest.fixture(scope="module")
def jar(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny encoder as a jar: a graph whose weights are transposed and nameless, and a tokenizer."""
    bert = AutoModel.from_pretrained(base, add_pooling_layer=False).eval()
    with torch.no_grad():
        for parameter in bert.parameters():  # an exporter merges equal weights, and zeros are equal
            parameter.add_(torch.randn_like(parameter) * 0.1)
    folder = tmp_path_factory.mktemp("jar")
    ids = torch.randint(5, 60, (2, 7))
    rows, tokens = torch.export.Dim("rows"), torch.export.Dim("tokens")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _States(bert), (ids, torch.ones_like(ids), torch.zeros_like(ids)), str(folder / "tiny.onnx"),
            input_names=INPUTS, dynamic_shapes=({0: rows, 1: tokens},) * 3, dynamo=True, external_data=False,
            verbose=False,
        )  # fmt: skip
    path = folder / "tiny.jar"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(folder / "tiny.onnx", "tiny.onnx")
        archive.write(base / "tokenizer.json", "tiny-tokenizer.json")
        archive.writestr("META-INF/MANIFEST.MF", "")
    return path


def test_the_imported_encoder_gives_the_states_of_the_graph(jar: Path, base: Path, tmp_path: Path) -> None:
    import onnxruntime

    found = import_encoder(jar, tmp_path / "out")
    assert (found.layers, found.hidden, found.heads) == (2, 16, 2)
    assert found.largest_difference < 1e-4
    model = AutoModel.from_pretrained(tmp_path / "out", add_pooling_layer=False).eval()
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "out")
    inputs = tokenizer(
        ["Norrefax RISES", "weak loss at"], padding=True, return_token_type_ids=True, return_tensors="pt"
    )
    assert (
        inputs["input_ids"].tolist()
        == AutoTokenizer.from_pretrained(base)(["Norrefax RISES", "weak loss at"], padding=True)["input_ids"]
    )
    session = onnxruntime.InferenceSession(jar.with_name("tiny.onnx"), providers=["CPUExecutionProvider"])
    [expected] = session.run(None, {name: inputs[name].numpy() for name in INPUTS})
    with torch.inference_mode():
        states = model(**inputs).last_hidden_state
    keep = inputs["attention_mask"].bool()
    assert torch.allclose(states[keep], torch.from_numpy(expected)[keep], atol=1e-4)


def test_the_lowest_layers_alone(jar: Path, tmp_path: Path) -> None:
    assert import_encoder(jar, tmp_path / "one", 1).layers == 1
    assert import_encoder(jar, tmp_path / "two").layers == 2
    one, two = (AutoModel.from_pretrained(tmp_path / name, add_pooling_layer=False) for name in ("one", "two"))
    names = set(one.state_dict())
    assert names < set(two.state_dict())
    assert all(torch.equal(one.state_dict()[name], two.state_dict()[name]) for name in names)
    with pytest.raises(DataError, match="--layers 3: the encoder has 2"):
        import_encoder(jar, tmp_path / "three", 3)


def test_a_graph_with_other_states_is_refused(jar: Path, tmp_path: Path) -> None:
    import onnx

    model = onnx.load(jar.with_name("tiny.onnx"))
    last = [node for node in model.graph.node if node.op_type in ("Gelu", "Erf")][-1]
    last.op_type = "Relu"
    del last.attribute[:]
    onnx.save(model, tmp_path / "other.onnx")
    with zipfile.ZipFile(jar) as archive:
        (tmp_path / "tokenizer.json").write_bytes(archive.read("tiny-tokenizer.json"))
    with pytest.raises(DataError, match="not a BERT encoder with gelu"):
        import_encoder(tmp_path / "other.onnx", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_is_no_encoder_is_named(tmp_path: Path) -> None:
    assert find_source("some/file.jar") == Path("some/file.jar")
    with pytest.raises(DataError, match="no such file"):
        import_encoder(tmp_path / "absent.jar", tmp_path / "out")
    empty = tmp_path / "empty.jar"
    with zipfile.ZipFile(empty, "w") as archive:
        archive.writestr("README", "nothing")
    with pytest.raises(DataError, match=r"has 0 files that end in \.onnx"):
        import_encoder(empty, tmp_path / "out")
