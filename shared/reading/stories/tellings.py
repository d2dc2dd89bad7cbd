"""Who told what of whom, when: opinions of the archive, as stories are made of them.

One telling a document and company, the first in the log's order: what was archived or scored twice is told once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from shared.contract.archive import OPINIONS, TOLD
from shared.contract.events import Channel, Opinion, decode_opinion
from shared.contract.weighing import contribution
from shared.event_classes.former import class_of_former
from shared.reading.archive.tables import ArchiveTables, NoArchive, all_of, any_of

_FOUND: Final = ("document_id", "company", "available_at", "channel", "event")
_PLACE: Final = ("appended_at", "topic_id", "partition", "offset")


class Telling(NamedTuple):
    """What one document says of one company. In the order of `at`, then of documents and companies."""

    at: int  # available_at
    document: str
    company: str
    story: str
    channel: Channel
    event: str  # the class that it is shown under
    source: str
    author: str
    item: str
    weight: int
    score: int  # of weight x sentiment, micro-units


class Span(NamedTuple):
    """`begin` <= available_at < `end`, in microseconds; `known_before`: only what Kafka had taken by then (as of)."""

    begin: int
    end: int
    known_before: int | None = None

    @property
    def condition(self) -> str:
        known = f"appended_at <= {self.known_before}" if self.known_before is not None else ""
        return all_of(f"available_at >= {self.begin} AND available_at < {self.end}", known)


class Counted(NamedTuple):
    """A story of a span: when it was first and last told in it."""

    story: str
    documents: int
    first_at: int
    last_at: int


class Tellings:
    """The opinions of an archive as they are now, whatever is written from here on. Raises NoArchive."""

    def __init__(self, tables: ArchiveTables) -> None:
        self._tables = tables
        tables.connection()
        try:
            self._table: Any = tables.pinned(OPINIONS)
        except NoArchive:
            self._table = None
        self._names_stories = self._table is not None and "story" in self._table.schema.names

    def newest(self, known_before: int | None) -> int | None:
        """The latest available_at of an opinion; None where there is none."""
        condition = f"appended_at <= {known_before}" if known_before is not None else ""
        found = self._rows(["available_at"], condition)
        if found is None or not found.num_rows:
            return None
        latest: int = found.group_by([]).aggregate([("available_at", "max")]).column(0)[0].as_py()
        return latest

    def of(
        self, span: Span, *, stories: Sequence[str] = (), companies: Sequence[str] = (), events: Sequence[str] = ()
    ) -> list[Telling]:
        """Those of a span; of these stories, on these companies, recorded under these events, where they are given."""
        asked = _asked(span, companies, events)
        rows: list[dict[str, Any]] = []
        if self._names_stories:
            named = any_of("story", stories) if stories else "story IS NOT NULL"
            rows = _plain(self._rows([*_FOUND, *TOLD, *_PLACE], all_of(asked, named)))
        former = _plain(self._rows([*_FOUND, "value", *_PLACE], all_of(asked, self._unnamed())))
        wanted = frozenset(stories)
        rows += [row for row in map(_read, former) if row is not None and (not wanted or row["story"] in wanted)]
        return _once(rows)

    def counts(self, span: Span, *, companies: Sequence[str] = (), events: Sequence[str] = ()) -> list[Counted]:
        """How many documents told each story, in no order. Without making a telling of each: a year has many."""
        asked = _asked(span, companies, events)
        former = self._rows(["document_id"], all_of(asked, self._unnamed()))
        if former is None or former.num_rows:
            return _counted(self.of(span, companies=companies, events=events))
        found = self._rows(["story", "document_id", "available_at"], asked)
        sums = [("document_id", "count_distinct"), ("available_at", "min"), ("available_at", "max")]
        together = found.group_by("story").aggregate(sums)
        columns = ("story", "document_id_count_distinct", "available_at_min", "available_at_max")
        return list(map(Counted, *(together.column(name).to_pylist() for name in columns)))

    def _unnamed(self) -> str:
        """Rows of a version that did not know stories: their values have to be read."""
        return "story IS NULL" if self._names_stories else ""

    def _rows(self, columns: Sequence[str], condition: str) -> Any:
        if self._table is None:
            return None
        return self._tables.rows(OPINIONS, columns, all_of("kind = 'opinion'", condition), table=self._table)


def _asked(span: Span, companies: Sequence[str], events: Sequence[str]) -> str:
    return all_of(
        span.condition,
        any_of("company", companies) if companies else "",
        any_of("event", events) if events else "",
    )


def _counted(tellings: Iterable[Telling]) -> list[Counted]:
    documents: dict[str, set[str]] = defaultdict(set)
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    for each in tellings:  # in the order of time
        documents[each.story].add(each.document)
        first.setdefault(each.story, each.at)
        last[each.story] = each.at
    return [Counted(story, len(ids), first[story], last[story]) for story, ids in documents.items()]


def _plain(found: Any) -> list[dict[str, Any]]:
    return [] if found is None else found.to_pylist()


def _read(row: dict[str, Any]) -> dict[str, Any] | None:
    opinion = decode_opinion(row["value"])
    if not isinstance(opinion, Opinion):
        return None
    part = contribution(opinion)
    told = {name: getattr(opinion, name) for name in ("story", "source", "author", "item", "language")}
    return row | told | {"weight": part.weight, "score": part.score}


def _once(rows: Iterable[dict[str, Any]]) -> list[Telling]:
    first: dict[tuple[str, str], tuple[tuple[Any, ...], dict[str, Any]]] = {}
    for row in rows:
        name, place = (row["document_id"], row["company"]), tuple(row[column] for column in _PLACE)
        if name not in first or place < first[name][0]:
            first[name] = (place, row)
    return sorted(
        Telling(
            row["available_at"],
            row["document_id"],
            row["company"],
            row["story"],
            row["channel"],
            class_of_former(row["event"], row["language"]),
            *(row[name] for name in ("source", "author", "item", "weight", "score")),
        )
        for _, row in first.values()
    )
