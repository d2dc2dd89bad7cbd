"""What a run is bound to, on a real Redis: the first worker writes it, the others find it equal or are refused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from services.runtime.binding import CLUSTER, MODEL_ID, PRECISION, Cluster, bind
from services.runtime.exits import ExitCode, WorkerStop
from services.scoring.provenance.model_fields import in_precision_of
from shared.clients.kafka import TopicState
from shared.clock import ReplayClock
from shared.contract.keys import RUNS
from shared.reading.values.binding import read_binding
from shared.settings import ModelSettings

CLUSTER_NOW = Cluster("c1", {"opinions": TopicState("opinions", "t1", 8)})


@pytest.fixture
def client(redis_url: str) -> redis.Redis:
    return redis.Redis.from_url(redis_url)


def test_the_first_binds_and_the_next_adopts(client: redis.Redis, run_name: str) -> None:
    first = bind(client, run_name, CLUSTER_NOW.fields() | {MODEL_ID: "m1"}, ReplayClock(1))
    again = bind(client, run_name, CLUSTER_NOW.fields() | {MODEL_ID: "m1"}, ReplayClock(2))
    assert first == again == read_binding(client, run_name)
    assert first == {
        CLUSTER: "c1",
        "topic_id.opinions": "t1",
        "partitions.opinions": "8",
        MODEL_ID: "m1",
        "created_at": "1970-01-01T00:00:00.000001Z",
    }
    assert client.sismember(RUNS, run_name)


@pytest.mark.parametrize(
    ("field", "remedy"),
    [
        (CLUSTER, "bellwether reset"),
        (MODEL_ID, "bellwether model switch"),
        ("topic_id.opinions", "bellwether reset"),
        ("partitions.opinions", "bellwether topics resize"),
    ],
)
def test_what_differs_is_refused_with_the_command_and_nothing_is_written(
    client: redis.Redis, run_name: str, field: str, remedy: str
) -> None:
    fields = CLUSTER_NOW.fields() | {MODEL_ID: "m1"}
    held = bind(client, run_name, fields)
    with pytest.raises(WorkerStop, match=remedy) as stop:
        bind(client, run_name, fields | {field: "other", "later_field": "x"})
    assert stop.value.code is ExitCode.REFUSED
    assert read_binding(client, run_name) == held


def test_who_has_another_model_is_told_the_command_with_its_name(client: redis.Redis, run_name: str) -> None:
    bind(client, run_name, {MODEL_ID: "m1"})
    with pytest.raises(WorkerStop, match=r"model switch --model 'models/my own' && bellwether resume"):
        bind(client, run_name, {MODEL_ID: "m2"}, model="models/my own")


def test_of_workers_that_start_at_once_with_two_models_exactly_one_kind_goes_on(
    client: redis.Redis, run_name: str
) -> None:
    def start(number: int) -> str:
        model = f"m{number % 2}"
        try:
            bind(client, run_name, CLUSTER_NOW.fields() | {MODEL_ID: model})
        except WorkerStop:
            return ""
        return model

    with ThreadPoolExecutor(16) as threads:
        went_on = set(threads.map(start, range(64))) - {""}
    assert went_on == {read_binding(client, run_name)[MODEL_ID]}


def test_a_precision_left_to_the_machine_is_the_runs_own() -> None:
    auto = ModelSettings()
    assert in_precision_of(auto, {PRECISION: "bf16"}).precision == "bf16"
    assert in_precision_of(auto, {}).precision == "auto"
    assert in_precision_of(auto, {PRECISION: "stub"}).precision == "auto"
    assert in_precision_of(auto.model_copy(update={"precision": "int8"}), {PRECISION: "bf16"}).precision == "int8"


def test_a_redis_that_is_away_asks_to_be_started_again(run_name: str) -> None:
    with pytest.raises(WorkerStop) as stop:
        bind(redis.Redis(host="127.0.0.1", port=1), run_name, {CLUSTER: "c"})
    assert stop.value.code is ExitCode.RESTART
