"""Tiny models with random weights and a real WordPiece tokenizer, made in the test's own folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

WORDS = """
shell jumps as bp slides profit beats loss widens apple falls rises on weak strong demand the a of and to bank oil price
target cut raised ceo resigns merger talks http 1 2 3 % . , $ ! ##s ##ing ##ed
""".split()  # noqa: SIM905


def _save_tokenizer(folder: Path) -> None:
    """A lower-casing WordPiece tokenizer over WORDS and single letters."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    letters = [chr(c) for c in range(ord("a"), ord("z") + 1)]
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *dict.fromkeys(WORDS + letters + [f"##{c}" for c in letters])]
    tokenizer = Tokenizer(models.WordPiece({t: i for i, t in enumerate(tokens)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))


BERT = {
    "vocab_size": 128,
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 128,
    "max_position_embeddings": 512,
}


@pytest.fixture(scope="session")
def kernel_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache for the whole session: the kernel is compiled once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def save_tokenizer() -> Callable[[Path], None]:
    """Writes the tiny tokenizer into a folder."""
    return _save_tokenizer


@pytest.fixture(scope="session")
def words() -> list[str]:
    """Words that the tiny tokenizer knows."""
    return WORDS


@pytest.fixture(scope="session")
def make_bert() -> Callable[..., Any]:
    """Makes a tiny BertModel with the same random weights each time; keywords change its configuration."""

    def make(**changes: Any) -> Any:
        import torch
        from transformers import BertConfig, BertModel

        torch.manual_seed(11)
        return BertModel(BertConfig(**(BERT | changes)), add_pooling_layer=False).eval()

    return make


@pytest.fixture(scope="session")
def opinion_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny OpinionModel whose weights are large enough that its answers differ."""
    import torch

    from services.model.opinion_model import OpinionConfig, OpinionModel

    folder = tmp_path_factory.mktemp("models") / "tiny-opinion"
    torch.manual_seed(7)
    model = OpinionModel(OpinionConfig(encoder=BERT))
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 2:
                parameter.mul_(4)
    model.save_pretrained(folder)
    _save_tokenizer(folder)
    return folder


@pytest.fixture(scope="session")
def classifier_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny BertForSequenceClassification whose labels come in an unusual order."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    folder = tmp_path_factory.mktemp("models") / "tiny-classifier"
    torch.manual_seed(7)
    labels = {0: "bullish", 1: "bearish", 2: "neutral"}
    model = BertForSequenceClassification(BertConfig(**BERT, id2label=labels, num_labels=3))
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 2:
                parameter.mul_(4)
    model.save_pretrained(folder)
    _save_tokenizer(folder)
    return folder
