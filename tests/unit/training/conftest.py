"""A tiny opinion model with random weights, its tokenizer, and labelled files of texts written here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from services.model.opinion_model import OpinionModel

WORDS = [
    *("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"),
    *("norrefax", "castrevo", "pelgrane", "rises", "falls", "is", "flat", "not", "after", "strong", "weak", "results"),
    *("profit", "loss", "as", "http", "$", ".", "the", "company", "##s", "and", "board", "meets", "today"),
    *"abcdefghijklmnopqrstuvwxyz",
    *(f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"),
    *"0123456789",
]

SENTENCES = {
    "positive": [
        "Norrefax rises after strong results",
        "$CAS rises as profit rises",
        "strong profit at Pelgrane today",
    ],
    "negative": ["Norrefax falls after weak results", "$PEL falls as loss rises", "weak loss at Castrevo today"],
    "neutral": ["Norrefax is flat today", "the board meets today", "Castrevo is flat as the board meets"],
}


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Tiny tensors: a second thread only waits, and on a busy machine for long."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a tiny BERT encoder with its tokenizer."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordPiece
    from tokenizers.normalizers import BertNormalizer
    from tokenizers.pre_tokenizers import BertPreTokenizer
    from tokenizers.processors import TemplateProcessing
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("base")
    torch.manual_seed(5)
    config = BertConfig(
        vocab_size=len(WORDS), hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32
    )
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    tokenizer = Tokenizer(WordPiece({word: i for i, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.normalizer = BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", WORDS.index("[CLS]")), ("[SEP]", WORDS.index("[SEP]"))]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    ).save_pretrained(folder)
    return folder


@pytest.fixture
def tiny(base: Path) -> tuple[OpinionModel, object]:
    """A fresh tiny opinion model on the tiny encoder, and its tokenizer."""
    from services.training.checkpoints import new_model

    torch.manual_seed(6)
    return new_model(str(base))


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """A folder of labelled sets in the layout of the shared data; every text was written for this test."""
    tweets, topics, companies = (
        ["id,text,label,polarity,near_test"],
        ["id,text,label,near_test"],
        ["id,text,entity,label,polarity,near_test"],
    )
    for polarity, texts in SENTENCES.items():
        for number, text in enumerate(texts):
            tweets.append(f"t{polarity}{number},{text},{polarity},{polarity},0")
            topics.append(f"e{polarity}{number},{text} .,{'Dividend' if 'profit' in text else 'Politics'},0")
            name = next((n for n in ("Norrefax", "Castrevo", "Pelgrane") if n in text), "board")
            companies.append(f"c{polarity}{number},{text} and {name},{name},{polarity},{polarity},0")
    folder = tmp_path / "labelled"
    for name, lines in (("tfns_sentiment", tweets), ("tfns_topic", topics), ("sentfin", companies)):
        (folder / name).mkdir(parents=True)
        for split, suffix in (("train", ""), ("dev", " the company is not weak and not strong")):
            rows = [lines[0], *(_longer(line, suffix) for line in lines[1:])]
            (folder / name / f"{split}.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


def _longer(line: str, suffix: str) -> str:
    cells = line.split(",")
    cells[1] += suffix
    return ",".join(cells)
