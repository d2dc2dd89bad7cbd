"""POST score and explain with the shipped model: in the run's own precision, with words and their shares."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import redis

from services.api.scorer import Scorer
from services.api.wire.problems import Problem
from shared.contract.keys import run_key
from shared.settings import load_settings

TEXT = "Shell jumps as BP slides on refinery fire"


def answered(scorer: Scorer, *, explain: bool) -> dict[str, Any]:
    """The answer, once the model is loaded."""
    deadline = time.monotonic() + 200
    while True:
        try:
            return scorer.score([TEXT], explain=explain)[0]
        except Problem as problem:
            assert problem.status == 503 and time.monotonic() < deadline, problem


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_a_text_is_read_in_the_run_s_precision_and_explained(
    tmp_path: Path, redis_url: str, run_name: str, precision: str
) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.hset(run_key(run_name), mapping={"precision": precision})
    scorer = Scorer(load_settings(tmp_path / "state", run=run_name, redis={"url": redis_url}))
    found = answered(scorer, explain=True)
    assert scorer._engine is not None and scorer._engine.precision == precision
    by_company = {each["company"]: each for each in found["companies"]}
    assert by_company["SHEL"]["positive"] > 0.5 < by_company["BP"]["negative"]
    words = {each["word"]: each["share"] for each in found["explanation"]["companies"]["SHEL"]}
    assert max(words, key=lambda word: words[word]) == "jumps"
    assert answered(scorer, explain=False)["document"] == found["document"]
