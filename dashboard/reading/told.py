"""Stories of the archive for the page that shows them. Text from outside: it is shown as text only."""

from __future__ import annotations

from shared.clock import SECOND
from shared.reading.archive.tables import ArchiveTables, NoArchive
from shared.reading.measuring.windows import Window
from shared.reading.stories.detail import Whole, whole_story
from shared.reading.stories.listing import Answer, By, Question, told_stories

ORDERS: dict[str, By] = {"Most told": "told", "Newest": "newest"}
SHOWN = 60


class Away(RuntimeError):
    """The archive cannot be read now, or there is none; the text says what to do."""


def listed(tables: ArchiveTables, window: Window, company: str, order: str, as_of: int | None) -> Answer:
    """The stories of a window. `as_of`: of what Kafka had taken by then, microseconds. Raises Away."""
    end = window.end * SECOND if window.end is not None else None
    question = Question(
        company, end=end, known_before=as_of, by=ORDERS[order], limit=SHOWN, stretch=window.seconds * SECOND
    )
    try:
        return told_stories(tables, question)
    except NoArchive:
        raise Away("Stories are read of the archive, which its worker keeps: `bellwether up`.") from None
    except (OSError, RuntimeError, ValueError):
        raise Away("The archive cannot be read now; see `bellwether archive status`.") from None


def whole(tables: ArchiveTables, key: str, window: Window, as_of: int | None) -> Whole | None:
    """One story, as it was told up to the window's end. `as_of`: as for `listed`. Raises Away."""
    end = window.end * SECOND if window.end is not None else None
    try:
        return whole_story(tables, key, end, as_of)
    except (NoArchive, OSError, RuntimeError, ValueError):
        raise Away("The archive cannot be read now; see `bellwether archive status`.") from None
