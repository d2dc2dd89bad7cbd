"""Made texts that tell a figure beside another one, or which way it went: the label follows from the arithmetic.

A few hundred written sentences do not teach a small encoder to compare two numbers, which are several tokens each; some
thousand drawn ones do. What more of a figure means (sales, or costs) stands with it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from services.model.opinion_model import SENTIMENTS

ROWS = 6_000
_SEED = 20261130
_EQUAL = 0.006  # a difference of up to this share is none
_PLAIN = 0.04  # from this share on it is one; nothing is drawn between


@dataclass(frozen=True)
class _Figure:
    """``good``: whether more of it is good news (1) or bad (-1). ``low`` to ``high`` in units of ``written``."""

    names: tuple[str, ...]
    good: int
    low: float
    high: float
    written: tuple[str, ...]
    digits: int


_MONEY = (
    "${}bn",
    "€{}bn",
    "£{}bn",
    "${}m",
    "€{}m",
    "£{}m",
    "{} billion euros",
    "{} million dollars",
    "SFr{}m",
    "¥{}bn",
)
_SHARE = ("{}%", "{} percent", "{} per cent", "{} %")
_COUNT = ("{}m", "{} million", "{},000", "{}k")
_COST = ("${}", "€{}", "{} cents", "{}p")
_FIGURES = (
    _Figure(("revenue", "sales", "turnover", "net revenue", "quarterly sales"), 1, 1.1, 980, _MONEY, 1),
    _Figure(("net profit", "profit", "operating profit", "EBITDA", "net income"), 1, 1.1, 900, _MONEY, 1),
    _Figure(("free cash flow", "order intake", "orders", "backlog", "net inflows"), 1, 1.1, 700, _MONEY, 1),
    _Figure(("EPS", "adjusted EPS", "earnings per share", "the dividend"), 1, 0.11, 9.9, _COST, 2),
    _Figure(("gross margin", "operating margin", "organic growth", "return on equity"), 1, 1.2, 62, _SHARE, 1),
    _Figure(("occupancy", "load factor", "the capital ratio", "market share"), 1, 11, 97, _SHARE, 1),
    _Figure(("subscribers", "paying users", "deliveries", "passengers", "units sold"), 1, 2, 990, _COUNT, 0),
    _Figure(("net loss", "operating loss", "cash burn", "the loss"), -1, 1.1, 900, _MONEY, 1),
    _Figure(("net debt", "bad-loan provisions", "net outflows", "writedowns"), -1, 1.1, 900, _MONEY, 1),
    _Figure(("churn", "the bad-loan ratio", "the vacancy rate", "the combined ratio"), -1, 1.2, 97, _SHARE, 1),
    _Figure(("unit costs", "cost per tonne", "all-in costs", "cost per barrel"), -1, 3, 99, _COST, 1),
    _Figure(("customer complaints", "recalled cars", "cancellations", "lost accounts"), -1, 2, 990, _COUNT, 0),
)
# {a}: what it is; {b}: what it was, or was thought to be; {f}: the figure, {F}: at the start of a sentence
_COMPARED = (
    "{c} {f} {a}, consensus {b}",
    "{c}: {f} {a} vs {b} expected",
    "{c} reports {f} of {a}; analysts expected {b}",
    "{c} Q{q} {f} {a} (est. {b})",
    "{F} at {c} came in at {a}. The poll had {b}.",
    "Analysts saw {f} at {b}; {c} delivered {a}.",
    "{c} posted {f} of {a} against the {b} that the market looked for",
    "The Street wanted {b} of {f} from {c} and got {a}.",
    "{c}'s {f}: {a}. Forecast: {b}.",
    "Expected {b}, reported {a}: {f} at {c}",
    "{c} {f} {a} v {b} forecast",
    "{c}'s {f} was {a}; a year earlier it was {b}.",
    "{F} at {c}: {b} last year, {a} this year",
    "{c} {f} {a} (year-ago {b})",
    "{c}, {f} in Q{q}: {a}, after {b} in the quarter before",
    "From {b} to {a}: {f} at {c}",
    "{F} of {a} at {c}, {b} twelve months ago",
    "{c} now guides to {f} of {a}, previously {b}",
    "{c} puts its full-year {f} at {a}; in spring it said {b}.",
    "Guidance for {f} at {c} is {a}; it had been {b}.",
    "{c} {f}: {b}, now {a}",
    "In brackets the year before: {c} {f} {a} ({b})",
    "{F} for the half year, {c}: {a} / prior {b}",
    "{c} had {f} of {b} in its plan and ended the year with {a}.",
)
_MOVED = {
    1: (
        "{F} up {d} at {c}",
        "{c}'s {f} rose {d}",
        "{c} reports {d} more in {f}",
        "{F} climbed at {c}",
        "A rise of {d} in {f} for {c}",
        "{c} sees {f} increasing",
        "{F} at {c} jumps",
        "{c}: {f} +{d}",
        "Higher {f} at {c}",
    ),
    -1: (
        "{F} down {d} at {c}",
        "{c}'s {f} fell {d}",
        "{c} reports {d} less in {f}",
        "{F} shrank at {c}",
        "A drop of {d} in {f} for {c}",
        "{c} sees {f} declining",
        "{F} at {c} eases",
        "{c}: {f} -{d}",
        "Lower {f} at {c}",
    ),
    0: (
        "{F} unchanged at {c}",
        "{c}'s {f} was flat",
        "{F} at {c} stays where it was",
        "{c}: {f} level with last year",
        "No change in {f} at {c}",
    ),
}


def figure_rows(companies: Sequence[str], rows: int = ROWS, seed: int = _SEED) -> pd.DataFrame:
    """Columns text, entity, label: ``rows`` distinct texts about the companies given. Seed and names decide them."""
    chance = random.Random(seed)
    found: dict[str, tuple[str, str]] = {}
    while len(found) < rows:
        company, figure = chance.choice(companies), chance.choice(_FIGURES)
        text, more = (_compared if chance.random() < 0.75 else _moved)(company, figure, chance)
        found[text] = company, SENTIMENTS[1 + more * figure.good]
    table = [(text, company, label) for text, (company, label) in found.items()]
    return pd.DataFrame(table, columns=["text", "entity", "label"])


def _compared(company: str, figure: _Figure, chance: random.Random) -> tuple[str, int]:
    """The text, and whether the figure is larger (1), smaller (-1) or the same (0)."""
    more = chance.choice((1, 1, -1, -1, 0))
    before = round(figure.low * (figure.high / figure.low) ** chance.random(), figure.digits)
    while True:
        apart = chance.choice((0.0, 0.0, _EQUAL)) if not more else more * min(0.9, _PLAIN + chance.expovariate(5))
        now = round(before * (1 + apart), figure.digits)
        found = 0 if abs(now / before - 1) <= _EQUAL else now / before - 1
        if now > 0 and (not more) == (not found) and (not more or abs(found) >= _PLAIN):
            break
        before = round(figure.low * (figure.high / figure.low) ** chance.random(), figure.digits)
    written = chance.choice(figure.written)
    return _filled(
        chance.choice(_COMPARED), company, figure, chance, a=_number(now, written), b=_number(before, written)
    ), more


def _number(value: float, written: str) -> str:
    return written.format(f"{value:.2f}" if written in _COST else f"{value:g}")


def _moved(company: str, figure: _Figure, chance: random.Random) -> tuple[str, int]:
    more = chance.choice((1, 1, -1, -1, 0))
    return _filled(chance.choice(_MOVED[more]), company, figure, chance, d=f"{chance.randint(2, 60)}%"), more


def _filled(template: str, company: str, figure: _Figure, chance: random.Random, **values: str) -> str:
    name = chance.choice(figure.names)
    start = name[0].upper() + name[1:]
    return template.format(c=company, f=name, F=start, q=chance.randint(1, 4), **values)
