"""How much was written in each stretch of time, and in which tone: exact, from archived documents and opinions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Final

from shared.contract.archive import OPINIONS
from shared.contract.events import InvalidMessage, Opinion, decode_opinion
from shared.reading.archive.tables import ArchiveTables, all_of, any_of

_FEW_DAYS: Final = 14  # a stretch of at most so many is told by the day
_FEW_WEEKS: Final = 100  # of at most so many days, by the week


def period_of(day: date, first: date, last: date) -> str:
    """The day, the Monday of its week, or the month, as long as the whole is."""
    length = (last - first).days
    if length <= _FEW_DAYS:
        return f"{day}"
    return f"{day - timedelta(days=day.weekday())}" if length <= _FEW_WEEKS else f"{day:%Y-%m}"


def tones(
    tables: ArchiveTables, companies: Iterable[str], where: str, behind: Mapping[str, list[str]]
) -> dict[str, float]:
    """Period -> the mean of what the opinions on these companies say (-1 to 1). `behind`: period -> document ids."""
    condition = all_of("kind = 'opinion'", any_of("company", companies), where)
    found = tables.rows(OPINIONS, ["document_id", "value"], condition)
    said: dict[str, dict[str, int]] = defaultdict(dict)
    for row in found.to_pylist() if found is not None else ():
        try:
            opinion = decode_opinion(row["value"])
        except InvalidMessage:
            continue
        if isinstance(opinion, Opinion) and not opinion.dropped:
            said[row["document_id"]][opinion.company] = opinion.positive - opinion.negative
    means = {}
    for period, names in behind.items():
        scores = [score for name in names for score in said.get(name, {}).values()]
        if scores:
            means[period] = round(sum(scores) / len(scores) / 1_000_000, 3)
    return means
