"""No request that the API's description allows gives an error of the server: schemathesis asks every route."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from services.api.admission.roles import TABLE, Rule
from shared.clients.redis import connect
from shared.clock import ReplayClock, SystemClock
from shared.contract.keys import API_KEYS
from shared.reading.readers.access import AccessKeys
from shared.settings import load_settings
from tests.api_server import served
from tests.browser.seed import END, listed, seed

STREAM = "/v1/stream"  # has no end; tests/contract/test_api_stream.py
OWN = "/v1/openapi.json"
ROUTES = [rule for rule in TABLE if rule.path not in (STREAM, OWN, "/mcp")]
EXAMPLES = 20  # a route and mode


class Asked(NamedTuple):
    schema: schemathesis.BaseSchema
    url: str
    key: str


@pytest.fixture(scope="module")
def asked(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    state = tmp_path_factory.mktemp("schema") / "state"
    api = {"rate": 1_000_000}
    chosen = load_settings(state, run="apischema", redis={"url": redis_url}, model={"name": "stub"}, api=api)
    with connect(chosen.redis) as client:
        client.delete(API_KEYS)
        key, _ = AccessKeys(client).create("schema", "admin", SystemClock().now())
        seed(client, listed(6), run="apischema", slots=4, volume=0.1)
        with served(chosen, ReplayClock(END)) as answering:
            told = {"Authorization": f"Bearer {key}"}
            described = answering.get(OWN, headers=told).json()
            # the first explanation loads libraries: seconds, of schemathesis' ten a request
            answering.post("/v1/explain", headers=told, json={"texts": ["Apple beats"]}, timeout=60)
            yield Asked(schemathesis.openapi.from_dict(described), str(answering.base_url), key)
        client.delete(API_KEYS)


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("rule", ROUTES, ids=lambda rule: f"{rule.method} {rule.path}")
def test_no_request_fails_the_server(asked: Asked, rule: Rule, mode: GenerationMode) -> None:
    strategy: st.SearchStrategy[Any] = asked.schema[rule.path][rule.method].as_strategy(generation_mode=mode)
    headers = {"Authorization": f"Bearer {asked.key}"}

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        database=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def ask(case: schemathesis.Case) -> None:
        answer = case.call(base_url=asked.url, headers=headers)
        told = f"{rule.method} {rule.path}: {answer.status_code} {answer.content[:300]!r}"
        if answer.status_code == 503:  # of what needs a Kafka or a worker, which are not there
            assert "retry-after" in answer.headers, told
        else:
            assert answer.status_code < 500, told
        if answer.status_code >= 400:
            assert list(answer.headers["content-type"]) == ["application/problem+json"], told

    ask()


def test_what_is_no_http_at_all_is_refused(asked: Asked) -> None:
    with httpx.Client(base_url=asked.url, headers={"Authorization": f"Bearer {asked.key}"}) as client:
        places = ("market?limit=%00", "companies/%ff%fe/sentiment", "companies/%00/documents", "/market")
        for path in (f"/v1/{place}" for place in places):
            assert 400 <= client.get(path).status_code < 500
        for body in (b"\x00", b"{", b"\xff" * 1000, b'{"texts": ["\\u0000"]}'):
            answer = client.post("/v1/score", content=body, headers={"Content-Type": "application/json"})
            assert answer.status_code < 500
