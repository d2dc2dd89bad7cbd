"""Labelled sets as examples: a text, the companies in it with their sentiment, its own sentiment, its event class.

Reads the folders of ``../shared/data/labelled`` (``train.csv``, ``dev.csv``; columns text, polarity | label, entity).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from services.model.interface import Span
from services.model.opinion_model import EVENTS, EVENTS_OF_TFNS_TOPIC, SENTIMENTS
from services.training.data.mentions import find_mentions
from services.training.data.overlap import Overlap, scan
from services.training.data.topics import PLAIN, event_of
from services.training.errors import DataError

DEFAULT_LABELLED = Path("../shared/data/labelled")
MINI_SETS = ("tfns_sentiment", "tfns_topic", "sentfin", "finentity")
DOCUMENT_SETS = ("tfns_sentiment", "fpb", "zh_news_titles", "zh_finfe", "zh_guba_posneg")  # judged by the whole text
UNLABELLED = -1
CASHTAG = re.compile(r"\$[A-Z][A-Z.]{0,5}\b")
_CASHTAG_WEIGHT = 0.5  # a tweet's own label, given to its only cashtag: usually right, not always
_HEADLINE_WEIGHT = 0.3  # a headline's only sentiment, given to the headline as a whole
_NOT_NEGATIVE_WEIGHT = 0.3  # FinNSP's "not negative" taken for neutral: right oftener than not


@dataclass(frozen=True)
class Company:
    """A company in a text: its mention spans (empty: not named), its sentiment (index), its weight in the loss."""

    spans: tuple[Span, ...]
    sentiment: int
    weight: float = 1.0


@dataclass(frozen=True)
class Example:
    """One text to learn from. ``document`` and ``event`` are class indices, or UNLABELLED."""

    text: str
    source: str
    companies: tuple[Company, ...] = ()
    document: int = UNLABELLED
    document_weight: float = 1.0
    event: int = UNLABELLED
    event_weight: float = 1.0


def read_table(path: Path, columns: Iterable[str]) -> pd.DataFrame:
    """A CSV file as strings; raises DataError when it is absent, empty, not CSV, or lacks one of ``columns``."""
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        if len(table.columns) == 1:  # there a blank line is an empty text, and a row like any other
            table = pd.read_csv(path, dtype=str, keep_default_na=False, skip_blank_lines=False).fillna("")
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: not a CSV file with a header ({error})") from None
    if not isinstance(table.index, pd.RangeIndex):  # pandas takes a field too many for a name of the row
        raise DataError(f"{path}: rows have more fields than the header; a text with a comma in it needs quotes")
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise DataError(f"{path}: no column {', '.join(missing)}; it has {', '.join(table.columns)}")
    if table.empty:
        raise DataError(f"{path}: has a header and no rows")
    return table


def load_examples(labelled: Path, name: str, split: str) -> list[Example]:
    """One split of one set; training rows that nearly repeat a test row (``near_test``) are left out."""
    path = labelled / name / f"{split}.csv"
    table = read_table(path, ["text", "label"])
    if split == "train" and "near_test" in table:
        table = table[table["near_test"] == "0"]
    if name in _READERS:
        return _READERS[name](table, name, path)
    if "entity" in table:
        return _company_examples(table, name, path)
    return [_document_example(text, _sentiment(polarity, path), name) for text, polarity in _pairs(table, path)]


def training_examples(
    labelled: Path, names: Sequence[str], *, strict: bool = True
) -> tuple[list[Example], dict[str, Overlap], int]:
    """Training rows of the sets, less those in any dev file there (``strict``: nor nearly in one).

    Returns the examples, the overlap of each set before the cut, and how many rows were cut.
    """
    evaluation = evaluation_texts(labelled)
    kept: list[Example] = []
    overlaps, cut = {}, 0
    for name in names:
        examples = load_examples(labelled, name, "train")
        overlap = scan([example.text for example in examples], evaluation)
        out = overlap.exact | (overlap.near if strict else frozenset())
        kept += [example for row, example in enumerate(examples) if row not in out]
        overlaps[name] = overlap
        cut += len(out)
    return kept, overlaps, cut


def evaluation_texts(labelled: Path) -> list[str]:
    """The texts of every dev file there."""
    return [text for path in sorted(labelled.glob("*/dev.csv")) for text in read_table(path, ["text"])["text"]]


def _pairs(table: pd.DataFrame, path: Path) -> Iterable[tuple[str, str]]:
    if "polarity" not in table:
        raise DataError(f"{path}: no column polarity; it has {', '.join(table.columns)}")
    return zip(table["text"], table["polarity"], strict=True)


def _sentiment(polarity: str, path: Path) -> int:
    if polarity not in SENTIMENTS:
        raise DataError(f"{path}: unknown polarity {polarity!r}; known are {', '.join(SENTIMENTS)}")
    return SENTIMENTS.index(polarity)


def _event_examples(table: pd.DataFrame, name: str, path: Path) -> list[Example]:
    """Topics of former versions; those that say nothing plain in the classes of now are left out."""
    unknown = sorted(set(table["label"]) - set(EVENTS_OF_TFNS_TOPIC))
    if unknown:
        raise DataError(f"{path}: unknown topic {unknown[0]!r}; known are {', '.join(EVENTS_OF_TFNS_TOPIC)}")
    events = [PLAIN.get(EVENTS_OF_TFNS_TOPIC[label]) for label in table["label"]]
    return [
        Example(text, name, event=EVENTS.index(event))
        for text, event in zip(table["text"], events, strict=True)
        if event is not None
    ]


def _document_example(text: str, sentiment: int, name: str) -> Example:
    tags = {match[0] for match in CASHTAG.finditer(text)}
    companies: tuple[Company, ...] = ()
    if len(tags) == 1:
        spans = tuple(match.span() for match in CASHTAG.finditer(text))
        companies = (Company(spans, sentiment, _CASHTAG_WEIGHT),)
    return Example(text, name, companies, document=sentiment)


def _company_examples(table: pd.DataFrame, name: str, path: Path) -> list[Example]:
    examples = []
    for text, rows in _grouped(table.to_dict("records"), "text").items():
        companies = _companies(text, rows, path)
        example = Example(text, name, companies)
        sentiments = {company.sentiment for company in companies}
        if len(sentiments) == 1:
            example = replace(example, document=sentiments.pop(), document_weight=_HEADLINE_WEIGHT)
        examples.append(example)
    return examples


def _grouped(rows: Iterable[dict[str, str]], column: str) -> dict[str, list[dict[str, str]]]:
    """Rows by what they have in a column, in the order of the first of each (pandas makes a table of every group)."""
    groups: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        groups.setdefault(row[column], []).append(row)
    return groups


def _companies(text: str, rows: list[dict[str, str]], path: Path) -> tuple[Company, ...]:
    """One company per name; a name whose places have different labels is taken place by place."""
    companies = []
    for entity, group in _grouped(rows, "entity").items():
        sentiments = [_sentiment(row["polarity"], path) for row in group]
        if "start" in group[0]:
            spans = [(int(row["start"]), int(row["end"])) for row in group]
        else:
            spans = list(find_mentions(text, entity))
        if len(set(sentiments)) == 1:
            companies.append(Company(tuple(spans), sentiments[0]))
        else:
            companies += [Company((span,), label) for span, label in zip(spans, sentiments, strict=False)]
    return tuple(companies)


def _title_examples(table: pd.DataFrame, name: str, path: Path) -> list[Example]:
    """Chinese company news: the title's sentiment is the company's, and the document's own."""
    examples = _company_examples(table.rename(columns={"company": "entity"}), name, path)
    return [replace(example, document_weight=1.0) for example in examples]


def _subject_examples(table: pd.DataFrame, name: str, _: Path) -> list[Example]:
    events = [event_of(name, label.split("|")) for label in table["label"]]  # FinNL joins a text's subjects
    return [
        Example(text, name, event=event) for text, event in zip(table["text"], events, strict=True) if event is not None
    ]


def _risk_examples(table: pd.DataFrame, name: str, _: Path) -> list[Example]:
    examples = []
    for text, rows in table.groupby("text", sort=False):
        event = event_of(name, rows["label"])
        if event is not None:
            examples.append(Example(str(text), name, event=event))
    return examples


def _negative_examples(table: pd.DataFrame, name: str, path: Path) -> list[Example]:
    """FinNSP: of the companies named in a negative text, the key ones are the negative ones."""
    negative, neutral = (_sentiment(label, path) for label in ("negative", "neutral"))
    examples = []
    for row in table.to_dict("records"):
        keys = set(row["key_entities"].split(";")) if row["label"] == "negative" else set()
        companies = []
        for entity in sorted({*row["entities"].split(";"), *keys} - {""}):
            key = entity in keys
            if spans := find_mentions(row["text"], entity):
                companies.append(Company(spans, negative if key else neutral, 1.0 if key else _NOT_NEGATIVE_WEIGHT))
        document = negative if row["label"] == "negative" else UNLABELLED
        examples.append(Example(row["text"], name, tuple(companies), document, document_weight=_HEADLINE_WEIGHT))
    return examples


_READERS: dict[str, Callable[[pd.DataFrame, str, Path], list[Example]]] = {
    "tfns_topic": _event_examples,
    "zh_news_titles": _title_examples,
    "zh_finnl_topics": _subject_examples,
    "zh_finese_events": _risk_examples,
    "zh_finnsp_negative": _negative_examples,
}
