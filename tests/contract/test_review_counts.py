"""Whatever people say of the model's answers: no count of the past changes, by any door that tells one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

import pytest
import redis
from hypothesis import given, settings
from hypothesis import strategies as st

from services.aggregation.admin.dump import aggregates_sha256
from services.aggregation.stores.redis_store import RedisStore
from services.embedded.redis import EmbeddedRedis
from services.model.engine import build_engine
from shared.clock import SystemClock
from shared.contract.feedback.resolution import resolutions
from shared.reading.archive.tables import ArchiveTables
from shared.reading.readers.audit import AuditLog
from shared.reading.readers.labels import Labels
from shared.reading.review.answering import BadAnswer, Reviewer, label_of
from shared.reading.review.questions import Question, questions_of, read_of
from shared.reading.review.queue import Seen
from shared.reading.review.shown import review
from shared.reading.run import RunView
from shared.settings import Settings, load_settings
from shared.universe.securities import Catalogue
from tests import two_days
from tests.archived_run import fill
from tests.redis_contents import contents_sha256

ANSWERS = ("right", "unsure", "negative", "positive", "lawsuit", "none", "MSFT", "no such thing")


class Told(NamedTuple):
    """A run, and all that can be asked about it."""

    settings: Settings
    client: redis.Redis
    questions: list[Question]

    def __repr__(self) -> str:
        return f"{len(self.questions)} questions about {self.settings.run}"  # hypothesis shows what a test was given


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    folder = tmp_path_factory.mktemp("reviewed")
    server = EmbeddedRedis(folder / "redis")
    server.start()
    found = load_settings(folder / "state", run="reviewed", redis={"url": server.url}, model={"name": "stub"})
    documents = two_days.documents()
    with redis.Redis.from_url(server.url) as client:
        fill(found, client, documents, build_engine(found.model))
        read = read_of(ArchiveTables.of(found), [each.id for each in documents])
        yield Told(found, client, [each for name, mine in read.items() for each in questions_of(name, mine)])
    server.stop()


def counts(told: Told) -> str:
    """A digest of every key of the run, and of what readers make of them."""
    digest = hashlib.sha256(contents_sha256(told.client, f"bw:{{{told.settings.run}.*").encode())
    slots = told.settings.kafka.opinion_partitions
    digest.update(aggregates_sha256(RedisStore(told.client, told.settings.run, slots)).encode())
    run = RunView.of(told.client, told.settings.run, slots)
    digest.update(repr((run.totals(), sorted(run.newest().items()), sorted(run.positions().items()))).encode())
    return digest.hexdigest()


said = st.tuples(st.integers(0, 10_000), st.sampled_from(ANSWERS), st.sampled_from(("ada", "bo", "cy")), st.booleans())


@settings(max_examples=25)
@given(st.lists(said, max_size=12))
def test_no_label_changes_a_count(told: Told, given_: list[tuple[int, str, str, bool]]) -> None:
    log, catalogue = AuditLog(told.client, clock := SystemClock()), Catalogue.load()
    labels, before, earlier = Labels(told.client, log), counts(told), Labels(told.client, log).all()
    made = []
    for number, answer, who, moved in given_:
        question = told.questions[number % len(told.questions)]
        try:
            label = label_of(question, answer, Reviewer(who, "api", told.settings.run), catalogue, clock.now())
        except BadAnswer:
            continue
        labels.add(label, log.entry(who, "api", "POST /v1/feedback", "done"))
        made.append(label)
        if moved:  # as the API process does, once Kafka has it
            waiting = labels.outbox(100)
            labels.fold(labels.waiting(), f"topic:{number}")
            labels.sent(waiting)
    assert [each for each in labels.all() if each not in earlier] == made
    assert counts(told) == before
    found = resolutions(labels.all())
    mine = {asked for asked, each in found.items() if "ada" in each.votes}
    shown = review(ArchiveTables.of(told.settings), Seen(found, "ada"), 200)
    assert mine.isdisjoint(each.queued.question.asked for each in shown)
