"""Labelled sets as examples: a text, the companies in it with their sentiment, its own sentiment, its event class.

Reads the folders of ``../shared/data/labelled`` (``train.csv``, ``dev.csv``; columns text, polarity | label, entity).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from services.model.interface import Span
from services.model.opinion_model import EVENTS, EVENTS_OF_TFNS_TOPIC, ROLES, SENTIMENTS
from services.training.data.figures import figure_rows
from services.training.data.found import found_texts
from services.training.data.mentions import find_mentions
from services.training.data.overlap import Overlap, scan
from services.training.data.tables import read_table
from services.training.data.topics import PLAIN, event_of
from services.training.errors import DataError

DEFAULT_LABELLED = Path("../shared/data/labelled")
OWN = Path(__file__).resolve().parents[3] / "labelled"  # the repository's own texts, written for it
MINI_SETS = ("tfns_sentiment", "tfns_topic", "sentfin", "finentity")
DOCUMENT_SETS = ("tfns_sentiment", "fpb", "zh_news_titles", "zh_finfe", "zh_guba_posneg")  # judged by the whole text
_STRETCH = 15  # texts of our own that stay on one side of a split
FOUND_SETS = ("found_events", "found_research", "found_roles")  # events and roles that we gave to texts of other sets
FIGURES = "own_figures"  # drawn, not read: a figure beside another one, about the companies of `own_hard`
ROLE_SETS = ("own_roles", "found_roles")  # that also teach the part that a company plays, and rumours
UNLABELLED = -1
CASHTAG = re.compile(r"\$[A-Z][A-Z.]{0,5}\b")
_CASHTAG_WEIGHT = 0.5  # a tweet's own label, given to its only cashtag: usually right, not always
_HEADLINE_WEIGHT = 0.3  # a headline's only sentiment, given to the headline as a whole
_NOT_NEGATIVE_WEIGHT = 0.3  # FinNSP's "not negative" taken for neutral: right oftener than not


@dataclass(frozen=True)
class Company:
    """A company in a text: its mention spans (empty: not named), its sentiment (index) and its weight in the loss, the
    part that it plays in the event (index into ROLES).
    """

    spans: tuple[Span, ...]
    sentiment: int = UNLABELLED
    weight: float = 1.0
    role: int = UNLABELLED


@dataclass(frozen=True)
class Example:
    """One text to learn from. ``document``, ``event``, ``second`` (a second event) and ``rumour`` (0, 1) are class
    indices, or UNLABELLED.
    """

    text: str
    source: str
    companies: tuple[Company, ...] = ()
    document: int = UNLABELLED
    document_weight: float = 1.0
    event: int = UNLABELLED
    event_weight: float = 1.0
    second: int = UNLABELLED
    rumour: int = UNLABELLED


def load_examples(labelled: Path, name: str, split: str) -> list[Example]:
    """One split of one set; training rows that nearly repeat a test row (``near_test``) are left out."""
    path = _path(labelled, name, split)
    if (name, split) == (FIGURES, "train"):
        return _hard_examples(figure_rows(sorted(set(read_table(path, ["entity"])["entity"]))), name, path)
    table = _found(path, labelled, name) if name in FOUND_SETS else read_table(path, _required(name))
    if split == "train" and "near_test" in table:
        table = table[table["near_test"] == "0"]
    if name == "own_roles":
        table = table[_third(table["text"]) == (split == "train")]
    if name in _READERS:
        return _READERS[name](table, name, path)
    if "polarity" not in table:  # a set of one's own: text, label[, entity], as `evaluate` and `predict` have it
        table = table.assign(polarity=table["label"].str.strip().str.lower())
    if "entity" in table:
        return _company_examples(table, name, path)
    return [_document_example(text, _sentiment(polarity, path), name) for text, polarity in _pairs(table, path)]


def _required(name: str) -> list[str]:
    return ["text"] if name in _UNNAMED_LABELS else ["text", "label"]


def _found(path: Path, labelled: Path, name: str) -> pd.DataFrame:
    """The rows whose licence the set allows and whose texts are at hand, with them; raises DataError for none."""
    table = read_table(path, ["key", "licence"])
    research = name == "found_research"
    table = table[(table["licence"] == "open") | research]
    texts = found_texts(labelled, frozenset(table["key"]), research=research)
    table = table[table["key"].isin(texts)]
    if table.empty:
        raise DataError(f"--sets {name}: none of its texts are under {labelled}; they are those of other sets there")
    return table.assign(text=table["key"].map(texts))


def _path(labelled: Path, name: str, split: str) -> Path:
    if (name, split) in _OWN_SETS:
        return OWN / _OWN_SETS[name, split]
    return labelled / _FOLDERS.get(name, name) / f"{split}.csv"


def has_dev(labelled: Path, name: str) -> bool:
    """Whether the set has rows apart to measure on."""
    return _path(labelled, name, "dev").is_file()


def _third(texts: pd.Series[str]) -> pd.Series[bool]:
    """The rows of every third stretch of texts: those that differ in a few words stand side by side."""
    return texts.map({text: number // _STRETCH % 3 == 0 for number, text in enumerate(dict.fromkeys(texts))})


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


def _event_class_examples(table: pd.DataFrame, name: str, path: Path) -> list[Example]:
    """Texts with one of the event classes by its own name, and a second one where the text tells two."""
    free = name == "events" and path.stem == "train"  # what a model that is used for anything may learn from
    licensed = table["licence"] == "open" if free else [True] * len(table)
    return [
        Example(row["text"], name, event=_event(row["label"], path), second=_event(row["second"], path))
        for row, free in zip(table.to_dict("records"), licensed, strict=True)
        if free
    ]


def _event(label: str, path: Path) -> int:
    if not label:
        return UNLABELLED
    if label not in EVENTS:
        raise DataError(f"{path}: unknown event {label!r}; known are {', '.join(EVENTS)}")
    return EVENTS.index(label)


def _hard_examples(table: pd.DataFrame, name: str, path: Path) -> list[Example]:
    """Companies' sentiments in sentences that are hard to read; our own rows name theirs `label`."""
    return _company_examples(table if "polarity" in table else table.rename(columns={"label": "polarity"}), name, path)


def _role_examples(table: pd.DataFrame, name: str, path: Path) -> list[Example]:
    """The part that each company plays, whether the text is a rumour, and its event; rows that two readers share."""
    agreed = table[table["role"] == table["second_reader_role"]]
    examples = []
    for text, rows in _grouped(agreed.to_dict("records"), "text").items():
        companies = tuple(Company(find_mentions(text, row["company"]), role=ROLES.index(row["role"])) for row in rows)
        rumour = (
            UNLABELLED if rows[0]["rumour"] != rows[0]["second_reader_rumour"] else int(rows[0]["rumour"] == "true")
        )
        examples.append(Example(text, name, companies, event=_event(rows[0]["event"], path), rumour=rumour))
    return examples


def _found_role_examples(table: pd.DataFrame, name: str, _: Path) -> list[Example]:
    """The part that each company plays, and whether the text is a rumour; its event is another set's."""
    return [
        Example(text, name, tuple(_found_companies(text, rows)), rumour=int(rows[0]["rumour"] == "true"))
        for text, rows in _grouped(table.to_dict("records"), "text").items()
    ]


def _found_companies(text: str, rows: list[dict[str, str]]) -> Iterator[Company]:
    for row in rows:
        if row["start"]:  # a text may name no company at all
            name = text[int(row["start"]) : int(row["end"])]
            yield Company(find_mentions(text, name), role=ROLES.index(row["role"]))


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
    "events": _event_class_examples,
    "events_research": _event_class_examples,
    "own_events": _event_class_examples,
    "feedback_events": _event_class_examples,
    "found_events": _event_class_examples,
    "found_research": _event_class_examples,
    "found_roles": _found_role_examples,
    "hard": _hard_examples,
    "adversarial": _hard_examples,
    "own_hard": _hard_examples,
    "own_roles": _role_examples,
    "zh_news_titles": _title_examples,
    "zh_finnl_topics": _subject_examples,
    "zh_finese_events": _risk_examples,
    "zh_finnsp_negative": _negative_examples,
}

_FOLDERS = {"events_research": "events"}  # all rows of it
_OWN_SETS = {
    ("own_events", "train"): "events.csv",
    ("found_events", "train"): "found.csv",
    ("found_research", "train"): "found.csv",
    ("found_roles", "train"): "found_roles.csv",
    ("own_hard", "train"): "sentiment.csv",
    ("own_figures", "train"): "sentiment.csv",
    ("own_roles", "train"): "roles.csv",
    ("own_roles", "dev"): "roles.csv",
}
_UNNAMED_LABELS = ("adversarial", "own_roles")  # their columns have names of their own
