"""Language packs: each document is read by the model of its language, alone, in order, and says which model it was."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.model.engine import build_engine
from services.model.folders import ModelError
from services.model.interface import Answer, DeviceLost, Engine, Request
from services.model.packs import LanguageEngine, Pack, language_of, reader_of
from services.model.stub import StubEngine
from shared.settings import ModelSettings


class _Other(StubEngine):
    """A stub with an id of its own, which only ever sees Chinese."""

    def __init__(self) -> None:
        super().__init__("stub")
        self.model_id = "0123456789abcdef"

    def encode(self, requests: Sequence[Request]) -> list[Request]:
        assert all(language_of(request) == "zh" for request in requests)
        return super().encode(requests)


REQUESTS = (
    Request("profit rises", language="en"),
    Request("利润增长", language="zh"),
    Request("利润增长"),
    Request("利益が増えた。増益"),
    Request("the word 利 in a long English sentence about shares", language="und"),
    Request("profit", language="zh"),
    Request(""),
)


@pytest.mark.parametrize(
    ("request_", "language"), list(zip(REQUESTS, ["en", "zh", "zh", "", "", "zh", ""], strict=True))
)
def test_a_language_is_the_one_said_or_chinese_by_its_script(request_: Request, language: str) -> None:
    assert language_of(request_) == language


@given(st.lists(st.sampled_from(REQUESTS), max_size=12))
def test_answers_come_in_order_and_name_their_model(requests: list[Request]) -> None:
    main, pack = StubEngine("stub"), _Other()
    engine: Engine = LanguageEngine(main, {"zh": Pack(pack.model_id, lambda: pack)})
    answers = engine.score(requests)
    expected: list[Answer] = []
    for request in requests:
        reader = pack if language_of(request) == "zh" else main
        expected += reader.score([request])
        assert reader_of(engine, request) == reader.model_id
    assert answers == expected
    assert [answer.model for answer in answers] == [reader_of(engine, request) for request in requests]


def test_a_pack_loads_once_and_only_when_needed() -> None:
    loaded = []

    def load() -> Engine:
        loaded.append(1)
        return _Other()

    engine = LanguageEngine(StubEngine("stub"), {"zh": Pack(_Other().model_id, load)})
    engine.score([Request("profit")])
    assert loaded == []
    engine.score([Request("利润增长")] * 3)
    engine.score([Request("利润增长")])
    assert loaded == [1]


def test_a_pack_that_does_not_load_is_no_documents_fault() -> None:
    def broken() -> Engine:
        raise ModelError("gone")

    for load in (broken, lambda: StubEngine("stub")):
        engine = LanguageEngine(StubEngine("stub"), {"zh": Pack("ffff", load)})
        with pytest.raises(DeviceLost, match="language pack"):
            engine.score([Request("利润增长")])


def test_built_from_settings_the_pack_has_the_main_models_precision(
    opinion_folder: Path, kernel_cache: Path, tmp_path: Path
) -> None:
    other = Path(shutil.copytree(opinion_folder, tmp_path / "other"))
    config = json.loads((other / "config.json").read_text())
    config["temperatures"] = {"document": 3.0, "company": 3.0, "event": 3.0}
    (other / "config.json").write_text(json.dumps(config))
    settings = ModelSettings(name=str(opinion_folder), precision="int8", packs={"zh": str(other)})
    engine = build_engine(settings, kernel_cache)
    alone = build_engine(settings.model_copy(update={"name": str(other), "packs": {}}), kernel_cache)
    english, chinese = engine.score([Request("profit rises", language="en"), Request("profit rises", language="zh")])
    assert engine.packs == {"zh": alone.model_id} == {"zh": chinese.model}
    assert english.model == engine.model_id != alone.model_id
    assert [chinese] == alone.score([Request("profit rises")])
    none = build_engine(settings.model_copy(update={"packs": {"zh": ""}}), kernel_cache)
    assert none.packs == {}
    with pytest.raises(ModelError, match="not a folder, not a name under"):
        build_engine(settings.model_copy(update={"packs": {"zh": "bellwether-absent"}}), kernel_cache)
