"""Every door as of a moment: the table in docs/as-of.md names each of them, and what it says there is what it does."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import redis
import typer.main
from mcp import Client
from typer.testing import CliRunner

from dashboard.address import THEN
from dashboard.toolbar import ACTS
from services.api.agents.server import build_server
from services.api.app import build
from services.api.door import Door
from services.archive.rows import Rows, tables_of
from services.archive.tables import Tables
from services.commands.main import COMMANDS
from services.commands.main import app as commands
from services.embedded.redis import EmbeddedRedis
from services.runtime.record import Recorded
from shared.clients.redis import connect
from shared.clock import HOUR, SystemClock, to_iso
from shared.contract.events import Document, encode
from shared.contract.topics import Topics
from shared.reading.archive.tables import ArchiveTables
from shared.reading.readers.access import AccessKeys
from shared.reading.run import RunView
from shared.settings import Settings, load_settings
from tests.api_server import served
from tests.browser.past import COMPANY, HALF, TOPIC, Lived, live

PAGE: Final = Path(__file__).parents[2] / "docs/as-of.md"
# what a route or tool has to be given beside the moment
GIVEN: Final[dict[str, dict[str, Any]]] = {
    "GET /v1/search": {"q": "outlook"},
    "GET /v1/signals/history": {"company": COMPANY},
    "company_sentiment": {"company": COMPANY},
    "why_it_moved": {"company": COMPANY},
    "search_documents": {"text": "outlook"},
    "ask": {"question": "how many documents name Apple?"},
    "compare_companies": {"companies": [COMPANY, COMPANY]},
    "find_companies": {"text": "apple"},
    "score_text": {"text": "good"},
}
OF_FILES: Final = ("calendar list",)  # what a file of one's own says was known at a moment, and no run
COMMAND: Final[dict[str, list[str]]] = {
    "as-of": [COMPANY],
    "why": [COMPANY],
    "peers": [COMPANY],
    "search": ["outlook"],
    "ask": ["how many documents name Apple?"],
}


def table(heading: str) -> dict[str, str]:
    """The rows below a heading of the page: door -> "then", "now alone" or what else is said."""
    part = PAGE.read_text().split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in part.splitlines() if line[:2] == "| "]
    return {name.strip("`"): said for names, said, *_ in rows[1:] for name in re.split(r", (?=`)", names)}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, Lived]]:
    folder = tmp_path_factory.mktemp("doors")
    server, state = EmbeddedRedis(folder / "redis"), folder / "state"
    server.start()
    state.mkdir()
    (state / "bellwether.yaml").write_text(f"redis: {{url: '{server.url}'}}\nmodel: {{name: stub}}\n")
    try:
        with redis.Redis.from_url(server.url) as client:
            settings, lived = load_settings(state), live(state, client)
            topic = Topics.of(settings).documents("news")
            document = Document(
                id="0" * 32, channel="news", source="s", text="Apple lifts its outlook.", published_at=lived.before,
                received_at=lived.before, available_at=lived.before,
            )  # fmt: skip
            record = Recorded(topic, 0, 0, b"k", encode(document), timestamp=lived.before / 1e6)
            Tables(ArchiveTables.of(settings)).add(Rows(tables_of(Topics.of(settings)), {topic: TOPIC}).of([record]))
            yield settings, lived
    finally:
        server.stop()


@pytest.fixture(scope="module")
def api(place: tuple[Settings, Lived]) -> Iterator[httpx.Client]:
    with connect(place[0].redis) as client, served(place[0]) as api:
        key, _ = AccessKeys(client).create("doors", "admin", SystemClock().now())
        api.headers["X-Api-Key"] = key
        yield api


def test_the_table_names_every_route(place: tuple[Settings, Lived]) -> None:
    paths = build(Door(place[0], redis.Redis())).openapi()["paths"]
    assert set(table("Routes")) == {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    assert set(table("Routes").values()) == {"then", "now alone", "in its body"}


def test_no_route_passes_over_a_moment(place: tuple[Settings, Lived], api: httpx.Client) -> None:
    """Each answers of then, which its `as_of` says, or says that it knows now alone."""
    lived, moment = place[1], to_iso(place[1].half + 1)
    for name, said in table("Routes").items():
        method, path = name.split(" ")
        asked = GIVEN.get(name, {}) | {"as_of": moment}
        path = path.replace("{id}", COMPANY).replace("{key}", "0" * 16)
        answer = api.request(method, path, params=asked)
        if said == "then":
            assert answer.status_code == 200, f"{name}: {answer.text}"
            assert answer.json()["as_of"] == moment, name
            later = api.get(path, params=asked | {"as_of": to_iso(lived.end + 24 * HOUR)})
            assert (later.status_code, "still to come" in later.text) == (422, True), name
        else:
            assert (answer.status_code, "takes no as_of" in answer.text) == (422, True), f"{name}: {answer.text}"


def test_routes_say_what_was_said_then(place: tuple[Settings, Lived], api: httpx.Client) -> None:
    def told(path: str, at: int, **given: str) -> Any:
        answer = api.get(path, params=given | {"as_of": to_iso(at + 1)})
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    lived = place[1]
    for at, count, sentiment in ((lived.half, HALF, 0.7), (lived.end, 2 * HALF, 0.0)):
        (row,) = told("/v1/market", at)
        assert (row["company"], row["documents"]) == (COMPANY, count) and abs(row["sentiment"] - sentiment) < 1e-3
        (sector,) = told("/v1/sectors", at)
        assert (sector["companies"], sector["documents"]) == (1, count)
        why = told(f"/v1/companies/{COMPANY}/why", at)
        assert why["documents"] == count == sum(each["documents"] for each in why["events"])
        stretch = {"from": to_iso(lived.before), "to": to_iso(lived.end)}
        assert len(told(f"/v1/companies/{COMPANY}/documents", at, **stretch)) == count


def test_no_tool_passes_over_a_moment(place: tuple[Settings, Lived]) -> None:
    settings, lived = place
    moment, said = to_iso(lived.half + 1), table("Tools")

    async def ask() -> dict[str, Any]:
        with connect(settings.redis) as client:
            async with Client(build_server(Door(settings, client))) as agent:
                names = {tool.name for tool in (await agent.list_tools()).tools}
                assert names == set(said)
                return {name: (await agent.call_tool(name, GIVEN.get(name, {}) | {"as_of": moment})) for name in names}

    for name, answer in asyncio.run(ask()).items():
        assert not answer.is_error, f"{name}: {answer.content}"
        found = answer.structured_content
        if said[name] == "then":
            assert found["as_of"] == moment, name
        else:
            assert said[name] == "now alone"
            assert "leave as_of out" in found["reason"], name


def leaves(command: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if not hasattr(command, "list_commands"):
        yield name, command
        return
    for each in command.list_commands(None):
        yield from leaves(command.get_command(None, each), f"{name} {each}".strip())


def test_no_command_passes_over_a_moment(place: tuple[Settings, Lived]) -> None:
    """Those that take one answer of then; of the others none has a way to be given one."""
    settings, lived = place
    said, option = table("Commands"), {"as-of": "--at"}
    every = dict(leaves(typer.main.get_command(commands)))
    assert {name.split()[0] for name in every} >= set(COMMANDS)
    for name, command in every.items():
        if name in OF_FILES:
            continue
        takes = {part for each in command.params for part in each.opts} & {"--as-of", "--at"}
        assert takes == ({option.get(name, "--as-of")} if said.get(name) == "then" else set()), name
    assert set(said) <= set(every)
    for name in said:
        given = [option.get(name, "--as-of"), to_iso(lived.half + 1), *COMMAND.get(name, [])]
        done = CliRunner().invoke(
            commands, [*name.split(), *given, "--state", str(settings.state_dir), "--json"], catch_exceptions=True
        )
        assert done.exit_code == 0, f"{name}: {done.output} {done.exception!r}"
        late = [given[0], to_iso(lived.end + 24 * HOUR), *given[2:]]
        done = CliRunner().invoke(commands, [*name.split(), *late, "--state", str(settings.state_dir), "--json"])
        assert done.exit_code != 0 and "still to come" in f"{done.output}{done.exception}", name


def test_no_page_passes_over_a_moment() -> None:
    """The pages that show the past are those of the table; every other says so (dashboard/toolbar.py)."""
    said = table("Pages")
    assert set(said) == set(ACTS)
    assert {name for name, each in said.items() if each == "then"} == set(THEN)


def test_alerts_of_then_are_those_that_were_kept(redis_url: str, run_name: str) -> None:
    from services.alerts.store import AlertStore
    from shared.contract.alerts import KEPT_ALERTS, Alert
    from shared.contract.keys import Keys
    from shared.reading.values.alerts import NotKept

    def alert(number: int) -> Alert:
        return Alert(
            id=f"{number:016x}", rule="r", kind="k", company=COMPANY, signal="s", strategy="p", at=0, available_at=0,
            action="hold", score=0, confidence=0, text="t",
        )  # fmt: skip

    with redis.Redis.from_url(redis_url) as client:
        store, kept = AlertStore(client, Keys(run_name, 1)), RunView(client, Keys(run_name, 1)).alerts
        live_said = []
        for number in range(12):
            seconds, micros = client.time()
            live_said.append((seconds * 1_000_000 + micros, kept.numbered()))
            store.give_out(alert(number))
        for at, said in live_said:
            assert kept.as_of(at) == said
        assert len(kept.as_of(live_said[-1][0] + HOUR)) == 12
        client.hdel(Keys(run_name, 1).alerts(), "1")  # made room
        assert kept.as_of(live_said[0][0]) == []
        with pytest.raises(NotKept, match="made room"):
            kept.as_of(live_said[5][0])
        client.hdel(Keys(run_name, 1).alert_times(), "1", "2")  # given out by a former version
        with pytest.raises(NotKept, match="not known"):
            kept.as_of(live_said[1][0])
        assert KEPT_ALERTS > 12
