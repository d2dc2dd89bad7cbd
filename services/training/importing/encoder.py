"""A BERT-type encoder out of an ONNX file or a SavedModel: some public ones are packaged only so (on Maven Central).

Exporters keep the names of biases and embeddings and lose those of transposed weights, so a weight is found by what
the graph does with it: a product whose sum with ``X.bias`` follows has ``X.weight``. Nothing is believed: an encoder
that is written out of a graph has been run beside it, and its states were the same (a SavedModel: `saved_model.py`).
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from transformers import BertModel, PreTrainedTokenizerFast

from services.training.errors import DataError
from services.training.importing.archive import read_member
from services.training.importing.bert_sizes import config_of
from services.training.importing.saved_model import INDEX, Weights, find_saved_model, read_bert

LARGEST_DIFFERENCE = 1e-4
_PROBE = (
    "Shares of the bank jump after profit beats expectations, 12.5% above last year",
    "这家银行第三季度利润增长 7% 股价上涨",
    "the",
)
_COORDINATES = re.compile(r"[\w.-]+:[\w.-]+:[\w.-]+")
_HEAD_WIDTHS = (64, 32, 128, 16, 8)


@dataclass(frozen=True)
class Imported:
    """What was written: layers, width, attention heads, vocabulary, and the largest difference of any state.

    A SavedModel is not run, so there None; its own masked-word head proves it (`saved_model.py`).
    """

    layers: int
    hidden: int
    heads: int
    vocabulary: int
    largest_difference: float | None


def import_encoder(source: Path, out: Path, layers: int | None = None) -> Imported:
    """Write the encoder of an ``.onnx`` file, or of a jar or zip with one or with a SavedModel, as a folder that
    transformers reads.

    ``layers`` keeps the lowest ones only, once the whole is known to be right. The tokenizer is the
    ``*tokenizer.json`` beside the graph, or made of the SavedModel's ``vocab.txt``; it folds case when its vocabulary
    has no capitals. Raises DataError when there is not exactly one of each, the graph is no BERT, or torch's states
    differ from the graph's.
    """
    if source.is_file() and zipfile.is_zipfile(source) and (archive := find_saved_model(source)):
        whole, words = read_bert(archive, source)
        return _written(whole.bert, words, out, layers, None)
    try:
        import onnx
    except ImportError:
        raise DataError("train import-encoder needs the packages onnx and onnxruntime: pip install them") from None
    graph_bytes, tokenizer_json = read_source(source)
    weights = named_weights(onnx.load_from_string(graph_bytes).graph)
    tokenizer = _tokenizer(tokenizer_json)
    probe: Any = tokenizer(list(_PROBE), padding=True, return_token_type_ids=True, return_tensors="pt")
    expected = _graph_states(graph_bytes, {name: tensor.numpy() for name, tensor in probe.items()})
    keep = probe["attention_mask"].bool()
    best: tuple[float, BertModel] | None = None
    for heads in _possible_heads(weights):
        model = _model(weights, heads)
        with torch.inference_mode():
            states = model(**probe).last_hidden_state
        difference = float((states - torch.from_numpy(expected))[keep].abs().max())
        if best is None or difference < best[0]:
            best = difference, model
    if best is None or best[0] > LARGEST_DIFFERENCE:
        found = "no number of attention heads fits" if best is None else f"its states differ by {best[0]:.2g}"
        raise DataError(f"{source}: not a BERT encoder with gelu ({found})")
    difference, model = best
    return _written(model, tokenizer, out, layers, difference)


def _written(model: BertModel, tokenizer: Any, out: Path, layers: int | None, difference: float | None) -> Imported:
    if layers is not None:
        if not 0 < layers <= len(model.encoder.layer):
            raise DataError(f"--layers {layers}: the encoder has {len(model.encoder.layer)}")
        model.encoder.layer = model.encoder.layer[:layers]
        model.config.num_hidden_layers = layers
    out.mkdir(parents=True, exist_ok=True)
    nn.Module.float(model).save_pretrained(out)
    tokenizer.save_pretrained(out)
    config = model.config
    return Imported(
        config.num_hidden_layers, config.hidden_size, config.num_attention_heads, config.vocab_size, difference
    )


def find_source(source: str) -> Path:
    """A path as it is; Maven's GROUP:ARTIFACT:VERSION as the jar, fetched into Maven's own cache when absent."""
    if not _COORDINATES.fullmatch(source):
        return Path(source)
    from jgo.maven import MavenContext
    from jgo.parse import Endpoint

    context: Any = MavenContext(timeout=60)
    try:
        coordinate = replace(Endpoint.parse(source).coordinates[0], scope="compile")
        return Path(context.create_dependency(coordinate).artifact.resolve())
    except Exception as error:  # jgo raises what requests, its parser or its resolver raise
        raise DataError(f"{source}: not to be had from Maven ({type(error).__name__}: {error})") from None


def read_source(source: Path) -> tuple[bytes, str]:
    """The graph, and the tokenizer's JSON: from a jar or zip, or from the folder of an ``.onnx`` file."""
    if not source.is_file():
        raise DataError(f"{source}: no such file")
    if zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as archive:
            names = archive.namelist()
            graph = read_member(archive, _one(source, names, ".onnx"), source)
            return graph, read_member(archive, _one(source, names, "tokenizer.json"), source).decode("utf-8")
    if source.suffix != ".onnx":
        raise DataError(f"{source}: neither an .onnx file nor a jar or zip that holds one")
    beside = [path.name for path in source.parent.iterdir()]
    tokenizer = source.parent / _one(source.parent, beside, "tokenizer.json")
    return source.read_bytes(), tokenizer.read_text(encoding="utf-8")


def named_weights(graph: Any) -> Weights:
    """The graph's weights by transformers' names for a BertModel, without a prefix, as torch holds them.

    ``graph`` is an onnx GraphProto. Weights that the graph keeps in its nodes (constants) are found too.
    """
    from onnx import numpy_helper

    arrays = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    makers = {}
    for node in graph.node:
        makers.update(dict.fromkeys(node.output, node))
        if node.op_type == "Constant":
            arrays[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
    found = {name: array for name, array in arrays.items() if array.dtype == np.float32 and _is_named(name)}
    for node in graph.node:
        for bias, product in _sums(node, makers):
            if bias in arrays and bias.endswith(".bias"):
                weight = _factor(product, arrays, makers)
                if weight is not None:
                    found[bias.removesuffix("bias") + "weight"] = weight
    return {_plain(name): np.ascontiguousarray(array) for name, array in found.items()}


def _sums(node: Any, makers: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """(name of a summand, the product that it is added to)."""
    if node.op_type == "Add":
        for bias, other in (tuple(node.input), tuple(reversed(node.input))):
            product = makers.get(other)
            if product is not None and product.op_type in ("MatMul", "Gemm"):
                yield bias, product
    elif node.op_type == "Gemm" and len(node.input) == 3:
        yield node.input[2], node


def _factor(product: Any, arrays: dict[str, Any], makers: dict[str, Any]) -> NDArray[np.float32] | None:
    """The constant factor of a product, as torch stores it: [out, in]."""
    name = product.input[1]
    transposed = any(item.name == "transB" and item.i for item in product.attribute)
    maker = makers.get(name)
    if name not in arrays and maker is not None and maker.op_type == "Transpose":
        name, transposed = maker.input[0], True
    if name not in arrays:
        return None
    array: NDArray[np.float32] = arrays[name].astype(np.float32)
    return array if transposed else array.T


def _is_named(name: str) -> bool:
    return "." in name and ("LayerNorm" in name or "embeddings" in name or name.endswith(".bias"))


def _plain(name: str) -> str:
    """Without what stands before ``embeddings.`` or ``encoder.layer.``."""
    for start in ("embeddings.", "encoder.layer."):
        if start in name:
            return name[name.index(start) :]
    return name


def _one(place: Path, names: list[str], ending: str) -> str:
    fitting = [name for name in names if name.endswith(ending)]
    if len(fitting) != 1:
        raise DataError(
            f"{place}: has {len(fitting)} files that end in {ending}, expected one (nor is it a SavedModel, which has"
            f" {INDEX} at its top)"
        )
    return fitting[0]


def _tokenizer(content: str) -> PreTrainedTokenizerFast:
    from tokenizers import Tokenizer

    backend = Tokenizer.from_str(content)
    if not any("A" <= letter <= "Z" for word in backend.get_vocab() if word[:1] not in "[<" for letter in word):
        backend.normalizer.lowercase = True  # else every word with a capital is unknown
    special = {"unk": "[UNK]", "sep": "[SEP]", "pad": "[PAD]", "cls": "[CLS]", "mask": "[MASK]"}
    names = {f"{kind}_token": token for kind, token in special.items()}
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=backend, model_max_length=512, **names
    )


def _possible_heads(weights: Weights) -> list[int]:
    hidden = weights["embeddings.LayerNorm.bias"].shape[0] if "embeddings.LayerNorm.bias" in weights else 0
    return [hidden // width for width in _HEAD_WIDTHS if hidden and hidden % width == 0]


def _model(weights: Weights, heads: int) -> BertModel:
    config = config_of(weights)
    if config is None:
        raise DataError("the graph has no weights by the names of a BERT encoder")
    config.num_attention_heads = heads
    model = BertModel(config, add_pooling_layer=False)  # type: ignore[no-untyped-call]
    state = {name: torch.from_numpy(weights[name].astype(np.float32)) for name in model.state_dict() if name in weights}
    missing = sorted(set(model.state_dict()) - set(state))
    if missing:
        raise DataError(f"the graph lacks {missing[0]} and {len(missing) - 1} more weights of a BERT encoder")
    model.load_state_dict(state)
    return nn.Module.eval(model)


def _graph_states(graph: bytes, inputs: dict[str, Any]) -> NDArray[np.float32]:
    import onnxruntime

    session = onnxruntime.InferenceSession(io.BytesIO(graph).getvalue(), providers=["CPUExecutionProvider"])
    known = {item.name for item in session.get_inputs()}
    found: NDArray[np.float32] = session.run(None, {k: v for k, v in inputs.items() if k in known})[0]
    return found
