"""Companies, kinds and words of a question, and what is counted."""

from __future__ import annotations

from datetime import date

import pytest

from shared.asking.understanding.companies import companies_in
from shared.asking.understanding.counting import Counting, counting
from shared.asking.understanding.question import understand
from shared.asking.understanding.words import forms_of
from shared.universe.securities import Catalogue

DAY = date(2019, 11, 13)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue.load()


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("why did boeing fall", ["BA"]),
        ("why's WFC down?", ["WFC"]),
        ("what did $F announce", ["F"]),
        ("Did Yum cut its outlook?", ["YUM"]),
        ("what is big blue up to", ["IBM"]),
        ("苹果为什么大跌", ["AAPL"]),
        ("Exxon vs Chevron", ["XOM", "CVX"]),
        ("Who advised John Smith?", []),
        ("What did the FDA and the SEC say?", []),
        ("the new CEO of Target", ["TGT"]),
        ("what is the target for AAPL", ["AAPL"]),
    ],
)
def test_companies(catalogue: Catalogue, text: str, ids: list[str]) -> None:
    assert [each.id for each in companies_in(text, catalogue, DAY)] == ids


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Why did Boeing fall?", "why"),
        ("Boeing is down, what's behind it?", "why"),
        ("How much is it paying?", "number"),
        ("Who follows him?", "who"),
        ("Ford vs GM in China", "compare"),
        ("What did Nike announce?", "what"),
        ("苹果为什么跌", "why"),
        ("付了多少钱", "number"),
    ],
)
def test_kinds(catalogue: Catalogue, text: str, kind: str) -> None:
    assert understand(text, DAY, catalogue).kind == kind


def test_a_follow_up_keeps_the_company(catalogue: Catalogue) -> None:
    first = understand("Why did the chief executive of Nike resign?", DAY, catalogue)
    second = understand("Who follows him?", DAY, catalogue, first)
    assert second.companies == ("NKE",)
    assert any(each.told and "resign" in each.forms for each in second.concepts)
    assert understand("And Ford?", DAY, catalogue, first).companies == ("F",)


def test_forms() -> None:
    assert {"recall", "recalls", "recalled", "recalling"} <= set(forms_of("recalls"))
    assert {"buy", "bought", "buying"} <= set(forms_of("bought"))
    assert {"company", "companies"} <= set(forms_of("companies"))


def test_a_question_in_chinese_is_looked_for_in_english(catalogue: Catalogue) -> None:
    forms = {form for each in understand("高盛收购了谁", DAY, catalogue).concepts for form in each.forms}
    assert {"acquire", "acquisition"} <= forms


def _counting(catalogue: Catalogue, text: str) -> Counting | None:
    return counting(understand(text, DAY, catalogue))


def test_counting(catalogue: Catalogue) -> None:
    assert _counting(catalogue, "How many Boeing stories in May?") == Counting("documents", 1, ("BA",), (), False)
    named = _counting(catalogue, "how many times does Boeing come up this month")
    assert named is not None
    assert (named.companies, named.words) == ((), (("boeing",),))
    most = _counting(catalogue, "Which company had the most recall news in 2018?")
    assert most is not None
    assert most.operation == "top companies"
    assert "recalled" in most.words[0]
    top = _counting(catalogue, "Top five tickers by number of stories")
    assert top == Counting("top companies", 5, (), (), False)
    month = _counting(catalogue, "In which month was Nike news heaviest?")
    assert month == Counting("top month", 1, ("NKE",), (), False)
    titles = _counting(catalogue, "Count the headlines with strike in them")
    assert titles is not None and titles.titles and "strike" in titles.words[0]
    more = _counting(catalogue, "How many more Ford than Nike stories in May?")
    assert more == Counting("difference", 1, ("F", "NKE"), (), False)
    assert _counting(catalogue, "How many jobs did Ford cut?") is None
    assert _counting(catalogue, "How many different companies had a story on 4 May?") == Counting(
        "companies", 1, (), (), False
    )
