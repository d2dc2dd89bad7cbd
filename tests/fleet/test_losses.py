"""The fleet of docker-compose.yml on three brokers and a Redis Cluster while parts of it are killed, held and promoted:
what it says stays what one process says that reads the log once, to the byte, now and as of moments between."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

import httpx
import pytest

from services.aggregation.admin.dump import dump
from services.aggregation.stores.redis_store import RedisStore
from services.archive.as_of.past import PastRuns
from services.supervisor.status.drain import wait_drained
from shared.clients.redis import connect
from shared.clock import SECOND, to_iso
from shared.contract.aggregates import Totals
from shared.contract.keys import Keys
from shared.reading.run import RunView
from tests.chaos.archived import is_the_log
from tests.chaos.documents import BEGIN, SETTLED, write_parts, write_settling_part
from tests.chaos.outcomes import kept_documents, settled, signals_in_redis, signals_of_the_log, signals_on_topic
from tests.chaos.recount import recount
from tests.chaos.world import Feeding
from tests.fleet.world import RUN, SLOTS, FleetWorld
from tests.probes import Probe, equal, probe

pytestmark = [pytest.mark.fleet, pytest.mark.kafka, pytest.mark.timeout(3000)]

STEPS: Final = (
    "kill_leader", "kill_scoring", "promote_without_tail", "kill_aggregation", "hold_broker", "kill_archive",
    "hold_redis", "kill_api", "kill_coordinator", "promote_without_tail",
)  # fmt: skip
PARTS: Final = 7  # the first, one for each loss that wants something to be on its way, and one for the end
SIZE: Final = 200  # documents of a part
STALL_SECONDS: Final = 300.0  # without a record less that waits


@pytest.fixture
def world(tmp_path: Path) -> Iterator[FleetWorld]:
    made = FleetWorld(tmp_path)
    yield made
    made.end()


def test_no_loss_that_copies_outlive_changes_a_byte(world: FleetWorld, tmp_path: Path) -> None:
    seed = int(os.environ.get("BELLWETHER_CHAOS_SEED") or random.randrange(2**32))
    world.say(f"seed {seed}")
    parts = write_parts(tmp_path / "parts", PARTS, SIZE, seed)
    parts.append(write_settling_part(tmp_path / "parts"))
    world.start()
    feeding = Feeding(world.state, parts, world.topics.env)
    draw, probes = random.Random(seed), list[Probe]()
    try:
        feeding.allow(1)
        world.until(lambda: world.applied() > 0, "the first opinions are applied", 300)
        world.feed = feeding.more
        for name in STEPS:
            probes += _probed(world, draw)
            world.do(name)
            probes += _probed(world, draw)
        feeding.allow(len(parts) - 1)
        world.until(lambda: feeding.done == len(parts) - 1, "all but the last is fed", 600, lambda: feeding.done)
        _drained(world)
        with world.without_tail():  # and nothing comes behind it by which it could be noticed
            feeding.allow(len(parts))
            world.until(lambda: feeding.done == len(parts), "all is fed")
            _drained(world)
            _settled(world)
        _drained(world)
        _settled(world)
        world.say(f"all is applied; {feeding.failures} files were fed again")
        probes += _probed(world, draw)
        _is_what_one_process_says(world)
        _as_of_is_what_was_said(world, probes, draw)
        _both_apis_say_so(world, probes, draw)
        world.say(f"equal. {world.counts}; {[(each.host, each.starts, each.exits) for each in world.containers]}")
    finally:
        feeding.end()


def _drained(world: FleetWorld) -> None:
    """Wait for as long as less and less is left."""
    told: tuple[str, int] | None = None
    latest: list[tuple[str, int]] = [("", -1)]

    def note(stage: str, left: int) -> None:
        if left >= 0:  # -1: nobody tells
            latest[0] = (stage, left)

    while not wait_drained(world.settings, STALL_SECONDS, note):
        assert latest[0] != told, f"nothing of {told} within {STALL_SECONDS:.0f} s\n{world.words()}"
        told = latest[0]


def _settled(world: FleetWorld) -> None:
    keys, until = Keys(RUN, SLOTS), int((SETTLED - timedelta(hours=2)).timestamp())
    with connect(world.settings.redis) as client:
        world.until(lambda: settled(client, keys, until), "every hour is closed, and its signals are sent")
    world.until(lambda: is_the_log(world.settings), "the archive is the log")


def _probed(world: FleetWorld, draw: random.Random) -> list[Probe]:
    """What the run says of some companies now."""
    with connect(world.settings.redis) as client:
        companies = sorted(RunView.open(client, RUN).newest())
        some = draw.sample(companies, min(4, len(companies)))
        return [found for company in some if (found := probe(client, world.settings, company)) is not None]


def _is_what_one_process_says(world: FleetWorld) -> None:
    settings, keys = world.settings, Keys(RUN, SLOTS)
    once = recount(settings.kafka, RUN, SLOTS)
    with connect(settings.redis) as client:
        store = RedisStore(client, RUN, SLOTS)
        assert dump(store) == dump(once)
        mine, log = _totals(store), _totals(once)
        assert mine.opinions_applied == log.opinions_applied > (PARTS - 1) * SIZE
        assert mine.documents_scored > 0.9 * (PARTS - 1) * SIZE
        given = signals_of_the_log(settings, SLOTS)
        assert signals_on_topic(settings) == {name: {value} for name, value in given.items()}
        held = signals_in_redis(client, keys, settings)
        assert held.items() <= given.items()
        assert len(held) > 100
        kept = kept_documents(client, keys, settings)
    companies = [name.removeprefix("recent ") for name in kept if name.startswith("recent ")]
    assert {f"recent {company}": once.recent(company) for company in companies} == {
        name: documents for name, documents in kept.items() if name.startswith("recent ")
    }
    assert is_the_log(settings)


def _totals(store: RedisStore | object) -> Totals:
    total = Totals()
    for slot in range(SLOTS):
        mine = store.totals(slot)  # type: ignore[attr-defined]
        for name in ("documents_scored", "documents_dead", "opinions_applied"):
            setattr(total, name, getattr(total, name) + getattr(mine, name))
    return total


def _as_of_is_what_was_said(world: FleetWorld, probes: list[Probe], draw: random.Random) -> None:
    with connect(world.settings.redis) as client:
        compared = equal(PastRuns(world.settings, client), probes, draw, 40)
    world.say(f"{compared} of {len(probes)} probes compared with the answers as of their moments")
    assert compared >= 4


def _both_apis_say_so(world: FleetWorld, probes: list[Probe], draw: random.Random) -> None:
    """Each answers, and the two alike, of now and as of a moment between the losses."""
    made = world.topics.run("bellwether", "keys", "create", "test", "--role", "read", "--json", "--state", "/state")
    key = json.loads(made.stdout.splitlines()[-1])["key"]
    apis = [each for each in world.containers if each.service == "api"]
    world.until(lambda: all(each.healthy() for each in apis), "both APIs are healthy")
    asked = [(each.company, to_iso(each.moment)) for each in draw.sample(probes, 3)]
    for company, moment in [*asked, (asked[0][0], None)]:
        told = []
        for api in apis:
            url = f"http://127.0.0.1:{api.env['BELLWETHER_API__PORT']}/v1/companies/{company}/sentiment"
            query = {
                "resolution": "day",
                "from": to_iso(int(BEGIN.timestamp()) * SECOND),
                "to": to_iso(int(SETTLED.timestamp()) * SECOND),
            }
            answer = _answer(world, url, query | ({"as_of": moment} if moment else {}), key)
            assert answer.status_code == 200, answer.text
            told.append(answer.json()["items"])
        assert told[0] == told[1]
        assert told[0] or moment


def _answer(world: FleetWorld, url: str, query: dict[str, str], key: str) -> httpx.Response:
    """The first answer that is neither "too long" nor "away"."""
    found: list[httpx.Response] = []

    def answered() -> bool:
        found.append(httpx.get(url, params=query, headers={"Authorization": f"Bearer {key}"}, timeout=60))
        return found[-1].status_code not in (503, 504)

    world.until(answered, url)
    return found[-1]
