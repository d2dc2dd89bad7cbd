"""What may be shown of a story: the words of its first document that is not gone at its source. Escape them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from shared.contract.archive import OPINIONS
from shared.contract.events import Opinion, decode_opinion
from shared.reading.archive.candidates import deletions, rows_of
from shared.reading.archive.tables import ArchiveTables
from shared.reading.deleted import is_gone
from shared.reading.stories.story import Story


class Headline(NamedTuple):
    """Of one document, as its opinions carry it."""

    document: str
    title: str
    excerpt: str
    url: str
    source: str
    at: int
    synthetic: bool

    @property
    def words(self) -> str:
        """The title, or how the text begins where there is none."""
        return self.title or self.excerpt


def headlines(tables: ArchiveTables, stories: Sequence[Story]) -> dict[str, Headline]:
    """Key -> headline. A story of which every document is gone has none."""
    found = _of(tables, {story.key: story.ids[:1] for story in stories})
    rest = {story.key: story.ids[1:] for story in stories if story.key not in found and len(story.ids) > 1}
    return found | _of(tables, rest)


def _of(tables: ArchiveTables, wanted: dict[str, tuple[str, ...]]) -> dict[str, Headline]:
    shown = shown_documents(tables, [name for names in wanted.values() for name in names])
    return {key: shown[first] for key, ids in wanted.items() if (first := next(filter(shown.__contains__, ids), None))}


def shown_documents(tables: ArchiveTables, ids: Sequence[str]) -> dict[str, Headline]:
    """Of these documents those that are not gone at their source."""
    opinions: dict[str, Opinion] = {}
    for row in rows_of(tables, OPINIONS, ids, ["value"], "kind = 'opinion'"):
        if row["document_id"] not in opinions and isinstance(opinion := decode_opinion(row["value"]), Opinion):
            opinions[opinion.document_id] = opinion
    gone = deletions(tables, list({each.item for each in opinions.values()}))
    return {
        name: Headline(name, each.title, each.excerpt, each.url, each.source, each.available_at, each.synthetic)
        for name, each in opinions.items()
        if not is_gone(each.item, each.available_at, gone)
    }
