"""What people said of the model's answers, as labelled sets: written from the archive, to learn from and to measure by.

A folder holds `SET/train.csv`, `SET/dev.csv` and `SET/held.csv` of each of SETS. A story is on one side of the split
for ever, by its key: a quarter is held back, so that no model has learnt from what it is measured by.
"""

from __future__ import annotations

import csv
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Final, Literal, NamedTuple, get_args

from services.scoring.linking.linker import Linker
from services.training.data.datasets import Example, load_examples
from services.training.data.overlap import scan
from services.training.data.tables import read_table
from services.training.errors import DataError
from shared.clients.state_folder import whole_files
from shared.clock import to_datetime
from shared.contract.events import MARKET, Document
from shared.contract.feedback.label import Asked, Label
from shared.contract.feedback.resolution import Resolution, resolutions
from shared.event_classes.classes import EVENT_CLASSES
from shared.reading.archive.candidates import deletions
from shared.reading.archive.tables import ArchiveTables
from shared.reading.deleted import is_gone
from shared.reading.review.shown import documents_of
from shared.story import story_of

Split = Literal["train", "dev", "held"]
SPLITS: Final[tuple[Split, ...]] = get_args(Split)
COMPANIES: Final = "feedback_companies"  # text, entity, label: how a text speaks of a company
TEXTS: Final = "feedback_texts"  # text, label: how it speaks as a whole
EVENTS: Final = "feedback_events"  # text, label: the event that it tells
LINKS: Final = "feedback_links"  # text, said, label: whom it is about; nothing learns from it
SETS: Final = (COMPANIES, TEXTS, EVENTS)
_EIGHTHS: Final[tuple[Split, ...]] = ("held", "held", "dev", "train", "train", "train", "train", "train")


@dataclass(frozen=True)
class Row:
    """One question with its answer. `said`: the model's answer when it was looked at, by the model of this id."""

    text: str  # as a model reads it
    entity: str  # as the text calls the company; "" where it does not
    label: str
    second: str
    company: str
    said: str
    model: str
    state: str
    reviewers: int
    document_id: str


class Collected(NamedTuple):
    """Rows by set and split, and how many questions were left out, by reason."""

    rows: dict[tuple[str, Split], list[Row]]
    left_out: Counter[str]

    @property
    def total(self) -> int:
        return sum(len(rows) for rows in self.rows.values())


def split_of(story: str) -> Split:
    """By the CRC-32 of the story's key: anyone can compute it again."""
    return _EIGHTHS[zlib.crc32(story.encode()) % len(_EIGHTHS)]


def collect(tables: ArchiveTables, labels: Iterable[Label], linker: Linker) -> Collected:
    """Every question that has an answer, with its text. Raises NoArchive."""
    known = list(labels)
    latest = {label.asked: label for label in sorted(known, key=lambda each: (each.at, each.id))}
    found = Collected({(name, split): [] for name in (*SETS, LINKS) for split in SPLITS}, Counter())
    settled = _settled(resolutions(known), found.left_out)
    documents = documents_of(tables, sorted({asked.document_id for asked in settled}))
    gone = deletions(tables, sorted({each.item for each in documents.values()} - {""}))
    for asked, resolution in settled.items():
        document = documents.get(asked.document_id)
        if document is None:
            found.left_out["not in the archive"] += 1
        elif is_gone(document.item, document.available_at, gone):
            found.left_out["deleted at the source"] += 1
        else:
            place = _set_of(asked), split_of(story_of(document))
            found.rows[place].append(_row(document, resolution, latest[asked], linker))
    return found


def _settled(known: Mapping[Asked, Resolution], left_out: Counter[str]) -> dict[Asked, Resolution]:
    settled = {}
    for asked, found in known.items():
        if not found.settled:
            left_out["disputed" if found.state == "disputed" else "nobody could tell"] += 1
        elif asked.aspect == "event" and found.answer not in EVENT_CLASSES:
            left_out["a class of another model"] += 1
        else:
            settled[asked] = found
    return settled


def _set_of(asked: Asked) -> str:
    if asked.aspect == "sentiment":
        return TEXTS if asked.company == MARKET else COMPANIES
    return EVENTS if asked.aspect == "event" else LINKS


def _row(document: Document, found: Resolution, label: Label, linker: Linker) -> Row:
    day = to_datetime(document.available_at).date()
    linked = linker.link(document.text, document.title, document.companies, day)
    spans = next((each.spans for each in linked.links if each.company == found.asked.company), ())
    return Row(
        text=linked.text,
        entity=linked.text[slice(*spans[0])] if spans else "",
        label=found.answer,
        second="",
        company=found.asked.company,
        said=label.said,
        model=label.model,
        state=found.state,
        reviewers=found.voters,
        document_id=document.id,
    )


def write(found: Collected, folder: Path) -> None:
    """Every file, those without rows, too: none of an earlier time stays."""
    names = [field.name for field in fields(Row)]
    with whole_files(folder) as draft:
        for (name, split), rows in found.rows.items():
            path = draft / name / f"{split}.csv"
            path.parent.mkdir(exist_ok=True)
            with path.open("w", newline="", encoding="utf-8") as out:
                writer = csv.DictWriter(out, names)
                writer.writeheader()
                writer.writerows(asdict(row) for row in rows)


def sets_with(folder: Path, split: Split) -> list[str]:
    """The sets that have rows of this split. Raises DataError for a folder that is no export."""
    missing = [name for name in SETS if not (folder / name / f"{split}.csv").is_file()]
    if missing:
        raise DataError(f"--feedback {folder}: has no {missing[0]}/{split}.csv; make it: bellwether feedback export")
    return [name for name in SETS if _has_rows(folder / name / f"{split}.csv")]


def _has_rows(path: Path) -> bool:
    with path.open(encoding="utf-8") as file:
        return next(file, None) is not None and next(file, None) is not None


def learnt_from(folder: Path, evaluation: Iterable[str]) -> list[Example]:
    """The rows to learn from, without those that are (nearly) an evaluation text, or one of the rows apart."""
    examples = [example for name in sets_with(folder, "train") for example in load_examples(folder, name, "train")]
    apart = [
        text
        for split in ("dev", "held")
        for name in sets_with(folder, split)
        for text in read_table(folder / name / f"{split}.csv", ["text"])["text"]
    ]
    overlap = scan([example.text for example in examples], [*evaluation, *apart])
    return [each for row, each in enumerate(examples) if row not in overlap.exact | overlap.near]
