"""Which documents hold a phrase: exact, by the index where there is one, else by looking through every text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from shared.contract.archive import DOCUMENTS
from shared.reading.archive.tables import EVERYTHING, ArchiveTables, all_of


class Holders:
    """Of one version of the table. `where`: a condition on its rows; deletions are no documents."""

    def __init__(self, tables: ArchiveTables, where: str) -> None:
        self._table = tables.pinned(DOCUMENTS)
        self._where = all_of("words != ''", where)
        self._indexed = any("words" in index.columns for index in self._table.list_indices())
        self._texts: list[tuple[str, str]] | None = None

    def count(self) -> int:
        """How many rows there are."""
        return int(self._table.count_rows(self._where))

    def of(self, phrases: Iterable[str]) -> set[str]:
        """Ids of documents with all words of one of these phrases (as words_of cuts them), whatever their order."""
        single = [phrase for phrase in phrases if " " not in phrase]
        several = [phrase for phrase in phrases if " " in phrase]
        if not self._indexed:
            return self._looked_through(single, several)
        found = self._asked(" ".join(single), all_words=False) if single else set()
        for phrase in several:
            found |= self._asked(phrase, all_words=True)
        return found

    def _asked(self, words: str, *, all_words: bool) -> set[str]:
        from lancedb.query import FullTextOperator, MatchQuery

        operator = FullTextOperator.AND if all_words else FullTextOperator.OR
        match: Any = MatchQuery(words, "words", operator=operator)  # type: ignore[call-arg]
        query = self._table.search(match, query_type="fts").where(self._where, prefilter=True)
        rows = query.select(["document_id", "_score"]).limit(EVERYTHING).to_arrow()
        return set(rows.column("document_id").to_pylist())

    def _looked_through(self, single: list[str], several: list[str]) -> set[str]:
        if self._texts is None:
            query = self._table.search().where(self._where).select(["document_id", "words"])
            rows = query.limit(EVERYTHING).to_arrow()
            self._texts = list(zip(*(rows.column(name).to_pylist() for name in ("document_id", "words")), strict=True))
        any_of, all_in = set(single), [set(phrase.split()) for phrase in several]
        found = set()
        for name, text in self._texts:
            words = set(text.split(" "))
            if not words.isdisjoint(any_of) or any(each <= words for each in all_in):
                found.add(name)
        return found
