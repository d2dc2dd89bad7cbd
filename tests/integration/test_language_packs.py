"""Chinese and English documents through the worker process with the shipped models: each read by its own."""

from __future__ import annotations

import pytest

from services.model.folders import shipped_models
from services.runtime.binding import PACKS
from services.runtime.exits import ExitCode
from shared.clients.redis import connect
from shared.contract.events import Opinion, decode_opinion
from shared.contract.keys import run_key
from shared.settings import Settings
from tests.integration.worker_process import count, document, make_topics, publish, records, running, wait_for

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.skipif(
        not (shipped_models() / "bellwether-zh" / "config.json").is_file(), reason="the Chinese model is not there"
    ),
]


def test_each_document_is_read_by_the_model_of_its_language(settings: Settings) -> None:
    model = settings.model.model_copy(update={"name": "bellwether-mini", "packs": {"zh": "bellwether-zh"}})
    settings = settings.model_copy(update={"model": model})
    topics = make_topics(settings)
    good, bad = "公司净利润大幅增长 股价创新高", "公司因违规被处罚 股价大跌 巨额亏损"
    documents = [
        document(0, "$AAPL beats estimates and raises its outlook", language="en"),
        document(1, good, language="zh"),
        document(2, bad, language="zh", companies=("000001.SZ",)),
        document(3, f"{good}。", language="und"),
    ]
    publish(settings, topics.documents("news"), documents)
    with running(settings) as worker:
        wait_for(lambda: count(settings, topics.opinions) >= len(documents), worker)
        assert worker.stop() == ExitCode.WELL
    found = {o.document_id: o for o in map(decode_opinion, (r.value for r in records(settings, topics.opinions)))
             if isinstance(o, Opinion)}  # fmt: skip
    english, rise, fall, unsaid = (found[each.id] for each in documents)
    bound = connect(settings.redis).hgetall(run_key(settings.run))
    assert bound[b"model_id"].decode() == english.model
    assert bound[PACKS.encode()].decode() == f"zh={rise.model}"
    assert {rise.model, fall.model, unsaid.model} == {rise.model} != {english.model}
    assert rise.positive > 500_000 < unsaid.positive
    assert fall.negative > 500_000
    assert fall.company == "000001.SZ"
