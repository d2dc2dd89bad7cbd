"""Signals written through Redis are those of the store in memory, also when every batch is a new worker's."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import redis

from services.aggregation.core.apply import apply
from services.aggregation.signals.closing import Closer
from services.aggregation.signals.given import SLACK
from services.aggregation.stores.redis_store import RedisStore
from shared.contract.events import OpinionMessage
from shared.contract.keys import Keys
from shared.contract.signals import decode_revisions, decode_signal, encode_signal
from tests.unit.aggregation.opinions import TOPIC_ID
from tests.unit.aggregation.test_closing import (
    HOURLY,
    RULES,
    SLOW,
    STREAMS,
    broken_promises,
    given_out,
    interleaved,
    stream,
)


@pytest.mark.parametrize("made_of", [stream, broken_promises])
def test_redis_gives_out_the_same_signals(
    redis_url: str, run_name: str, made_of: Callable[[int, int, int], list[OpinionMessage]]
) -> None:
    records = interleaved([made_of(11, partition, 40) for partition in range(2)], 1)
    expected, _ = given_out(records, 23)
    made, keep = [], 2
    with redis.Redis.from_url(redis_url) as client:
        for first in range(0, len(records), 9):  # a worker that dies after every batch
            store = RedisStore(client, run_name, 1)
            closer = Closer(store, 0, (HOURLY, SLOW), STREAMS, RULES, keep)
            for part in closer.parts(records[first : first + 9]):
                closer.changed(apply(store, 0, TOPIC_ID, part, RULES))
                made.extend(closer.close())
        assert sorted(map(encode_signal, made)) == sorted(map(encode_signal, expected))
        keys = Keys(run_name, 1)
        latest = {name.decode(): decode_signal(raw) for name, raw in client.hgetall(keys.latest_signals(0)).items()}  # type: ignore[union-attr]
        for name, signal in latest.items():
            strategy, company = name.split("|")
            assert signal.at == max(s.at for s in expected if (s.strategy, s.company) == (strategy, company))
        history = client.hgetall(keys.signals("AAPL", "hourly"))
        kept = [s for raw in history.values() for s in decode_revisions(raw)]  # type: ignore[union-attr]
        own = [s for s in expected if (s.company, s.strategy) == ("AAPL", "hourly")]
        moments = sorted({s.at for s in own})
        assert len(moments) > keep + keep // SLACK >= len(history)  # type: ignore[arg-type]
        assert {s.at for s in kept} >= set(moments[-keep:])
        assert len(kept) == sum(s.at in {each.at for each in kept} for s in own)
        assert client.hlen(keys.outbox(0)) == len(expected)
