"""One world: posts through intake, identity, masking, linking, scoring, aggregation and strategies, in one process.

Everything is the code that runs live and in a replay; only Kafka and Redis are memory.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Final

from benchmarks.manipulating.posts import Feed, Post
from services.aggregation.core.plan import Rules
from services.aggregation.signals.strategy import Strategy, load_strategy
from services.ingest.delivery.intake import Intake
from services.ingest.delivery.ledger import Ledger
from services.ingest.delivery.rejected import RejectedFile
from services.ingest.documents.companies import CompanyNames
from services.ingest.documents.masker import Masker
from services.ingest.documents.normalise import Reading
from services.ingest.sources.source import Batch
from services.model.interface import Engine
from services.replay.cache import AnswerCache
from services.replay.player import Player
from services.replay.records import Range
from services.runtime.record import Recorded
from services.scoring.linking.linker import Linker
from services.scoring.rules.rule_file import rules_of
from services.scoring.rules.speaking import Speakers
from services.scoring.unread import Readable
from shared.clock import ReplayClock
from shared.contract.events import CHANNELS, Deletion, Document, encode
from shared.contract.signals import Signal
from shared.contract.topics import LIVE, Topics, partition_for
from shared.settings import load_settings
from shared.universe.securities import Catalogue

SHIPPED: Final = ("pulse", "hourly", "spillover")
PARTITIONS: Final = 2
Said = dict[tuple[str, str, int], Signal]  # strategy, company, T -> the last revision


class _Safe:
    """What became of a document that was sent: it is there."""

    done = True

    def wait(self) -> None:
        return


class World:
    """Plays posts. Answers of the model are kept in `folder`, so that a text is read once for all worlds."""

    def __init__(self, engine: Engine, folder: Path, strategies: Sequence[Strategy] = ()) -> None:
        self._settings = load_settings(folder / "state")
        self._strategies = list(strategies) or [load_strategy(name) for name in SHIPPED]
        self.strategies = [strategy.name for strategy in self._strategies]
        self._engine = engine
        self._catalogue = Catalogue.load()
        self._linker = Linker(self._catalogue)
        self._linker.link = lru_cache(maxsize=10_000)(self._linker.link)  # type: ignore[method-assign]  # worlds share texts
        self._cache = AnswerCache(folder / "answers.sqlite3", engine.model_id)
        self._rules = Rules.of(self._settings.aggregation)
        self._speakers = Speakers(rules_of(self._settings))
        self.documents = 0  # of the last world: that reached scoring

    def close(self) -> None:
        self._cache.close()

    def play(self, posts: Iterable[Post]) -> Said:
        """Every signal of this world."""
        given = self._taken(sorted(posts, key=lambda post: post.at))
        player = Player(
            self._engine, self._linker, self._strategies, self._rules, 1, cache=self._cache,
            readable=Readable(self._settings.model, self._engine), speakers=self._speakers,
        )  # fmt: skip
        result = player.play(given)
        self.documents = result.documents
        return {(each.strategy, each.company, each.at): each for each in result.signals}

    def _taken(self, posts: Sequence[Post]) -> Range:
        """What intake puts on the topics, each item at the moment at which it was read."""
        topics = Topics(LIVE, PARTITIONS)
        given = Range(topics={topics.documents(channel): (f"of.{channel}", PARTITIONS) for channel in CHANNELS})
        offsets: dict[tuple[str, int], int] = {}

        def send(message: Document | Deletion) -> _Safe:
            if isinstance(message, Deletion):
                given.deleted[message.item] = message.deleted_at
                return _Safe()
            name, partition = topics.documents(message.channel), partition_for(message.key, PARTITIONS)
            offset = offsets.get((name, partition), 0)
            offsets[name, partition] = offset + 1
            key, value = message.key.encode(), encode(message)
            at = message.available_at
            given.records.append(Recorded(name, partition, offset, key, value, (), at / 1e6, available_at=at))
            return _Safe()

        with ExitStack() as closed:
            state = Path(closed.enter_context(tempfile.TemporaryDirectory(prefix="manipulation-")))
            names = {channel: f"of.{channel}" for channel in CHANNELS}
            ledgers = {
                channel: closed.enter_context(Ledger(state / f"{channel}.sqlite3", names[channel], names))
                for channel in CHANNELS
            }
            intakes: dict[Feed, Intake] = {}
            clock, masker, companies = ReplayClock(0), Masker(b"manipulation"), CompanyNames(self._catalogue)
            for (feed, at), some in groupby(posts, key=lambda post: (post.feed, post.at)):
                if feed not in intakes:
                    reading = Reading(feed.channel, feed.name, live=True, feed=feed.name, link=companies.link)
                    refused = RejectedFile(state, feed.name, clock)
                    intakes[feed] = Intake(
                        feed.name, reading, send, ledgers[feed.channel], masker, refused, companies, clock
                    )
                intakes[feed].take(Batch([post.item for post in some], {"at": at}), at)
            for intake in intakes.values():
                intake.finish()
        return given
