from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.model.engine import build_engine
from services.model.interface import DeviceLost, Request
from services.model.stub import LOST_MARK, POISON_MARK
from shared.contract.events import MICRO
from shared.settings import ModelSettings


@given(st.lists(st.text(), min_size=1, max_size=10))
def test_answers_are_a_function_of_the_text_alone(texts: list[str]) -> None:
    engine = build_engine(ModelSettings(name="stub"))
    requests = [Request(text, (((0, 1),), ((1, 2), (3, 4)))) for text in texts]
    together = engine.score(requests)
    assert together == [engine.score([request])[0] for request in requests]
    for answer in together:
        for sentiment in (answer.document, *answer.companies):
            assert sentiment.negative + sentiment.neutral + sentiment.positive == MICRO
            assert min(sentiment.negative, sentiment.neutral, sentiment.positive) >= 0


def test_companies_of_one_text_differ() -> None:
    [answer] = build_engine(ModelSettings(name="stub")).score([Request("a", (((0, 1),), ((1, 2),)))])
    assert answer.companies[0] != answer.companies[1]


def test_poison_fails_the_whole_batch_each_time() -> None:
    engine = build_engine(ModelSettings(name="stub:poison"))
    assert engine.score([Request("fine")])
    for batch in ([Request("fine"), Request(f"x {POISON_MARK}")], [Request(POISON_MARK)]):
        with pytest.raises(ValueError, match="fail on"):
            engine.score(batch)
    assert build_engine(ModelSettings(name="stub")).score([Request(POISON_MARK)])


def test_lost_device() -> None:
    with pytest.raises(DeviceLost):
        build_engine(ModelSettings(name="stub:poison,lost")).score([Request(LOST_MARK)])


def test_unknown_option_is_named() -> None:
    with pytest.raises(ValueError, match="'quick' is not one of"):
        build_engine(ModelSettings(name="stub:quick"))


def test_the_model_id_is_what_it_was_while_the_catalogue_was_part_of_it() -> None:
    assert build_engine(ModelSettings(name="stub")).model_id == "794898648071e2f4"  # as integration/former_state has it


def test_the_stub_needs_no_torch() -> None:
    code = (
        "import sys; from services.model.engine import build_engine; from services.model.interface import Request; "
        "from shared.settings import ModelSettings; build_engine(ModelSettings(name='stub')).score([Request('x')]); "
        "sys.exit(bool({'torch', 'transformers', 'tokenizers'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
