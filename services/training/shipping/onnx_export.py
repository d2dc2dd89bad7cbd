"""An opinion model as one ONNX graph: the arguments of ``OpinionModel.forward`` in, its four outputs out.

The embedding is called `text_embedding` there, and everything is float32: runtimes lack much of float64.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from services.model.folders import find_model
from services.model.opinion_model import SENTIMENTS, OpinionModel
from services.training.checkpoints import load_opinion_model
from services.training.data.datasets import UNLABELLED, Company, Example, load_examples
from services.training.data.encoding import encode
from services.training.errors import DataError
from services.training.measuring.devset import head_of

_CHECKED, _BATCH = 300, 8  # dev texts of a set that both are asked about, and how many at once
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


def export_onnx(name: str, out: Path, labelled: Path | None = None, sets: Sequence[str] = ()) -> dict[str, Any]:
    """Write ``out/model.onnx`` (float32), its tokenizer, and what its outputs mean (``answers.json``), and check it.

    Found are the largest difference of any output, texts a second of both, and, where there is a folder of labelled
    sets, the accuracy of both on the first texts of their dev files.
    """
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
    config = model.config
    meaning = {"sentiments": SENTIMENTS, "events": config.event_labels, "temperatures": config.temperatures}
    (out / "answers.json").write_text(json.dumps(meaning, indent=1) + "\n", encoding="utf-8")
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    feed = {key: inputs[key].numpy() for key in _INPUTS}
    with torch.inference_mode():
        expected = _Graph(model)(*(inputs[key] for key in _INPUTS))
        torch_rate = _rate(lambda: _Graph(model)(*(inputs[key] for key in _INPUTS)), len(_TEXTS))
    found = session.run(list(_OUTPUTS.values()), feed)
    difference = max(float(np.abs(a - b.numpy()).max()) for a, b in zip(found, expected, strict=True))
    accuracy: dict[str, tuple[float, float]] = {}
    if labelled is not None:
        for dev in (labelled / name / "dev.csv" for name in sets):
            if dev.is_file():
                examples = load_examples(labelled, dev.parent.name, "dev")
                accuracy[dev.parent.name] = _accuracies(_Graph(model), session, examples, tokenizer)
    return {
        "model": name,
        "file": str(path),
        "megabytes": sum(file.stat().st_size for file in out.glob("model.onnx*")) / 1e6,
        "largest_difference": difference,
        "accuracy_torch": {set_: both[0] for set_, both in accuracy.items()},
        "accuracy_onnx": {set_: both[1] for set_, both in accuracy.items()},
        "points_lost": {set_: 100 * (both[0] - both[1]) for set_, both in accuracy.items()},
        "texts_per_s_torch": torch_rate,
        "texts_per_s_onnx": _rate(lambda: session.run(None, feed), len(_TEXTS)),
    }


def _accuracies(graph: nn.Module, session: Any, examples: Sequence[Example], tokenizer: Any) -> tuple[float, float]:
    """Of torch and of the ONNX graph, under the head that the set is judged by."""
    examples = examples[:_CHECKED]
    head = head_of(examples)
    place = list(_OUTPUTS).index("event" if head == "event" else f"{head}_sentiment")
    right = np.zeros(2)
    total = 0
    for start in range(0, len(examples), _BATCH):
        batch = encode(examples[start : start + _BATCH], tokenizer)
        inputs = [batch.inputs()[key] for key in _INPUTS]
        if not len(inputs[-1]):  # the graph wants at least one company
            inputs[2:] = [torch.zeros(1, inputs[0].shape[1]), torch.zeros(1, dtype=torch.long)]
        with torch.inference_mode():
            ours = graph(*inputs)[place].numpy()
        theirs = session.run(
            [list(_OUTPUTS.values())[place]], dict(zip(_INPUTS, (t.numpy() for t in inputs), strict=True))
        )
        labels = getattr(batch, head).numpy()
        known = labels != UNLABELLED
        total += int(known.sum())
        for side, logits in enumerate((ours, theirs[0])):
            right[side] += (logits[: len(labels)].argmax(1) == labels)[known].sum()
    return float(right[0] / total), float(right[1] / total)


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
