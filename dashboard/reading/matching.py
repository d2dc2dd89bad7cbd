"""Which documents a reader wants to see: by words, event, source and sign. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, get_args

from shared.contract.aggregates import RecentDocument
from shared.contract.alerts import Alert, AlertDocument
from shared.contract.events import MICRO
from shared.event_classes.selection import classes_wanted, group_of

Sign = Literal["positive", "neutral", "negative"]
SIGNS: Final[tuple[Sign, ...]] = get_args(Sign)
NEUTRAL: Final = 0.05  # |score| up to here is neither: as lists colour it


def sign(score: float) -> Sign:
    """Of a score in [-1, 1]."""
    return "positive" if score > NEUTRAL else "negative" if score < -NEUTRAL else "neutral"


@dataclass(frozen=True, slots=True)
class Wanted:
    """ "" stands for any. `text`: words that must all occur, in any case."""

    text: str = ""
    event: str = ""
    source: str = ""
    sign: str = ""

    @property
    def count(self) -> int:
        """How many of the four are set."""
        return sum(map(bool, (self.text.strip(), self.event, self.source, self.sign)))

    def keeps(self, document: RecentDocument) -> bool:
        return (
            self._text(document.title, document.excerpt)
            and self._about([document])
            and self.source in ("", document.source)
            and self.sign in ("", sign((document.positive - document.negative) / MICRO))
        )

    def keeps_alert(self, alert: Alert) -> bool:
        """An alert is about its documents' events and from their sources; its sign is the score's."""
        return (
            self._text(alert.text, alert.rule, *(document.title for document in alert.documents))
            and self._about(alert.documents)
            and (not self.source or any(document.source == self.source for document in alert.documents))
            and self.sign in ("", sign(alert.score / MICRO))
        )

    def _about(self, documents: Iterable[RecentDocument | AlertDocument]) -> bool:
        """Whether any is of the class, or of a class of the group."""
        wanted = classes_wanted([self.event]) if self.event else ()
        return not self.event or any(document.event_class in wanted for document in documents)

    def _text(self, *texts: str) -> bool:
        whole = " ".join(texts).casefold()
        return all(word in whole for word in self.text.casefold().split())


def offered(documents: Iterable[RecentDocument | AlertDocument]) -> tuple[set[str], set[str]]:
    """(events, sources) that occur; with the event classes their groups."""
    pairs = [(document.event_class, document.source) for document in documents]
    events = {event for event, _ in pairs if event}
    return events | {group_of(event) for event in events}, {source for _, source in pairs if source}
