"""Search over everything that was archived: by words, by meaning, or by both; filters are exact.

A document's score follows from its own text and the question alone, in micro-units, never from what else there is or
how far an index has come; equal scores are ordered by id. Texts are from outside: escape them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal, NamedTuple

from shared.contract.archive import DOCUMENTS, OPINIONS, READINGS, words_of
from shared.contract.events import MICRO, Channel, Document, Opinion, decode_document
from shared.contract.operation.metrics import ARCHIVE_SECONDS
from shared.contract.readings import SCALE
from shared.event_classes.selection import classes_wanted, recorded_as
from shared.measured import MEASURED
from shared.reading.archive.candidates import Candidates, deletions, near, products, rows_of, with_words
from shared.reading.archive.document import heard_of
from shared.reading.archive.tables import ArchiveTables, all_of, quoted
from shared.reading.deleted import is_gone

By = Literal["words", "meaning", "both"]
WAYS: Final[tuple[By, ...]] = ("words", "meaning", "both")
Label = Literal["positive", "neutral", "negative"]
LABELS: Final[tuple[Label, ...]] = ("positive", "neutral", "negative")
_HALF: Final = 1.2  # occurrences of a word at which it counts half
_LENGTH: Final = 60  # words of a text of ordinary length
_TOGETHER: Final = 0.25  # more, where the words stand together in their order
MAX_WORDS: Final = 32  # of a question


class Meaning(NamedTuple):
    """The question's embedding: of which model, in 8 bits, with its scale (shared/contract/readings.py)."""

    model: str
    embedding: bytes
    scale: int


class Question(NamedTuple):
    """What is searched. `begin` <= available_at < `end`; `known_before`: only what Kafka had taken by then (as of)."""

    text: str = ""
    meaning: Meaning | None = None
    by: By = "words"
    company: str = ""
    event: str = ""  # a class, or a group of classes
    sentiment: Label | Literal[""] = ""
    channel: Channel | Literal[""] = ""
    begin: int | None = None
    end: int | None = None
    known_before: int | None = None
    limit: int = 20
    after: tuple[int, str] | None = None  # (score, id) of the last one of the page before


class Found(NamedTuple):
    """One document with what was heard of it. Scores in micro-units; None where it was not asked."""

    document: Document
    score: int
    words: int | None
    meaning: int | None
    opinions: list[Opinion]


class Answer(NamedTuple):
    """The best, by (score, id). `matches` documents pass the filters and hold the words, or are near in meaning; of
    more than SCORED the newest, or the nearest by their signs, are scored."""

    found: list[Found]
    matches: int
    scored: int
    more: bool


@MEASURED.timed(ARCHIVE_SECONDS, "search")
def search(tables: ArchiveTables, question: Question) -> Answer:
    """Raises NoArchive where there is none, and ValueError for a question that asks for nothing."""
    words = list(dict.fromkeys(words_of(question.text)))[:MAX_WORDS]
    by_meaning = question.by != "words" and question.meaning is not None
    if question.by == "meaning" and not by_meaning:
        raise ValueError("nothing to compare meanings by: the running model gives no embeddings; search by words")
    tables.connection()
    span, heard = _span(question), _opinion_conditions(question)
    wording = Candidates([], 0) if question.by == "meaning" else with_words(tables, words, span, heard)
    alike = Candidates([], 0)
    if by_meaning and question.meaning is not None:
        model = f"model = {quoted(question.meaning.model)}"
        if question.channel:
            heard = all_of(heard, f"channel = {quoted(question.channel)}")
        alike = near(tables, question.meaning.embedding, all_of(_times(question), model), heard)
    ids = list(dict.fromkeys([*wording.ids, *alike.ids]))
    worded = _by_words(tables, words, ids) if words and question.by != "meaning" else {}
    meant = _by_meaning(tables, question.meaning, ids) if by_meaning and question.meaning is not None else {}
    ranked = sorted(_Scored(-(worded.get(name, 0) + meant.get(name, 0)), name) for name in ids)
    if question.after is not None:
        ranked = [each for each in ranked if each > (-question.after[0], question.after[1])]
    page = ranked[: question.limit]
    matches = max(wording.matches, len(ids) if by_meaning else 0)
    return Answer(_found(tables, page, worded, meant), matches, len(ids), len(ranked) > len(page))


class _Scored(NamedTuple):
    """In the order of answers."""

    less: int  # the score, negative
    id: str


def _times(question: Question) -> str:
    return all_of(
        f"available_at >= {question.begin}" if question.begin is not None else "",
        f"available_at < {question.end}" if question.end is not None else "",
        f"appended_at <= {question.known_before}" if question.known_before is not None else "",
    )


def _span(question: Question) -> str:
    return all_of(_times(question), f"channel = {quoted(question.channel)}" if question.channel else "")


def _opinion_conditions(question: Question) -> str:
    """What an opinion has to meet; "" where nothing is asked of opinions."""
    asked = {"company": question.company, "label": question.sentiment}
    conditions = all_of(*(f"{column} = {quoted(value)}" for column, value in asked.items() if value))
    if question.event:
        names = recorded_as(classes_wanted([question.event]))
        conditions = all_of(conditions, f"event IN ({', '.join(map(quoted, names))})")
    return all_of(conditions, _times(question)) if conditions else ""


def _by_words(tables: ArchiveTables, words: Sequence[str], ids: Sequence[str]) -> dict[str, int]:
    scores: dict[str, int] = {}
    for name, row in _first(rows_of(tables, DOCUMENTS, ids, ["value", "words"])).items():
        document = decode_document(row["value"])
        if isinstance(document, Document):
            scores[name] = score_words(words, row["words"].split(" "), document.title)
    return scores


def _by_meaning(tables: ArchiveTables, meaning: Meaning, ids: Sequence[str]) -> dict[str, int]:
    """The product of two embeddings (of length 1: the cosine), micro-units, exact in integers."""
    rows = _first(rows_of(tables, READINGS, ids, ["embedding", "scale"], f"model = {quoted(meaning.model)}"))
    exact = products([row["embedding"] for row in rows.values()], meaning.embedding)
    return {
        name: product * meaning.scale * row["scale"] * MICRO // SCALE**2
        for (name, row), product in zip(rows.items(), exact, strict=True)
    }


def score_words(words: Sequence[str], text: Sequence[str], title: str) -> int:
    """0 (none of the words) to MICRO and a quarter (all of them, often, and together), micro-units.

    `text`: the words of title and text, as archived.
    """
    length = 0.25 + 0.75 * len(text) / _LENGTH
    titled = words_of(title)
    total = 0.0
    for word in words:
        count = titled.count(word) + text.count(word)  # those of the title are in both
        total += count / (count + _HALF * length)
    together = len(words) > 1 and f" {' '.join(words)} " in f" {' '.join(text)} "
    return round(MICRO * (total / len(words) + (_TOGETHER if together else 0.0)))


def _first(rows: Sequence[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for row in rows:
        found.setdefault(row["document_id"], row)
    return found


def _found(
    tables: ArchiveTables, page: Sequence[_Scored], worded: dict[str, int], meant: dict[str, int]
) -> list[Found]:
    """With text, and what was heard of each."""
    ids = [each.id for each in page]
    texts = _first(rows_of(tables, DOCUMENTS, ids, ["value"]))
    heard: dict[str, list[Any]] = {}
    for row in rows_of(tables, OPINIONS, ids, ["value"], "kind = 'opinion'"):
        heard.setdefault(row["document_id"], []).append(row)
    found = []
    documents = {name: decode_document(row["value"]) for name, row in texts.items()}
    gone = deletions(tables, [each.item for each in documents.values() if isinstance(each, Document)])
    for less, name in page:
        document = documents.get(name)
        if isinstance(document, Document) and not is_gone(document.item, document.available_at, gone):
            opinions = heard_of(heard.get(name, ()))
            found.append(Found(document, -less, worded.get(name), meant.get(name), opinions))
    return found
