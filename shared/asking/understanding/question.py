"""What a question asks for: its kind, the days, the companies, and the other things that an answer has to speak of.
Pure, given the catalogue.
"""

from __future__ import annotations

from datetime import date
from typing import Final, NamedTuple

from shared.asking.understanding.companies import companies_in
from shared.asking.understanding.concepts import Concept, of_chinese, of_companies, of_words
from shared.asking.understanding.kinds import Kind, follows, is_about_results, kind_of
from shared.asking.understanding.times import Days, read_times
from shared.universe.securities import Catalogue

MOST_CONCEPTS: Final = 24  # of a question


class Asked(NamedTuple):
    """A question as it is understood. `told`: the former question's part in it."""

    text: str
    kind: Kind
    day: date  # on which it is asked
    days: Days | None
    period: bool
    companies: tuple[str, ...]
    concepts: tuple[Concept, ...]
    rest: str  # the question without times
    results: bool = False  # of a quarter: what companies tell when it has ended


def understand(text: str, day: date, catalogue: Catalogue, former: Asked | None = None) -> Asked:
    """`former`: the question before it, in a conversation."""
    times = read_times(text, day)
    named = companies_in(times.rest, catalogue, day)
    concepts = [*of_companies(named, times.rest, catalogue), *of_words(times.rest, named), *of_chinese(times.rest)]
    companies = tuple(dict.fromkeys(each.id for each in named))
    kind = kind_of(text)
    days, period = times.days, times.period
    if former is not None and (not companies or follows(text)):
        companies = companies or former.companies
        known = {each.label.casefold() for each in concepts}
        concepts += [
            each._replace(weight=each.weight * (1.0 if each.company else 0.3), told=True)
            for each in former.concepts
            if each.label.casefold() not in known
        ]
    return Asked(
        text,
        kind,
        day,
        days,
        period,
        companies,
        tuple(concepts[:MOST_CONCEPTS]),
        times.rest,
        is_about_results(text),
    )
