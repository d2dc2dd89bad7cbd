"""Linking: sentences written for this test, both ways for every everyday name; and properties over any Unicode."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.scoring.linking.linker import MAX_SPANS, Linker, LinkResult, join_text
from shared.contract.events import MICRO
from tests.linking import CATALOGUE, LINKER

DAY = date(2016, 5, 2)


def link(text: str, title: str = "", named: tuple[str, ...] = (), day: date | None = DAY) -> LinkResult:
    return LINKER.link(text, title, named, day)


def ids(text: str, day: date | None = DAY) -> list[str]:
    return [found.company for found in link(text, day=day).links]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # everyday names, with evidence
        ("Target shares drop after the retailer cuts its forecast", ["TGT"]),
        ("Shoppers say Target stores were half empty on Black Friday", ["TGT"]),
        ("Long $TGT here, Target looks cheap", ["TGT"]),
        ("Target Corp names a new finance chief", ["TGT"]),
        ("Gap posts weak sales at Old Navy", ["GPS"]),
        ("Gap Inc to close 75 shops", ["GPS"]),
        ("Apparel chain Gap trims its outlook", ["GPS"]),
        ("Visa raises its dividend by 15 pct", ["V"]),
        ("Visa's quarterly profit beats estimates", ["V"]),
        ("Payments network Visa signs a deal with a Brazilian bank", ["V"]),
        ("Ford recalls 400,000 pickup trucks", ["F"]),
        ("Ford says Europe is back in the black", ["F"]),
        ("FORD SHARES FALL AFTER WARNING", ["F"]),
        ("Apple unveils a cheaper iPhone", ["AAPL"]),
        ("Apple's services business keeps growing", ["AAPL"]),
        ("apple is going to crush it tomorrow $AAPL", ["AAPL"]),
        ("Amazon hires 10,000 for its warehouses", ["AMZN"]),
        ("Investors cheer as Amazon beats estimates", ["AMZN"]),
        ("Best Buy shares jump on holiday sales", ["BBY"]),
        ("Oracle revenue misses as cloud slows", ["ORCL"]),
        ("Shell cuts spending as oil falls below $30", ["SHEL"]),
        ("Discover Financial sets aside more for bad loans", ["DFS"]),
        ("Ball Corp wins approval for Rexam purchase", ["BALL"]),
        ("Public Storage, the REIT, lifts its payout", ["PSA"]),
        ("KeyCorp to buy First Niagara", ["KEY"]),
        ("Loews Corp swings to a loss", ["L"]),
        ("Progressive Insurance adds a million policies", ["PGR"]),
        ("Intuitive Surgical robots are in demand", ["ISRG"]),
        ("Match Group's Tinder adds paying users", ["MTCH"]),
        ("Square Inc prices its IPO low; Dorsey shrugs", ["XYZ"]),
        ("Delta Air Lines and US airline rivals add flights", ["DAL"]),
        ("Sprint loses wireless subscribers again", ["S.SPRINT"]),
        ("Mosaic to idle a potash mine", ["MOS"]),
        ("Staples and Office Depot call off their merger", ["SPLS", "ODP"]),
        ("Total SA drills off Angola", ["TTE"]),
        ("Coach sells more handbags in China", ["TPR"]),
        # everyday words, without it
        ("We are on target to finish the target list", []),
        ("Price target raised to 45 by the analyst", []),
        ("Target the right audience with these five tips", []),
        ("The gap between rich and poor widens", []),
        ("Mind the Gap, says the voice on the platform", []),
        ("Taking a Gap year before college", []),
        ("Her student visa was refused", []),
        ("Visa applications doubled at the embassy", []),
        ("Harrison Ford hurt in plane crash", []),
        ("Cross the river at the ford", []),
        ("An apple a day keeps the doctor away", []),
        ("My mother's Apple pie recipe", []),
        ("Fires rage in the Amazon rainforest", []),
        ("We went kayaking on the Amazon River", []),
        ("That was the best buy of my life", []),
        ("The Oracle of Delphi was never wrong", []),
        ("A shell company in the islands", []),
        ("She sells sea shells", []),
        ("Scientists discover a new planet", []),
        ("Play ball with the kids", []),
        ("The key to success is patience", []),
        ("A progressive politician from Vermont", []),
        ("The app is very intuitive", []),
        ("Great match last night, 3:2", []),
        ("Oh snap, I lost my keys", []),
        ("Times Square on New Year's Eve", []),
        ("The river delta floods every spring", []),
        ("He won the sprint by a metre", []),
        ("A total of 50 people came", []),
        ("Prime Minister Tony Abbott resigned", []),
        ("The coach praised his players", []),
        ("intel suggests the rebels moved north", []),
        ("eat whole foods and sleep well", []),
        ("Follow us on Facebook and Twitter", []),
        # unmistakable names, in any dress
        ("Microsoft and Google fight over search", ["MSFT", "GOOGL"]),
        ("MICROSOFT TO BUY LINKEDIN", ["MSFT", "LNKD"]),
        ("microsoft is late to mobile", ["MSFT"]),
        ("Wal-Mart, Walmart and Wal Mart are one", ["WMT"]),
        ("J.P. Morgan, JPMorgan and JP Morgan Chase", ["JPM"]),
        ("McDonald\u2019s sales rise", ["MCD"]),
        ("Johnson and Johnson faces a trial; J&J denies it", ["JNJ"]),
        ("Nestl\u00e9 and L'Or\u00e9al part ways", ["NSRGY", "LRLCY"]),
        ("Estee Lauder sees growth", ["EL"]),
        ("AT&T bids for Time Warner, not Time Warner Cable", ["T", "TWX", "TWC"]),
        ("Bank of America Merrill Lynch sees upside", ["BAC"]),
        ("3M and GE raise forecasts", ["MMM", "GE"]),
        ("U.S. Steel idles a mill", ["X"]),
        ("#GeneralMotors plant reopens", ["GM"]),
        ("Berkshire Hathaway buys more", ["BRK.B"]),
        ("Merck KGaA is not Merck & Co", ["MKGAF", "MRK"]),
        ("Profit was 40 cents, against 38 expected by analysts polled by Thomson Reuters", []),
        ("Thomson Reuters to sell its terminal unit", ["TRI"]),
        ("iShares MSCI Emerging Markets fund sees outflows", ["etf:EEM"]),
        # tickers
        ("$AAPL and $msft up, $FB down", ["AAPL", "MSFT", "META"]),
        ("$BRK.B $BRK-A $BRK/B", ["BRK.B"]),
        ("Ford Motor Co (NYSE: F) and Intel (NASDAQ:INTC)", ["F", "INTC"]),
        ("(Nasdaq: GOOG)", ["GOOGL"]),
        ("<GS.N> rises, AAPL.O falls", ["GS", "AAPL"]),
        ("NVDA breaking out, huge volume", ["NVDA"]),
        ("THE CAT SAT ON THE KEY", []),
        ("It was ALL IT CAN BE, SO FAST", []),
        ("paid $5 for a $T-shirt? no: $10", ["T"]),
        ("See http://example.com/apple/$AAPL?google for more", []),
        ("CA$H and US$AAPL mean nothing", []),
        ("\uff04AAPL", ["AAPL"]),
    ],
)
def test_sentence(text: str, expected: list[str]) -> None:
    assert ids(text) == expected


def test_there_are_more_than_sixty_sentences() -> None:
    marks = [mark for mark in test_sentence.pytestmark if mark.name == "parametrize"]  # type: ignore[attr-defined]
    assert len(marks[0].args[1]) >= 60


@pytest.mark.parametrize(
    ("text", "day", "expected", "unlinked"),
    [
        ("$FB", date(2015, 1, 1), ["META"], ()),
        ("$FB", date(2023, 1, 1), [], ("FB",)),
        ("$META", date(2023, 1, 1), ["META"], ()),
        ("$GOLD", date(2015, 1, 1), ["RANDGOLD"], ()),
        ("$GOLD", date(2021, 1, 1), ["B"], ()),
        ("$SPY $QQQ and $AAPL", DAY, ["etf:SPY", "etf:QQQ", "AAPL"], ()),
        ("(NYSE: ZZZZ)", DAY, [], ("ZZZZ",)),
    ],
)
def test_tickers_are_read_on_their_day(text: str, day: date, expected: list[str], unlinked: tuple[str, ...]) -> None:
    found = link(text, day=day)
    assert [each.company for each in found.links] == expected
    assert found.unlinked == unlinked


def test_spans_lie_on_the_mentions_of_the_joined_text() -> None:
    found = link("Shares of Apple fell; Apple's suppliers too. $AAPL", "Apple warns")
    assert found.text == "Apple warns. Shares of Apple fell; Apple's suppliers too. $AAPL"
    assert [found.text[a:b] for a, b in found.links[0].spans] == ["Apple", "Apple", "Apple", "$AAPL"]


@pytest.mark.parametrize(
    ("title", "text", "joined"),
    [
        ("", "Body", "Body"),
        ("Title", "", "Title"),
        ("Title", "Body", "Title. Body"),
        ("Really?", "Body", "Really? Body"),
        ("Title", "Title and body", "Title and body"),
    ],
)
def test_title_and_body_are_joined(title: str, text: str, joined: str) -> None:
    assert join_text(title, text) == joined


def test_what_the_source_names_counts_fully_even_without_a_mention() -> None:
    found = link("A strong quarter.", named=("META", "AAPL")).links
    assert [(each.company, each.relevance, each.spans) for each in found] == [("AAPL", MICRO, ()), ("META", MICRO, ())]
    assert link("The gap was closed", named=("GPS",)).links[0].spans == ((4, 7),)


def test_relevance_falls_from_the_subject_to_the_passing_mention() -> None:
    body = "Intel raised its forecast. Intel sees demand. " + "The chip maker was upbeat. " * 10 + "Dell also rose."
    intel, dell = link(body, "Intel lifts outlook").links
    assert (intel.company, dell.company) == ("INTC", "DELL")
    assert intel.relevance > 2 * dell.relevance
    alone = link("Intel lifts outlook").links[0]
    assert alone.relevance == MICRO
    crowd = link("$AAPL $MSFT $INTC $CSCO $ORCL $IBM $HPQ $DELL").links
    assert max(each.relevance for each in crowd) <= 300_000


def test_many_mentions_are_cut() -> None:
    assert len(link("Intel " * 100).links[0].spans) == MAX_SPANS


def test_addresses_that_are_glued_together_are_read_in_no_time() -> None:
    """Tags, and behind them addresses with nothing between that ends one: once two to the power of their number."""
    glued = ",".join(["http://a"] * 60)
    assert ids(f"Microsoft said and $AAPL {glued} b") == ["MSFT", "AAPL"]


def test_every_company_is_linked_by_its_ticker_and_every_plain_name() -> None:
    for company in (each for each in CATALOGUE.companies if each.by_hand):
        if company.ticker == company.id or "." not in company.ticker:  # tests/unit/shared has those of other exchanges
            assert company.id in ids(f"${company.ticker}", _day(company.id)), company.id
        for name in company.names:
            if not name.grade and not name.language:
                day = None if name.start or name.end else DAY
                assert company.id in ids(f"Shares of {name.text} were steady", day), name


def _day(company: str) -> date | None:
    """A day on which the company's latest ticker is valid."""
    latest = max(CATALOGUE.by_id[company].listings, key=lambda each: (not each.end, each.end, each.start))
    return date.fromordinal(date.fromisoformat(latest.end).toordinal() - 1) if latest.end else None


WORDS = st.sampled_from(
    [
        *(
            "Apple",
            "apple",
            "TARGET",
            "Target",
            "$AAPL",
            "$ZZZ",
            "(NYSE: F)",
            "Gap",
            "AT&T",
            "J.P. Morgan",
            "'s",
            "http://x.y/Ford",
        ),
        *(
            "shares",
            "of",
            "price",
            "\u0130",
            "\U0001f680",
            "\u00e9",
            "#Intel",
            "GOOG",
            "F.N",
            "\u2019",
            "\n",
            "3M",
            "Nestl\u00e9",
        ),
    ]
)
TEXTS = st.text() | st.lists(WORDS | st.text(max_size=5), max_size=30).map(" ".join)


@settings(max_examples=150, deadline=None)
@given(TEXTS, TEXTS, st.lists(st.sampled_from(sorted(CATALOGUE.by_id)), max_size=3, unique=True))
def test_any_text_is_linked_validly(text: str, title: str, named: list[str]) -> None:
    found = link(text, title, tuple(named))
    assert found.text == join_text(title, text)
    taken: set[int] = set()
    for each in found.links:
        assert 0 <= each.relevance <= MICRO
        assert each.spans == tuple(sorted(each.spans))
        assert each.spans or each.company in named
        for start, end in each.spans:
            assert 0 <= start < end <= len(found.text)
            assert taken.isdisjoint(range(start, end))
            taken.update(range(start, end))
    assert {each.company for each in found.links if each.relevance == MICRO} >= set(named)
    assert len({each.company for each in found.links}) == len(found.links)


@pytest.fixture(scope="module")
def other() -> Linker:
    """Fresh, and from then on with a past of its own: asked the same texts, each time in the opposite order."""
    return Linker(CATALOGUE)


@settings(max_examples=50, deadline=None)
@given(texts=st.lists(TEXTS, min_size=2, max_size=4))
def test_an_answer_does_not_depend_on_what_was_asked_before(other: Linker, texts: list[str]) -> None:
    forward = [link(text) for text in texts]
    backward = [other.link(text, "", (), DAY) for text in reversed(texts)]
    assert forward == backward[::-1]
    assert forward == [link(text) for text in texts]
