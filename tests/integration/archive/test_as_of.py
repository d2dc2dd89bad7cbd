"""As of a moment: what a probe recorded live is what the archive gives later; a forged bucket is found."""

from __future__ import annotations

import json
import random
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest
import redis

from services.aggregation.stores.redis_store import RedisStore
from services.archive.as_of.checkpointing import Checkpointing
from services.archive.as_of.log_copy import archived_log, kafka_log
from services.archive.as_of.market import PastMarkets
from services.archive.as_of.moments import NotKnown, moment_of
from services.archive.as_of.past import Bound, PastRuns
from services.archive.as_of.proof import live_proof, past_proof, verify
from services.archive.as_of.view import past_company
from shared.clients.redis import connect
from shared.clock import HOUR, SystemClock, to_iso
from shared.contract.aggregates import pack, unpack_bucket
from shared.contract.events import Document, Tick
from shared.contract.keys import API_KEYS, Keys
from shared.reading.archive.tables import ArchiveTables, NoArchive
from shared.reading.values.binding import read_binding, recorded_slots
from shared.settings import Settings
from tests.api_server import served
from tests.integration.worker_process import Worker, document, make_topics, publish, running, wait_for
from tests.probes import MarketProbe, Probe, equal_market, market_probe, noted, plain, probe, stretch_of
from tests.worker_process import BELLWETHER

pytestmark = pytest.mark.kafka
COMPANIES = ("AAPL", "MSFT")


@pytest.fixture
def watched(settings: Settings) -> Settings:
    update = {
        "model": settings.model.model_copy(update={"name": "stub"}),
        "archive": settings.archive.model_copy(update={"max_wait_ms": 100}),
        "aggregation": settings.aggregation.model_copy(update={"max_batch": 20}),
    }
    return settings.model_copy(update=update)


def test_as_of_a_moment_is_what_was_said_then(watched: Settings, tmp_path: Path) -> None:
    topics, draw = make_topics(watched), random.Random(5)
    probes: list[Probe] = []
    markets: list[MarketProbe] = []
    with ExitStack() as stack, connect(watched.redis) as client:
        stack.enter_context(running(watched))
        aggregation, archive = Worker(watched, role="aggregation"), Worker(watched, role="archive")
        stack.callback(lambda: [worker.close() for worker in (aggregation, archive)])
        written = 0
        for _ in range(12):
            before, many = written, texts(draw, written)
            written += len(many)
            tick = Tick(watermark=min(d.available_at for d in many))
            publish(watched, topics.documents("news"), [*many, tick])
            publish(watched, topics.documents("social"), [tick])
            if draw.random() < 0.3:
                aggregation.close()  # kill -9
                aggregation = Worker(watched, role="aggregation")
            wait_for(lambda n=before: applied(client, watched) > n, aggregation)  # type: ignore[misc]
            deadline = time.monotonic() + draw.uniform(0.2, 1.5)
            while time.monotonic() < deadline:
                found = probe(client, watched, draw.choice(COMPANIES))
                probes += [found] if found is not None else []
                market = market_probe(client, watched)
                markets += [market] if market is not None else []
        stack.callback(aggregation.close)
        last = live_at_rest(client, watched, written, aggregation)
        tables = ArchiveTables.of(watched)
        wait_for(lambda: known_up_to(tables, watched.kafka.opinion_partitions, last), archive)
        compared = check(watched, client, probes, draw)
        assert equal_market(PastMarkets(PastRuns(watched, client)), markets, draw, 12) >= 3
        client.delete(API_KEYS)
        over_http(watched, max(compared, key=lambda each: each[0]), tmp_path)
        forge(watched, client)


def texts(draw: random.Random, first: int) -> list[Document]:
    """Forty documents, some an hour ahead of the others."""
    rows = [
        document(n, f"{draw.choice(('Apple', 'Microsoft'))} raises its outlook {n}") for n in range(first, first + 40)
    ]
    return [msgspec.structs.replace(row, available_at=row.available_at + draw.randrange(2) * HOUR) for row in rows]


def applied(client: redis.Redis, settings: Settings) -> int:
    """Documents that have been applied."""
    slots = recorded_slots(read_binding(client, settings.run), settings.run)
    store = RedisStore(client, settings.run, slots)
    return sum(store.totals(slot).documents_scored for slot in range(slots))


def live_at_rest(client: redis.Redis, settings: Settings, documents: int, worker: Worker) -> int:
    """The position of Apple's slot once everything is applied."""
    bound = Bound.of(settings, client)
    store = RedisStore(client, settings.run, bound.slots)
    wait_for(lambda: applied(client, settings) >= documents, worker)
    position = store.position(Keys(settings.run, bound.slots).slot_of("AAPL"))
    assert position is not None
    return position.offset


def known_up_to(tables: ArchiveTables, slots: int, offset: int) -> bool:
    try:
        moment = moment_of(tables, "AAPL", slots, SystemClock().now())
        records = archived_log(tables)(moment.topic_id, moment.slot, 0, offset)
        return moment.offset >= offset and len(list(records)) == offset
    except (NotKnown, NoArchive):
        return False


def check(settings: Settings, client: redis.Redis, probes: list[Probe], draw: random.Random) -> list[Probe]:
    """Compare some probes; those are returned whose position the journal names for their moment."""
    assert Checkpointing(settings, client, every=40).round(most=1) == 1
    assert Checkpointing(settings, client, every=40).round(most=100) > 5  # goes on behind the last one
    past = PastRuns(settings, client)
    compared: list[Probe] = []
    assert len({each.position for each in probes}) > 5
    assert len(probes[-1].answer["buckets"]) > 5
    for each, then in noted(past, draw.sample(probes, min(15, len(probes)))):
        compared.append(each)
        assert plain(stretch_of(past_company(past, each.company, each.moment), each.company)) == plain(each.stretch)
        proof = past_proof(settings, then, each.company, each.moment)
        assert plain(proof.answer) == plain(each.answer)
        assert verify(settings, client, proof, kafka_log(settings)) == ""
        assert verify(settings, client, proof, archived_log(ArchiveTables.of(settings))) == ""
    assert len(compared) >= 5
    return compared


def over_http(settings: Settings, one: Probe, tmp_path: Path) -> None:
    """The API's buckets as of a moment are those of the probe, and its proof is one that the command takes."""
    moment, company, answer = one.moment, one.company, one.answer
    with served(settings, SystemClock()) as api:
        path, asked = f"/v1/companies/{company}/sentiment", {"as_of": to_iso(moment), "resolution": "day"}
        told = api.get(path, params=asked)
        assert told.status_code == 200, told.text
        assert told.json()["as_of"] == to_iso(moment)
        days = [row["bucket"][0] for row in answer["buckets"] if row["resolution"] == "day"]
        assert sum(row["documents"] for row in told.json()["data"]) == sum(days)
        documents = api.get(f"/v1/companies/{company}/documents", params={"as_of": to_iso(moment), "limit": 1000})
        assert len(documents.json()["data"]) == len(answer["documents"])
        market = api.get("/v1/market", params={"as_of": to_iso(moment), "window": "30d"}).json()
        (row,) = (row for row in market["data"] if row["company"] == company)
        assert (row["documents"], market["as_of"]) == (sum(days), to_iso(moment))
        for kind in ("why", "peers"):
            then = api.get(f"/v1/companies/{company}/{kind}", params={"as_of": to_iso(moment)})
            assert (then.status_code, then.json()["as_of"]) == (200, to_iso(moment)), then.text
        file = tmp_path / "answer.json"
        file.write_bytes(api.get(path, params=asked | {"proof": "1"}).content)
        before = api.get(path, params={"as_of": "2001-01-01", "resolution": "day"})
        assert before.status_code == 404 and "journal begins later" in before.text
    command = [
        str(BELLWETHER),
        "verify",
        str(file),
        "--state",
        str(settings.state_dir),
        "--run",
        settings.run,
        "--json",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert json.loads(done.stdout.splitlines()[-1]) == {"file": str(file), "holds": True, "difference": None}, (
        done.stderr
    )


def forge(settings: Settings, client: redis.Redis) -> None:
    """A bucket, or a link, that is another one is named."""
    log = kafka_log(settings)
    proof = live_proof(settings, client, "AAPL", SystemClock().now())
    assert proof.links
    assert verify(settings, client, proof, log) == ""
    wrong = msgspec.structs.replace(proof, links=[(proof.offset, "0" * 64)])
    assert "in records 0 to" in verify(settings, client, wrong, log)
    assert proof.model and proof.universe
    for name in ("model", "universe", "rules_digest"):
        forged = msgspec.structs.replace(proof, **{name: "f" * 16})
        assert verify(settings, client, forged, log).startswith(f"proof.{name} is 'ffff")
    hours = proof.answer["heaviest"]
    lighter = [{**hours[0], "documents": hours[0]["documents"][1:]}, *hours[1:]]
    forged = msgspec.structs.replace(proof, answer=proof.answer | {"heaviest": lighter})
    assert "answer.heaviest[0].documents" in verify(settings, client, forged, log)
    key = Keys(settings.run, proof.slots).series("AAPL", "news", "day")
    field, raw = next(iter(client.hgetall(key).items()))  # type: ignore[union-attr]
    bucket = unpack_bucket(raw)
    bucket.score_sum += 1
    client.hset(key, field, pack(bucket))
    forged = live_proof(settings, client, "AAPL", SystemClock().now())
    assert "follows from the log" in verify(settings, client, forged, log)


def test_a_probe_of_a_run_that_nobody_bound_says_so(settings: Settings) -> None:
    with connect(settings.redis) as client, pytest.raises(NotKnown, match="has no run"):
        Bound.of(settings, client)
