"""Ask over a real archive (LanceDB), written by the worker's own code; its texts are invented."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.archive.rows import Rows, tables_of
from services.archive.tables import Tables
from services.runtime.record import Recorded
from shared.asking.ask import Asker, UnreadableQuestion
from shared.asking.reply import Reply, Request
from shared.clock import DAY, to_micros
from shared.contract.events import Deletion, Document, encode
from shared.contract.topics import Topics
from shared.reading.archive.tables import ArchiveTables, NoArchive
from shared.universe.securities import Catalogue

STORIES = [
    (
        "2031-03-03",
        "NKE",
        "Nike shares fall on weak Japan sales",
        "Nike shares fell 6 percent on Monday after sales in Japan dropped.",
    ),
    (
        "2031-03-04",
        "NKE",
        "Nike hires a new finance chief",
        "Nike named Maria Lindqvist chief financial officer on Tuesday.",
    ),
    (
        "2031-03-05",
        "F",
        "Ford recalls 12 000 vans",
        "Ford is recalling 12 000 vans in Norway because a door may open while driving.",
    ),
    (
        "2031-03-06",
        "F;NKE",
        "Ford and Nike open a shop together",
        "Ford and Nike opened a shop in Oslo. It sells shoes and vans.",
    ),
    (
        "2031-03-10",
        "BA",
        "Boeing wins an order for 30 jets",
        "Boeing won an order for 30 jets worth $4.5 billion from an airline in Chile.",
    ),
]


def _documents() -> list[Document]:
    found = []
    for number, (day, companies, title, text) in enumerate(STORIES):
        at = _micros(day)
        found.append(
            Document(
                id=f"{number:032x}",
                item=f"{number:031x}a",
                channel="news",
                source="wire",
                title=title,
                text=text,
                external_id=f"s{number}",
                published_at=at,
                received_at=at,
                available_at=at + DAY,
                companies=tuple(companies.split(";")),
                language="en",
            )
        )
    return found


def _micros(day: str) -> int:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    return to_micros(datetime.fromisoformat(day).replace(tzinfo=ZoneInfo("America/New_York")))


def _archived(folder: Path, messages: Sequence[Document | Deletion]) -> ArchiveTables:
    tables = ArchiveTables(str(folder))
    rows = Rows(tables_of(Topics()), dict.fromkeys(tables_of(Topics()), "T"))
    Tables(tables).add(
        rows.of(
            [
                Recorded("documents.news", 0, place, each.key.encode(), encode(each), timestamp=each.available_at / 1e6)
                for place, each in enumerate(messages)
            ]
        )
    )
    return tables


@pytest.fixture(scope="module")
def asker(tmp_path_factory: pytest.TempPathFactory) -> Asker:
    return Asker(_archived(tmp_path_factory.mktemp("archive"), _documents()), Catalogue.load())


def _ask(asker: Asker, question: str, **given: Any) -> Reply:
    return asker.ask(Request(question, **given))


def test_why_is_answered_with_sentences_of_cited_documents(asker: Asker) -> None:
    reply = _ask(asker, "why did nike fall on Monday?", asked_at="2031-03-05")
    assert not reply.refused
    assert reply.retrieved[0] == "s0"
    assert reply.quotes[0].external_id == "s0"
    texts = {f"s{number}": f"{title}\n{text}" for number, (_, _, title, text) in enumerate(STORIES)}
    assert all(quote.text in texts[quote.external_id] for quote in reply.quotes)
    assert all(quote.text in reply.answer for quote in reply.quotes)
    assert "sales in Japan dropped" in reply.answer


def test_without_evidence_it_says_what_it_looked_for(asker: Asker) -> None:
    reply = _ask(asker, "Why did Nike sue Boeing over its dividend?")
    assert reply.refused
    assert reply.quotes == []
    assert "Nike (NKE), Boeing (BA)" in reply.answer
    assert "dividend" in reply.answer


def test_later_documents_are_not_looked_at(asker: Asker) -> None:
    assert _ask(asker, "How many jets did the airline order from Boeing?", asked_at="2031-03-09").refused
    assert not _ask(asker, "How many jets did the airline order from Boeing?", asked_at="2031-03-10").refused
    assert "30 jets" in _ask(asker, "How many jets did the airline order from Boeing?").answer


def test_what_arrived_later_is_not_known_as_of_a_moment(asker: Asker) -> None:
    question = "How many jets did the airline order from Boeing?"
    before = _micros("2031-03-10")
    assert _ask(asker, question, known_before=before).refused
    assert _ask(asker, question, known_before=before).asked_at == "2031-03-06"


def test_a_follow_up_is_about_the_same_company(asker: Asker) -> None:
    second = _ask(asker, "And who is its finance chief now?", before=("Why did Nike fall in March?",))
    assert second.companies == ["NKE"]
    assert "Maria Lindqvist" in second.answer


def test_counts_are_exact_and_say_what_they_counted(asker: Asker) -> None:
    reply = _ask(asker, "How many Nike stories did we get in March 2031?")
    assert (reply.count, reply.value, reply.kind) == (3, 3, "count")
    assert "Nike (NKE)" in reply.query
    assert "the source's own field" in reply.query
    assert set(reply.retrieved) == {"s0", "s1", "s3"}
    top = _ask(asker, "Which company had the most recall news in March?")
    assert (top.count, top.value) == (1, "F")
    assert _ask(asker, "How many different companies had a story on 6 March?").count == 2


def test_a_trend_is_told_by_day_week_or_month(asker: Asker) -> None:
    reply = _ask(asker, "How has coverage of Nike developed in March?")
    assert reply.value == ["2031-03-03: 1", "2031-03-04: 1", "2031-03-06: 1"]
    assert reply.count == 3


def test_a_moment_hides_what_came_later_that_day(asker: Asker) -> None:
    question = "How many jets did the airline order from Boeing?"
    assert _ask(asker, question, asked_at="2031-03-10T23:00:00Z").refused  # dated: available with the next midnight
    assert not _ask(asker, question, asked_at="2031-03-11T06:00:00Z").refused


def test_the_same_question_gives_the_same_bytes(tmp_path: Path, asker: Asker) -> None:
    """Also of an archive whose rows came in another order, and that is indexed."""
    tables = _archived(tmp_path, list(reversed(_documents())))
    from services.archive.upkeep import _words

    Tables(tables)["documents"].create_index("words", config=_words())
    other = Asker(tables, Catalogue.load())
    for question in ("why did nike fall", "What did Ford recall?", "Who is Nike's finance chief?", "耐克为什么跌"):
        assert msgspec.json.encode(_ask(asker, question)) == msgspec.json.encode(_ask(other, question))


def test_what_is_gone_at_its_source_is_neither_quoted_nor_counted(tmp_path: Path) -> None:
    documents = _documents()
    gone = Deletion(
        item=documents[0].item, channel="news", source="wire", deleted_at=documents[-1].available_at, schema=2
    )
    asker = Asker(_archived(tmp_path, [*documents, gone]), Catalogue.load())
    reply = _ask(asker, "why did nike shares fall on weak Japan sales?")
    assert "s0" not in reply.retrieved
    assert "Japan" not in "".join(quote.text for quote in reply.quotes)
    assert _ask(asker, "How many Nike stories in March 2031?").count == 2


@pytest.mark.parametrize(("question", "asked_at"), [("", ""), ("why " * 400, ""), ("why?", "yesterday-ish")])
def test_what_cannot_be_asked_is_named(asker: Asker, question: str, asked_at: str) -> None:
    with pytest.raises(UnreadableQuestion, match=r"question|asked_at"):
        _ask(asker, question, asked_at=asked_at)


@pytest.mark.parametrize(
    "question", ["?", "why", "多少", "the of and", "'; DROP TABLE documents --", "\u202eNike\x00", "$$$ %%%", "🙂"]
)
def test_anything_may_be_asked(asker: Asker, question: str) -> None:
    reply = _ask(asker, question)
    assert isinstance(reply.answer, str) and reply.answer
    assert reply.quotes == [] or not reply.refused


def test_without_an_archive(tmp_path: Path) -> None:
    with pytest.raises(NoArchive):
        _ask(Asker(ArchiveTables(str(tmp_path / "none")), Catalogue.load()), "why?")
