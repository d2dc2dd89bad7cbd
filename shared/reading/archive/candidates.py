"""What a question may be answered with: rows that hold its words, or are near in meaning, and pass its filters.

Which they are follows from the rows alone: an index only finds them faster. Where there are more than can be scored,
the newest are taken (words) or those with the nearest signs (meaning), ties by id.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from shared.contract.archive import DOCUMENTS, OPINIONS, READINGS, signs_of
from shared.reading.archive.tables import EVERYTHING, ArchiveTables, NoArchive, all_of, any_of, everything

SCORED: Final = 1_000  # documents that are scored exactly, at most


class Candidates(NamedTuple):
    """Ids, and how many there were before the cut."""

    ids: list[str]
    matches: int


def with_words(tables: ArchiveTables, words: Sequence[str], where: str, opinions: str) -> Candidates:
    """Documents that hold all of these words (none: every document). `opinions`: a condition that one has to meet."""
    from lancedb.query import FullTextOperator, MatchQuery

    try:
        table = tables.pinned(DOCUMENTS)
    except NoArchive:
        return Candidates([], 0)
    asked = all_of("document_id IS NOT NULL", where)
    if words:
        match = MatchQuery(" ".join(words), "words", operator=FullTextOperator.AND)  # type: ignore[call-arg]
        found = _indexed(table, match, asked)
    else:
        found = everything(table.search().where(asked).select(["document_id", "available_at"]).limit(EVERYTHING))
    return _newest(_heard(tables, found, opinions))


def _indexed(table: Any, match: Any, where: str) -> Any:
    """The rows that match; looked through one by one where nothing is indexed yet."""
    columns = ["document_id", "available_at"]
    if any("words" in index.columns for index in table.list_indices()):
        query = table.search(match, query_type="fts").where(where, prefilter=True)
        return query.select([*columns, "_score"]).limit(EVERYTHING).to_arrow()
    import pyarrow as pa

    rows = everything(table.search().where(where).select([*columns, "words"]).limit(EVERYTHING))
    wanted = set(match.query.split())
    keep = [wanted.issubset(text.split(" ")) for text in rows.column("words").to_pylist()]
    return rows.filter(pa.array(keep, pa.bool_()))  # also where there are none


def near(tables: ArchiveTables, embedding: bytes, where: str, opinions: str) -> Candidates:
    """Documents whose embedding has the most signs in common with this one. `where` names a model: what has none, has
    no embedding either."""
    import numpy as np

    try:
        table = tables.pinned(READINGS)
    except NoArchive:
        return Candidates([], 0)
    columns = ["document_id", "bits"] if opinions else ["bits"]  # names of all are read where each has to be looked up
    found = everything(table.search().where(where).with_row_id(True).select(columns).limit(EVERYTHING))
    signs = np.frombuffer(signs_of(embedding), np.uint8)
    if not found.num_rows or not signs.size:
        return Candidates([], 0)
    found = _heard(tables, found, opinions)
    rows = _matrix(found.column("bits"), signs.size)
    if rows is None:
        return Candidates([], 0)
    apart = _apart(rows, signs)
    last = min(4 * SCORED, len(apart)) - 1
    cut = np.partition(apart, last)[last]  # of equally near ones the lower ids: all of them have to be looked at
    near_ones = np.flatnonzero(apart <= cut)
    places = found.column("_rowid").take(near_ones).to_pylist()
    named = table.take_row_ids(places).with_row_id().select(["document_id"]).to_arrow()
    names = dict(zip(named.column("_rowid").to_pylist(), named.column("document_id").to_pylist(), strict=True))
    ranked = sorted(zip(apart[near_ones].tolist(), (names[place] for place in places), strict=True))
    ids = list(dict.fromkeys(name for _, name in ranked))
    return Candidates(ids[:SCORED], len(ids))


def _apart(rows: Any, signs: Any) -> Any:
    """How many signs of each row are other ones."""
    import numpy as np

    if signs.size % 8 == 0:  # eight bytes at once
        rows, signs = np.ascontiguousarray(rows).view(np.uint64), signs.view(np.uint64)
    return np.bitwise_count(rows ^ signs).sum(axis=1, dtype=np.int64)


def _matrix(column: Any, width: int) -> Any:
    """A column of equally long bytes as rows of numpy, without a copy of each; None where there is none, or of another
    length (a model's own)."""
    import numpy as np

    values = column.combine_chunks()
    if not len(values):
        return None
    _, offsets, data = values.buffers()
    ends = np.frombuffer(offsets, np.int32)[values.offset : values.offset + len(values) + 1]
    if (np.diff(ends) != width).any():
        return None
    return np.frombuffer(data, np.uint8)[ends[0] : ends[-1]].reshape(len(values), width)


def products(embeddings: Sequence[bytes], asked: bytes) -> list[int]:
    """The product of each embedding with the one that is asked about, exact; 0 for one of another length."""
    import numpy as np

    fitting = [place for place, each in enumerate(embeddings) if len(each) == len(asked)]
    found = [0] * len(embeddings)
    if fitting:
        rows = np.frombuffer(b"".join(embeddings[place] for place in fitting), np.int8).reshape(len(fitting), -1)
        sums = rows.astype(np.int64) @ np.frombuffer(asked, np.int8).astype(np.int64)
        for place, value in zip(fitting, sums.tolist(), strict=True):
            found[place] = value
    return found


def _heard(tables: ArchiveTables, found: Any, opinions: str) -> Any:
    """Only those of which there is an opinion that meets the condition."""
    if not opinions:
        return found
    from pyarrow import compute

    heard = tables.rows(OPINIONS, ["document_id"], opinions)
    if heard is None:
        return found.slice(0, 0)
    ids = heard.column("document_id").combine_chunks()
    return found.filter(compute.is_in(found.column("document_id"), value_set=ids))


def _newest(found: Any) -> Candidates:
    """The newest by (available_at, id), each id once."""
    import pyarrow as pa
    from pyarrow import compute

    once = found.select(["document_id", "available_at"]).group_by("document_id").aggregate([("available_at", "min")])
    order = [("available_at_min", "descending"), ("document_id", "ascending")]
    if once.num_rows > SCORED:
        kept: pa.Table = once.take(compute.select_k_unstable(once, SCORED, sort_keys=order))
    else:
        kept = once.sort_by(order)
    return Candidates(kept.column("document_id").to_pylist(), once.num_rows)


def rows_of(tables: ArchiveTables, name: str, ids: Sequence[str], columns: Sequence[str], where: str = "") -> list[Any]:
    """The rows of these documents, in the order of the log: the first of each is the one that counts."""
    if not ids:
        return []
    columns = list(dict.fromkeys([*columns, "document_id", "topic_id", "partition", "offset", "appended_at"]))
    found = tables.rows(name, columns, all_of(any_of("document_id", ids), where))
    if found is None:
        return []
    return sorted(
        found.to_pylist(), key=lambda row: (row["appended_at"], row["topic_id"], row["partition"], row["offset"])
    )


def deletions(tables: ArchiveTables, items: Sequence[str]) -> dict[str, int]:
    """When items were deleted at their source, microseconds; of those that were. They lie under the items' names."""
    rows = rows_of(tables, DOCUMENTS, [f"-{item}" for item in items if item], ["available_at"])
    return {row["document_id"][1:]: row["available_at"] for row in rows}
