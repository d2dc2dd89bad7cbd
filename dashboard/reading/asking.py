"""The dashboard's way to Ask: one asker a process, over the archive of the settings' run."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from shared.asking.ask import Asker, UnreadableQuestion
from shared.asking.reply import Reply, Request
from shared.reading.archive.tables import ArchiveTables, NoArchive
from shared.settings import Settings
from shared.universe.securities import Catalogue


class Turn(NamedTuple):
    """A question of a conversation, with its answer or why there is none."""

    question: str
    reply: Reply | None
    problem: str = ""


def answered(load: Callable[[], Settings], question: str, before: tuple[str, ...], as_of: int | None) -> Turn:
    """Never raises for what a reader asks. `as_of`: from what Kafka had taken by then, microseconds."""
    try:
        settings = load()
        return Turn(
            question,
            _asker(settings.run, ArchiveTables.of(settings).address, load).ask(_asked(question, before, as_of)),
        )
    except (UnreadableQuestion, NoArchive) as problem:
        return Turn(question, None, str(problem))
    except (OSError, RuntimeError, ValueError) as error:
        return Turn(question, None, f"the archive cannot be read now: {error}")


def _asked(question: str, before: tuple[str, ...], as_of: int | None) -> Request:
    return Request(question, "", before, as_of)


@lru_cache(maxsize=2)
def _asker(run: str, address: str, load: Callable[[], Settings]) -> Asker:
    del run, address  # what it is kept by
    return Asker(ArchiveTables.of(load()), Catalogue.load())
