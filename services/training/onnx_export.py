"""An opinion model as one ONNX graph: the arguments of ``OpinionModel.forward`` in, its four outputs out.

The embedding is called `text_embedding` there, and everything is float32: runtimes lack much of float64.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from services.model.folders import find_model
from services.model.opinion_model import OpinionModel
from services.training.checkpoints import load_opinion_model
from services.training.datasets import Company, Example
from services.training.encoding import encode
from services.training.errors import DataError

_INPUTS = ["input_ids", "attention_mask", "mention_mask", "mention_row"]
# the exporter calls the lookup of word vectors "embedding", and a name may stand once in a graph
_OUTPUTS = {
    "document_sentiment": "document_sentiment",
    "company_sentiment": "company_sentiment",
    "event": "event",
    "embedding": "text_embedding",
}
_TEXTS = (
    ("Norrefax jumps after raising its forecast while Castrevo slides", (("Norrefax", 2), ("Castrevo", 0))),
    ("Shares of Pelgrane Energy were little changed on Tuesday", (("Pelgrane Energy", 1),)),
)


class _Graph(nn.Module):
    def __init__(self, model: OpinionModel) -> None:
        super().__init__()
        self.model = model
        self.model.exact = False

    def forward(self, input_ids: Tensor, attention_mask: Tensor, mention_mask: Tensor, mention_row: Tensor) -> Any:
        output = self.model(input_ids, attention_mask, mention_mask, mention_row)
        return tuple(output[name] for name in _OUTPUTS)


def export_onnx(name: str, out: Path) -> dict[str, Any]:
    """Write ``out/model.onnx`` (float32) and check it: largest difference of any output, texts per second of both."""
    try:
        import onnxruntime
    except ImportError:
        raise DataError("train export needs the packages onnx, onnxscript and onnxruntime: pip install them") from None
    model, tokenizer = load_opinion_model(find_model(name))
    nn.Module.eval(model)
    inputs = encode(_examples(), tokenizer).inputs()
    out.mkdir(parents=True, exist_ok=True)
    path = out / "model.onnx"
    _export(_Graph(model), inputs, path)
    tokenizer.save_pretrained(out)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    feed = {key: inputs[key].numpy() for key in _INPUTS}
    with torch.inference_mode():
        expected = _Graph(model)(*(inputs[key] for key in _INPUTS))
        torch_rate = _rate(lambda: _Graph(model)(*(inputs[key] for key in _INPUTS)), len(_TEXTS))
    found = session.run(list(_OUTPUTS.values()), feed)
    difference = max(float(np.abs(a - b.numpy()).max()) for a, b in zip(found, expected, strict=True))
    return {
        "model": name,
        "file": str(path),
        "megabytes": sum(file.stat().st_size for file in out.glob("model.onnx*")) / 1e6,
        "largest_difference": difference,
        "texts_per_s_torch": torch_rate,
        "texts_per_s_onnx": _rate(lambda: session.run(None, feed), len(_TEXTS)),
    }


def _export(graph: nn.Module, inputs: dict[str, Tensor], path: Path) -> None:
    rows, tokens, companies = (torch.export.Dim(name, min=1, max=4096) for name in ("rows", "tokens", "companies"))
    shapes = (
        {0: rows, 1: tokens},
        {0: rows, 1: tokens},
        {0: companies, 1: tokens},
        {0: companies},
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # axes of one length share one name, and the exporter says so for each
        torch.onnx.export(
            graph,
            tuple(inputs[key] for key in _INPUTS),
            str(path),
            input_names=_INPUTS,
            output_names=list(_OUTPUTS.values()),
            dynamic_shapes=shapes,
            dynamo=True,
            verbose=False,
        )


def _examples() -> list[Example]:
    examples = []
    for text, companies in _TEXTS:
        spans = [(text.index(name), text.index(name) + len(name), label) for name, label in companies]
        examples.append(Example(text, "", tuple(Company(((start, end),), label) for start, end, label in spans)))
    return examples


def _rate(call: Any, texts: int, repeats: int = 20) -> float:
    call()
    started = perf_counter()
    for _ in range(repeats):
        call()
    return texts * repeats / (perf_counter() - started)
