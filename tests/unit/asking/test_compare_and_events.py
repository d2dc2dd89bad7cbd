"""Companies side by side, and events counted by class: exact over a real archive (LanceDB); its texts are invented."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from services.archive.rows import Rows, tables_of
from services.archive.tables import Tables
from services.runtime.record import Recorded
from shared.asking.ask import Asker
from shared.asking.reply import Reply, Request
from shared.asking.understanding.counting import Counting, counting
from shared.asking.understanding.event_words import events_in
from shared.asking.understanding.question import understand
from shared.clock import DAY
from shared.contract.events import MICRO, Document, Opinion, Origin, encode
from shared.contract.topics import Topics
from shared.event_classes.selection import event_name
from shared.reading.archive.tables import ArchiveTables
from shared.universe.securities import Catalogue
from tests.unit.asking.test_ask import _micros

MEANT = date(2031, 4, 15)
SAID = [  # day, companies with score and event of each, title
    ("2031-03-03", {"AAPL": (0.8, "earnings_beat")}, "Apple tops forecasts"),
    ("2031-03-04", {"AAPL": (-0.2, "rating_down")}, "Broker downgrades Apple"),
    ("2031-03-05", {"AAPL": (0.0, "rating_down"), "MSFT": (0.0, "rating_down")}, "Two brokers cut Apple and Microsoft"),
    ("2031-03-06", {"MSFT": (-0.9, "lawsuit")}, "Microsoft is sued over patents"),
    ("2031-03-07", {"MSFT": (0.1, "buyback")}, "Microsoft buys back shares"),
    ("2031-03-10", {"F": (-0.6, "product_problem")}, "Ford recalls vans"),
    ("2031-03-11", {"BA": (-0.5, "lawsuit")}, "Law firm looks for Boeing investors"),  # dropped by a rule
]


@pytest.fixture(scope="module")
def asker(tmp_path_factory: pytest.TempPathFactory) -> Asker:
    return archived(tmp_path_factory.mktemp("archive"))


def archived(folder: Path) -> Asker:
    tables = ArchiveTables(str(folder))
    records = []
    for number, (day, about, title) in enumerate(SAID):
        at, id_ = _micros(day), f"{number:032x}"
        document = Document(
            id=id_, item=f"{number:031x}a", channel="news", source="wire", title=title, text=f"{title}, it was said.",
            external_id=f"s{number}", received_at=at, language="en", published_at=at, available_at=at + DAY,
        )  # fmt: skip
        records.append(
            Recorded("documents.news", 0, number, document.key.encode(), encode(document), timestamp=at / 1e6)
        )
        for index, (company, (score, event)) in enumerate(about.items()):
            good, bad = round(max(0.0, score) * MICRO), round(max(0.0, -score) * MICRO)
            opinion = Opinion(
                origin=Origin("T", 0, number, index), document_id=id_, company=company, relevance=MICRO, channel="news",
                source="wire", story=f"{number:016x}", negative=bad, positive=good, neutral=MICRO - good - bad,
                model="m", companies=len(about), event=event, event_probability=MICRO, language="en",
                dropped=company == "BA", published_at=at, available_at=at + DAY,
            )  # fmt: skip
            place = number * 10 + index
            records.append(Recorded("opinions", 0, place, company.encode(), encode(opinion), timestamp=at / 1e6))
    rows = Rows(tables_of(Topics()), dict.fromkeys(tables_of(Topics()), "T"))
    Tables(tables).add(rows.of(records))
    return Asker(tables, Catalogue.load())


def _ask(asker: Asker, question: str, **given: Any) -> Reply:
    return asker.ask(Request(question, **given))


@pytest.mark.parametrize(
    "question",
    [
        "compare Apple and Microsoft in March", "which did better in March, Apple or Microsoft?",
        "aapl vs msft march 2031", "对比苹果和微软三月的表现",
        "Is the tone of Apple better than that of Microsoft in March",
    ],
)  # fmt: skip
def test_companies_side_by_side(asker: Asker, question: str) -> None:
    reply = _ask(asker, question)
    assert (reply.kind, reply.refused, reply.count) == ("compare", False, None)
    assert reply.value == ["AAPL: 3, +0.20", "MSFT: 3, -0.27"]
    assert "Apple (AAPL): 3 stories, tone +0.20 (1 positive, 0 negative), most of them downgrade 2" in reply.answer
    assert "Spoken of best: Apple (AAPL)" in reply.answer and "not of prices" in reply.query
    assert [quote.text for quote in reply.quotes] == ["Apple tops forecasts", "Microsoft is sued over patents"]
    assert all(quote.text in SAID[int(quote.external_id[1:])][2] for quote in reply.quotes)
    assert set(reply.retrieved) == {"s0", "s1", "s2", "s3", "s4"}


def test_a_comparison_of_what_nobody_wrote_of_is_refused(asker: Asker) -> None:
    reply = _ask(asker, "Nike vs Tesla in March")
    assert reply.refused and not reply.quotes and "Nike (NKE)" in reply.answer
    one = _ask(asker, "Nike vs Apple in March")
    assert not one.refused and one.value == ["NKE: 0", "AAPL: 3, +0.20"]
    assert "Spoken of best" not in one.answer


@pytest.mark.parametrize(
    ("question", "count", "value"),
    [
        ("How many downgrades did Apple get in March?", 2, 2),
        ("how meny downgrads did aapl get in march", 2, 2),
        ("苹果三月有多少次下调评级", 2, 2),
        ("how many downgrades in March", 2, 2),  # a story of two companies is one
        ("how many lawsuits against Microsoft", 1, 1),
        ("How many legal cases does Microsoft face?", 1, 1),
        ("微软三月被起诉多少次", 1, 1),
        ("which company had the most downgrades in March", 2, "AAPL"),
        ("三月哪家公司被下调评级最多", 2, "AAPL"),
        ("Top two companies by downgrades in March", 2, ["AAPL", "MSFT"]),
        ("how many companies were downgraded in March", 2, 2),
        ("How many more downgrades did Apple than Microsoft get in March", 1, 1),
        ("in which month did Ford have the most recalls?", 1, "2031-03"),
        ("how many upgrades did Apple get in March", 0, 0),
        ("how many lawsuits against Boeing", 0, 0),  # what a rule dropped counts nowhere
    ],
)
def test_events_are_counted_by_class_and_group(asker: Asker, question: str, count: int, value: Any) -> None:
    reply = _ask(asker, question)
    assert (reply.kind, reply.count, reply.value) == ("count", count, value)
    assert "as the model reads them" in reply.query and not reply.quotes


def test_of_several_companies_each_has_its_number(asker: Asker) -> None:
    reply = _ask(asker, "how many downgrades did Apple and Microsoft get in March")
    assert reply.count == 2
    assert reply.answer.startswith("2 stories of downgrade (Apple (AAPL): 2; Microsoft (MSFT): 1)")


@pytest.mark.parametrize(
    "question",
    [
        "How many cars did Ford recall?", "How many jobs did IBM cut", "how many shares did Apple buy back",
        "Airbus vs Boeing gross orders, who was ahead?", "Exxon vs Chevron in 3Q15: beat or miss?",
        "Why was Apple downgraded in March?", "Which company sued Microsoft?",
    ],
)  # fmt: skip
def test_what_asks_for_something_else_is_no_count(question: str) -> None:
    assert counting(understand(question, MEANT, Catalogue.load())) is None


def test_texts_with_a_word_are_still_counted_by_the_word() -> None:
    found = counting(understand("Which company had the most lawsuit news in March?", MEANT, Catalogue.load()))
    assert found is not None and found.events == () and "lawsuit" in found.words[0]
    order = counting(understand("how many more downgrades than Nike did Ford get", MEANT, Catalogue.load()))
    assert order == Counting("difference", 1, ("F", "NKE"), (), False, ("rating_down",))


def test_every_event_of_the_list_is_one() -> None:
    path = Path(__file__).parents[3] / "shared/asking/understanding/event_nouns.txt"
    lines = [line for line in path.read_text("utf-8").splitlines() if "=" in line and line[0] != "#"]
    said: list[str] = []
    for line in lines:
        name, _, words = line.partition("=")
        assert event_name(name) == name
        said += [word for part in words.split("|") for word in part.split(",") if word]
    assert len(said) == len(set(said)), "one word says two things"
    assert all(events_in(f"how many {word}") for word in said if word.isascii())
