"""The dashboard's way to Ask: one asker a process, over the archive of the settings' run; and who puts answers into
sentences, beside the page that waits for none of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache, lru_cache
from typing import Final, NamedTuple

from shared.asking.ask import Asker, UnreadableQuestion
from shared.asking.phrasing.phrasing import Phrased, is_wanted, phrased
from shared.asking.reply import Reply, Request
from shared.reading.archive.tables import ArchiveTables, NoArchive
from shared.settings import PhrasingSettings, Settings
from shared.universe.securities import Catalogue

AT_ONCE: Final = 8  # answers that are put into sentences at once, of all sessions
GRACE_SECONDS: Final = 5.0  # beyond the exchange's own limit: for a place among those


class Telling(NamedTuple):
    """An answer on its way into sentences."""

    model: str
    seconds: float  # the longest that the page waits
    until: float  # time.monotonic()
    sentences: Future[Phrased | None]

    def outcome(self) -> Phrased | None:
        """Without waiting; None while it is under way."""
        if self.sentences.done() and not self.sentences.cancelled():
            failure = self.sentences.exception()  # whatever a stranger's server caused: the plain answer stands
            return self.sentences.result() if failure is None else self._none(f"{type(failure).__name__}: {failure}")
        if time.monotonic() < self.until:
            return None
        self.sentences.cancel()  # where it still waits for a place
        return self._none(f"the model did not answer within {self.seconds:g} seconds")

    def _none(self, why: str) -> Phrased:
        return Phrased(note=f"Not put into sentences: {why}.", model=self.model)


class Turn(NamedTuple):
    """A question of a conversation, with its answer or why there is none."""

    question: str
    reply: Reply | None
    problem: str = ""
    telling: Telling | None = None  # where a model is named, and has quotes to speak of


def answered(load: Callable[[], Settings], question: str, before: tuple[str, ...], as_of: int | None) -> Turn:
    """Never raises for what a reader asks. `as_of`: from what Kafka had taken by then, microseconds."""
    try:
        settings = load()
        asker = _asker(settings.run, ArchiveTables.of(settings).address, load)
        reply = asker.ask(_asked(question, before, as_of))
        return Turn(question, reply, telling=_telling(reply, settings.ask.phrasing))
    except (UnreadableQuestion, NoArchive) as problem:
        return Turn(question, None, str(problem))
    except (OSError, RuntimeError, ValueError) as error:
        return Turn(question, None, f"the archive cannot be read now: {error}")


def _asked(question: str, before: tuple[str, ...], as_of: int | None) -> Request:
    return Request(question, "", before, as_of)


def _telling(reply: Reply, settings: PhrasingSettings) -> Telling | None:
    if not is_wanted(reply, settings):
        return None
    seconds = settings.seconds + GRACE_SECONDS
    return Telling(settings.model, seconds, time.monotonic() + seconds, _tellers().submit(phrased, reply, settings))


@cache
def _tellers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(AT_ONCE, thread_name_prefix="phrasing")


@lru_cache(maxsize=2)
def _asker(run: str, address: str, load: Callable[[], Settings]) -> Asker:
    del run, address  # what it is kept by
    return Asker(ArchiveTables.of(load()), Catalogue.load())
