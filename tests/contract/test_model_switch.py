"""A run takes another model only while no scoring worker lives, and the switch is written down with its offsets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import redis

from services.model.interface import Engine
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
    with pytest.raises(SwitchError, match=r"no model yet.*BELLWETHER_MODEL__NAME=\S+ bellwether up --run"):
        switch(settings, client)
    bind(client, settings.run, {MODEL_ID: "0" * 16})
    client.set(worker_key(settings.run, "scoring", "1"), b"{}")
    with pytest.raises(SwitchError, match=r"alive.*bellwether down.*bellwether model switch --model"):
        switch(settings, client)
    client.delete(worker_key(settings.run, "scoring", "1"))
    done = switch(settings, client)
    assert done["before"] == "0" * 16
    assert read_binding(client, settings.run)[MODEL_ID] == done["model_id"]
    assert len(done["offsets"]) == 8
    with pytest.raises(SwitchError, match=r"already.*bellwether resume"):
        switch(settings, client)
    client.hset(run_key(settings.run), MODEL_ID, "1" * 16)
    again = switch(settings, client)
    assert [entry["before"] for entry in switches(client, settings.run)] == ["0" * 16, "1" * 16]
    assert again["model_id"] == done["model_id"]


def test_workers_stand_aside_for_the_switch_and_not_for_the_comparison(settings: Settings, client: redis.Redis) -> None:
    ensure_topics(settings.kafka, Topics.of(settings).all())
    bind(client, settings.run, {MODEL_ID: "0" * 16})
    worker, steps = worker_key(settings.run, "scoring", "1"), []
    client.set(worker, b"{}")

    @contextmanager
    def pausing() -> Iterator[None]:
        steps.append("stopped")
        client.delete(worker)  # as a worker does that is told to stop
        yield
        steps.append("started")

    switch(settings, client, lambda _before, _after: steps.append("compared"), pausing)
    assert steps == ["compared", "stopped", "started"]
    client.hset(run_key(settings.run), MODEL_ID, "1" * 16)

    def refuse(_before: str, _after: Engine) -> None:
        raise RuntimeError("worse")

    with pytest.raises(RuntimeError, match="worse"):
        switch(settings, client, refuse, pausing)
    assert len(steps) == 3
    assert read_binding(client, settings.run)[MODEL_ID] == "1" * 16
