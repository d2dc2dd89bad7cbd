"""No request that the API's description allows, and none that it forbids, gives a 5xx: schemathesis asks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error

from shared.clients.redis import connect
from shared.clock import ReplayClock, SystemClock
from shared.contract.keys import API_KEYS
from shared.reading.access import AccessKeys
from shared.settings import load_settings
from tests.api_server import served
from tests.browser.seed import END, listed, seed

AWAY = (503,)  # of what needs Kafka or a model, which this test has not: the answer is ours


@pytest.fixture(scope="module")
def schema(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[schemathesis.BaseSchema]:
    state = tmp_path_factory.mktemp("schema") / "state"
    api = {"rate": 1_000_000}
    chosen = load_settings(state, run="apischema", redis={"url": redis_url}, model={"name": "stub"}, api=api)
    with connect(chosen.redis) as client:
        client.delete(API_KEYS)
        key, _ = AccessKeys(client).create("schema", "admin", SystemClock().now())
        seed(client, listed(6), run="apischema", slots=4, volume=0.1)
        with served(chosen, ReplayClock(END)) as answering:
            headers = {"Authorization": f"Bearer {key}"}
            yield schemathesis.openapi.from_url(f"{answering.base_url}/v1/openapi.json", headers=headers)
        client.delete(API_KEYS)


asked = schemathesis.pytest.from_fixture("schema").exclude(path="/v1/stream")


@asked.parametrize()
@settings(
    max_examples=25,
    derandomize=True,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
def test_no_request_fails_the_server(case: schemathesis.Case, schema: schemathesis.BaseSchema) -> None:
    key = schema.config.headers if hasattr(schema.config, "headers") else {}
    answer = case.call(headers=dict(key or {}))
    if answer.status_code in AWAY:
        assert answer.headers["retry-after"][0] == "5"
        return
    not_a_server_error(None, answer, case)  # type: ignore[arg-type]
