"""A run takes another model only while no scoring worker lives, and the switch is written down with its offsets."""

from __future__ import annotations

import pytest
import redis

from services.runtime.binding import MODEL_ID, bind
from services.scoring.provenance.model_switch import SwitchError, switch, switches
from shared.clients.kafka import ensure_topics
from shared.contract.keys import run_key, worker_key
from shared.contract.topics import Topics
from shared.reading.values.binding import read_binding
from shared.settings import Settings

pytestmark = pytest.mark.kafka


@pytest.fixture
def client(redis_url: str) -> redis.Redis:
    return redis.Redis.from_url(redis_url)


def test_a_switch_is_recorded_with_its_offsets(settings: Settings, client: redis.Redis) -> None:
    ensure_topics(settings.kafka, Topics.of(settings).all())
    with pytest.raises(SwitchError, match="no model yet"):
        switch(settings, client)
    bind(client, settings.run, {MODEL_ID: "0" * 16})
    client.set(worker_key(settings.run, "scoring", "1"), b"{}")
    with pytest.raises(SwitchError, match="alive"):
        switch(settings, client)
    client.delete(worker_key(settings.run, "scoring", "1"))
    done = switch(settings, client)
    assert done["before"] == "0" * 16
    assert read_binding(client, settings.run)[MODEL_ID] == done["model_id"]
    assert len(done["offsets"]) == 8
    with pytest.raises(SwitchError, match="already"):
        switch(settings, client)
    client.hset(run_key(settings.run), MODEL_ID, "1" * 16)
    again = switch(settings, client)
    assert [entry["before"] for entry in switches(client, settings.run)] == ["0" * 16, "1" * 16]
    assert again["model_id"] == done["model_id"]
