"""The loaded engines on tiny random models: mapping of labels, mentions, windows, independence of neighbours."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from services.model.engine import build_engine
from services.model.folders import ModelError
from services.model.interface import Answer, Engine, Request
from services.model.kernel.build import compiler
from shared.contract.events import ROLES
from shared.settings import ModelSettings

torch.set_num_threads(1)


def texts(words: list[str], count: int, longest: int = 700) -> list[Request]:
    generator = random.Random(3)
    found = []
    for _ in range(count):
        chosen = generator.choices(words, k=int(generator.triangular(0, longest, 12)))
        text = " ".join(chosen)
        spans = tuple(((at, at + 5),) for at in (text.find("shell"), text.find("apple")) if at >= 0)
        found.append(Request(text, spans))
    return found


def engine_for(folder: Path, cache: Path, precision: str = "fp32", **settings: Any) -> Engine:
    given = {"name": str(folder), "device": "cpu", "precision": precision} | settings
    return build_engine(ModelSettings(**given), cache)


@pytest.mark.parametrize("precision", ["fp32", "bf16", "int8"])
@pytest.mark.parametrize("kind", ["opinion_folder", "classifier_folder"])
def test_an_answer_does_not_depend_on_its_neighbours(
    kind: str, precision: str, words: list[str], request: pytest.FixtureRequest, kernel_cache: Path
) -> None:
    if precision == "int8" and compiler() is None:
        pytest.skip("no C++ compiler on this machine")
    engine = engine_for(request.getfixturevalue(kind), kernel_cache, precision)
    assert (engine.precision, engine.invariant) == (precision, True)
    requests = texts(words, 40)
    together = engine.score(requests)
    assert [engine.score([one])[0] for one in requests] == together
    assert list(reversed(engine.score(list(reversed(requests))))) == together
    assert len({answer.document for answer in together}) > 20


def test_companies_of_one_text_get_their_own_answers(opinion_folder: Path, kernel_cache: Path) -> None:
    engine = engine_for(opinion_folder, kernel_cache)
    text = "shell jumps as bp slides"
    [answer] = engine.score([Request(text, (((0, 5),), ((15, 17),), ()))])
    assert len(set(answer.companies)) == 3
    assert answer.event
    assert answer.embedding is not None
    assert np.linalg.norm(answer.embedding) == pytest.approx(1, abs=1e-5)
    [moved] = engine.score([Request(text, (((15, 17),),))])
    assert moved.companies == answer.companies[1:2]


def test_opinions_are_what_the_model_says_itself(opinion_folder: Path, kernel_cache: Path) -> None:
    """The engine against OpinionModel.forward on one padded text: an independent way to the same numbers."""
    from services.model.opinion_model import OpinionModel
    from services.model.tokenizing import load_tokenizer

    engine = engine_for(opinion_folder, kernel_cache)
    text = "apple falls as shell jumps"
    [answer] = engine.score([Request(text, (((0, 5),), ((15, 20),)))])
    model = OpinionModel.from_pretrained(opinion_folder).eval()
    ids = torch.tensor([load_tokenizer(opinion_folder).encode(text).ids])
    mentions = torch.zeros((2, ids.shape[1]))
    mentions[0, 1] = mentions[1, 4] = 1
    with torch.inference_mode():
        said = model.probabilities(model(ids, torch.ones_like(ids), mentions, torch.zeros(2, dtype=torch.long)))
    for sentiment, expected in zip(
        (answer.document, *answer.companies), [*said.document.tolist(), *said.company.tolist()], strict=True
    ):
        got = (sentiment.negative, sentiment.neutral, sentiment.positive)
        assert got == pytest.approx([1e6 * value for value in expected], abs=5)
    assert answer.event_probability == pytest.approx(1e6 * float(said.event.max()), abs=5)


def test_heads_for_roles_and_rumours_answer_where_there_are_some(
    opinion_folder: Path, kernel_cache: Path, tmp_path: Path
) -> None:
    from services.model.opinion_model import OpinionConfig, OpinionModel
    from tests.unit.model.conftest import BERT

    torch.manual_seed(5)
    model = OpinionModel(OpinionConfig(encoder=BERT, role_labels=list(ROLES), rumour=True, second_event=0.02))
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 2:
                parameter.mul_(6)
    folder = shutil.copytree(opinion_folder, tmp_path / "heads")
    model.save_pretrained(folder)
    engine = engine_for(folder, kernel_cache)
    texts = ["shell jumps", "apple falls as shell jumps", "merger talks of bp and apple", "target price cut", "oil"]
    requests = [Request(text, (((0, 5),), ((0, len(text)),))) for text in texts]
    answers = engine.score(requests)
    assert [engine.score([request])[0] for request in requests] == answers  # no neighbour matters
    assert all(len(answer.roles) == 2 and set(answer.roles) <= set(ROLES) for answer in answers)
    assert all(isinstance(answer.rumour, bool) for answer in answers)
    for answer in answers:
        said = answer.events[1] if answer.events[1][1] >= 20_000 else ("", 0)
        assert (answer.second_event, answer.second_probability) == said
    assert any(answer.second_event for answer in answers)
    [plain] = engine_for(opinion_folder, kernel_cache).score(requests[:1])
    assert (plain.second_event, plain.roles, plain.rumour) == ("", (), None)
    settled = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(settled | {"role_labels": ["", "buyer"]}))
    with pytest.raises(ModelError, match="buyer"):
        engine_for(folder, kernel_cache)


def test_long_texts_are_read_in_windows_up_to_the_limit(opinion_folder: Path, kernel_cache: Path) -> None:
    engine = engine_for(opinion_folder, kernel_cache, window_tokens=16, max_windows=3)
    content = 14
    head = ["bank"] * (2 * content) + ["oil"] * (content - 1)

    def said(last: str, beyond: str = "") -> Answer:
        text = " ".join([*head, last, beyond])
        at = len(" ".join(head)) + 1
        return engine.score([Request(text, (((at, at + len(last)),),))])[0]

    assert said("shell") != said("apple")  # the last token of the last window counts
    assert said("shell", "falls falls") == said("shell")  # what follows does not


def test_the_classifier_maps_labels_and_ignores_spans(classifier_folder: Path, kernel_cache: Path) -> None:
    from transformers import BertForSequenceClassification

    from services.model.tokenizing import load_tokenizer

    engine = engine_for(classifier_folder, kernel_cache)
    text = "profit beats as demand rises"
    [answer] = engine.score([Request(text, (((0, 6),), ()))])
    ids = torch.tensor([load_tokenizer(classifier_folder).encode(text).ids])
    with torch.inference_mode():
        logits = BertForSequenceClassification.from_pretrained(classifier_folder).eval()(ids).logits[0]
    bullish, bearish, neutral = torch.softmax(logits, -1).tolist()
    document = answer.document
    assert (document.negative, document.neutral, document.positive) == pytest.approx(
        [bearish * 1e6, neutral * 1e6, bullish * 1e6], abs=5
    )
    assert answer.companies == (document, document)
    assert answer.event == ""


def test_odd_texts_have_answers(opinion_folder: Path, kernel_cache: Path) -> None:
    odd = ["", " ", "\ud800 half", "\u0000", "\U0001f680" * 400, "a" * 5000, "http://x.y/z", "株価が上昇"]
    requests = [Request(text, (((0, len(text)),), ((2, 2),), ((4990, 9999),))) for text in odd]
    answers = engine_for(opinion_folder, kernel_cache).score(requests)
    assert [len(answer.companies) for answer in answers] == [3] * len(odd)
    assert engine_for(opinion_folder, kernel_cache).score([]) == []


def test_the_model_id_follows_weights_and_precision(opinion_folder: Path, kernel_cache: Path, tmp_path: Path) -> None:
    first = engine_for(opinion_folder, kernel_cache)
    assert engine_for(opinion_folder, kernel_cache).model_id == first.model_id
    assert engine_for(opinion_folder, kernel_cache, precision="bf16").model_id != first.model_id
    shutil.copytree(opinion_folder, tmp_path / "other")
    other = tmp_path / "other" / "config.json"
    other.write_text(other.read_text() + "\n")
    assert build_engine(ModelSettings(name=str(other.parent)), kernel_cache).model_id != first.model_id
    assert first.invariant


def test_models_that_cannot_be_used_are_explained(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no-such-model"):
        build_engine(ModelSettings(name="no-such-model"))
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(ModelError, match=r"safetensors.*never loaded"):
        build_engine(ModelSettings(name=str(tmp_path)))
    (tmp_path / "model.safetensors").write_bytes(b"")
    with pytest.raises(ModelError, match="expected Bellwether's own model"):
        build_engine(ModelSettings(name=str(tmp_path)))
