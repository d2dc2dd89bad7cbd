"""Who told what in a bucket: the shares that caps are computed from (decisions/0281). Pure.

Beside an author's share and a story's there is one of each pair of a voice and a telling, among the authors' under a
name of its own. A voice is an author or, where a feed names none, the feed; a telling is a story and the way that it
leans, so that whoever tells the opposite under a story's name does not take its place. Buckets of former versions have
no such shares, or not of all their documents.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from shared.contract.aggregates import Share
from shared.contract.events import Opinion
from shared.contract.weighing import Label

FEED: Final = "feed:"  # before a source's name, where a voice is a feed; an author is a hash
_PAIR, _BETWEEN = "=", "|"
_LEANS: Final[dict[Label, str]] = {"positive": "+", "neutral": "0", "negative": "-"}


class Pair(NamedTuple):
    """A voice, and what it told."""

    voice: str
    telling: str

    @property
    def of_feed(self) -> bool:
        """Whether the voice is a feed that names no authors."""
        return self.voice.startswith(FEED)


def pair_name(opinion: Opinion, label: Label) -> str:
    """The name of the share that an opinion of this label belongs to."""
    story = opinion.story  # its length before it: others write to the topics, and any sign may stand in a name
    return f"{_PAIR}{_LEANS[label]}{len(story)}{_BETWEEN}{story}{opinion.author or FEED + opinion.source}"


def pairs_in(shares: Mapping[str, Share]) -> list[tuple[Pair, Share]]:
    """The shares of pairs among those of authors."""
    found = []
    for name, share in shares.items():
        if name[:1] == _PAIR:
            length, _, rest = name[2:].partition(_BETWEEN)
            end = int(length)
            found.append((Pair(rest[end:], name[1] + rest[:end]), share))
    return found


def authors_in(names: Iterable[str]) -> set[str]:
    """The authors among the names of shares."""
    return {name for name in names if name[:1] != _PAIR}


def by_author(shares: Mapping[str, Share]) -> dict[str, Share]:
    """The shares of authors."""
    return {name: share for name, share in shares.items() if name[:1] != _PAIR}
