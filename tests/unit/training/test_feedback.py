"""What people said as labelled sets: texts of the archive, one side of the split a story, nothing that is gone."""

from __future__ import annotations

import csv
from pathlib import Path

import msgspec
import pytest

from services.model.opinion_model import EVENTS as CLASSES
from services.model.opinion_model import SENTIMENTS
from services.training.data.datasets import Example, load_examples
from services.training.data.feedback import (
    COMPANIES,
    EVENTS,
    LINKS,
    SPLITS,
    TEXTS,
    collect,
    learnt_from,
    sets_with,
    split_of,
    write,
)
from services.training.errors import DataError
from shared.contract.events import Deletion, Document
from shared.contract.feedback.label import Asked, Label
from shared.reading.archive.tables import ArchiveTables
from shared.story import story_of
from tests import two_days
from tests.archived import archive_at
from tests.linking import LINKER
from tests.unit.review.questions import label

DOCUMENTS = two_days.documents()


def of(words: str) -> Document:
    return next(each for each in DOCUMENTS if words in each.title)


BOEING, APPLE = of("Boeing wins a large order"), of("Apple beats forecasts")


@pytest.fixture
def tables(tmp_path: Path) -> ArchiveTables:
    return archive_at(tmp_path / "archive", DOCUMENTS)


def said(document: Document, aspect: str, company: str, *votes: str) -> list[Label]:
    asked = Asked(document.id, aspect, company)  # type: ignore[arg-type]
    return [label(f"r{n}", vote, asked=asked, name=f"{asked}{n}") for n, vote in enumerate(votes)]


def one_of(folder: Path, name: str, split: str, document: Document) -> Example:
    """The one example of a document."""
    (found,) = [each for each in load_examples(folder, name, split) if each.text.startswith(document.title)]
    return found


def test_what_is_settled_is_written_and_read_again(tables: ArchiveTables, tmp_path: Path) -> None:
    labels = [
        *said(BOEING, "sentiment", "BA", "positive"),
        *said(BOEING, "event", "", "lawsuit"),
        *said(BOEING, "link", "BA", "none"),
        *said(APPLE, "sentiment", "AAPL", "neutral", "positive", "positive"),
        *said(APPLE, "sentiment", "_MARKET", "positive"),
        *said(APPLE, "event", "", "lawsuit", "dividend"),  # disputed
        *said(APPLE, "link", "AAPL", ""),  # could not tell
        *said(msgspec.structs.replace(APPLE, id="nosuch"), "sentiment", "AAPL", "neutral"),
    ]
    found = collect(tables, labels, LINKER)
    assert found.left_out == {"disputed": 1, "nobody could tell": 1, "not in the archive": 1}
    assert found.total == 5
    write(found, tmp_path / "out")
    boeing, apple = split_of(story_of(BOEING)), split_of(story_of(APPLE))
    example = one_of(tmp_path / "out", COMPANIES, boeing, BOEING)
    assert example.text.startswith(BOEING.title) and BOEING.text in example.text
    (company,) = example.companies
    assert SENTIMENTS[company.sentiment] == "positive"
    assert {example.text[slice(*span)] for span in company.spans} == {"Boeing"}
    event = one_of(tmp_path / "out", EVENTS, boeing, BOEING)
    assert CLASSES[event.event] == labels[1].answer
    whole = one_of(tmp_path / "out", TEXTS, apple, APPLE)
    assert SENTIMENTS[whole.document] == "positive"
    with (tmp_path / "out" / LINKS / f"{boeing}.csv").open(newline="") as file:
        (link,) = csv.DictReader(file)
    assert (link["company"], link["label"], link["entity"]) == ("BA", "none", "Boeing")
    with (tmp_path / "out" / COMPANIES / f"{apple}.csv").open(newline="") as file:
        decided = next(row for row in csv.DictReader(file) if row["document_id"] == APPLE.id)
    assert (decided["state"], decided["reviewers"], decided["label"]) == ("decided", "3", "positive")

    write(collect(tables, [], LINKER), tmp_path / "out")  # nothing of an earlier time stays
    assert all(sets_with(tmp_path / "out", split) == [] for split in SPLITS)


def test_what_is_gone_at_its_source_is_not_written(tmp_path: Path) -> None:
    gone = Deletion(item=BOEING.item, channel="news", source="s", deleted_at=BOEING.available_at + 1)
    tables = archive_at(tmp_path / "archive", [*DOCUMENTS, gone])
    labels = [*said(BOEING, "sentiment", "BA", "positive"), *said(APPLE, "sentiment", "AAPL", "positive")]
    found = collect(tables, labels, LINKER)
    assert found.left_out == {"deleted at the source": 1}
    assert [row.document_id for rows in found.rows.values() for row in rows] == [APPLE.id]


def test_a_story_is_on_one_side_and_a_quarter_is_held_back() -> None:
    splits = [split_of(f"{number:016x}") for number in range(4_000)]
    assert 0.22 < splits.count("held") / len(splits) < 0.28
    assert 0.10 < splits.count("dev") / len(splits) < 0.15
    copies = [each for each in DOCUMENTS if "Regulator opens a case" in each.title]
    assert len(copies) == 5 and len({split_of(story_of(each)) for each in copies}) == 1


def test_nothing_is_learnt_from_that_is_measured_by(tables: ArchiveTables, tmp_path: Path) -> None:
    labels = [each for document in DOCUMENTS for each in said(document, "sentiment", "BA", "positive")]
    write(collect(tables, labels, LINKER), tmp_path / "out")
    learnt = {example.text for example in learnt_from(tmp_path / "out", [])}
    held = {each.text for each in load_examples(tmp_path / "out", COMPANIES, "held")}
    assert learnt and held and learnt.isdisjoint(held)
    some = sorted(learnt)[0]
    assert {example.text for example in learnt_from(tmp_path / "out", [some])} == learnt - {some}
    with pytest.raises(DataError, match=r"has no feedback_companies/train.csv; make it: bellwether feedback export"):
        learnt_from(tmp_path, [])
