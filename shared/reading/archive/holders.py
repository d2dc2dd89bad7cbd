"""Which documents hold a phrase: exact, by the index where there is one, else by looking through every text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from shared.contract.archive import DOCUMENTS
from shared.reading.archive.tables import EVERYTHING, ArchiveTables, all_of, everything

_FOUND: Final = ("document_id", "available_at")


class Holders:
    """Of one version of the table. `where`: a condition on its rows."""

    def __init__(self, tables: ArchiveTables, where: str) -> None:
        self._table = tables.pinned(DOCUMENTS)
        self._where = all_of("document_id IS NOT NULL", where)
        self._indexed = any("words" in index.columns for index in self._table.list_indices())
        self._texts: list[tuple[str, int, str]] | None = None

    def count(self) -> int:
        """How many rows there are."""
        return int(self._table.count_rows(self._where))

    def of(self, phrases: Iterable[str]) -> dict[str, int]:
        """Documents with all words of one of these phrases (as words_of cuts them), whatever their order: id -> when
        it became available."""
        single = [phrase for phrase in phrases if " " not in phrase]
        several = [phrase for phrase in phrases if " " in phrase]
        if not self._indexed:
            return self._looked_through(single, several)
        found = self._asked(" ".join(single), all_words=False) if single else {}
        for phrase in several:
            found |= self._asked(phrase, all_words=True)
        return found

    def _asked(self, words: str, *, all_words: bool) -> dict[str, int]:
        from lancedb.query import FullTextOperator, MatchQuery

        operator = FullTextOperator.AND if all_words else FullTextOperator.OR
        match: Any = MatchQuery(words, "words", operator=operator)  # type: ignore[call-arg]
        query = self._table.search(match, query_type="fts").where(self._where, prefilter=True)
        rows = query.select([*_FOUND, "_score"]).limit(EVERYTHING).to_arrow()
        return dict(zip(*(rows.column(name).to_pylist() for name in _FOUND), strict=True))

    def _looked_through(self, single: list[str], several: list[str]) -> dict[str, int]:
        if self._texts is None:
            columns = [*_FOUND, "words"]
            rows = everything(self._table.search().where(self._where).select(columns).limit(EVERYTHING))
            self._texts = list(zip(*(rows.column(name).to_pylist() for name in columns), strict=True))
        any_of, all_in = set(single), [set(phrase.split()) for phrase in several]
        found = {}
        for name, at, text in self._texts:
            words = set(text.split(" "))
            if not words.isdisjoint(any_of) or any(each <= words for each in all_in):
                found[name] = at
        return found
