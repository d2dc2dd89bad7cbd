"""What linking makes of codes, symbols that stand alone, short posts, persons and places: sentences of its own."""

from __future__ import annotations

from datetime import date

import pytest

from services.scoring.linking.linker import Linker, LinkResult
from shared.contract.events import MICRO
from shared.universe.securities import Catalogue
from tests.linking import LINKER

DAY = date(2024, 5, 2)


def link(text: str, day: date | None = DAY) -> LinkResult:
    return LINKER.link(text, day=day)


def ids(text: str, day: date | None = DAY) -> list[str]:
    return [found.company for found in link(text, day).links]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # short and shouted posts
        ("NVDA", ["NVDA"]),
        ("MSFT IS BREAKING OUT", ["MSFT"]),
        ("TSLA puts printing", ["TSLA"]),
        ("long PLTR since ten", ["PLTR"]),
        ("Oracle burns through its cash", ["ORCL"]),
        ("Apple fined in the EU", ["AAPL"]),
        ("watching NVDA, AMD, INTC and MU today", ["NVDA", "AMD", "INTC", "MU"]),
        ("#TSLA #NVDA to the moon", ["TSLA", "NVDA"]),
        # small letters are words
        ("we had a blackberry crumble", []),
        ("a peloton of forty riders", []),
        ("rust under the armour", []),
        ("a cardinal health rule", []),
        ("just google it", []),
        ("let me google that for you", []),
        ("google is late with its robot", ["GOOGL"]),
        # company verbs make companies of everyday names, and a text of business has to be there
        ("Gap names a retail veteran as CEO", ["GPS"]),
        ("Target cuts prices on 5,000 items, margins at risk", ["TGT"]),
        ("Snap lays off 10% of its staff", ["SNAP"]),
        ("Ball Corp reports in the morning", ["BALL"]),
        ("Gap to close 90 stores, shares slip", ["GPS"]),
        ("Target price raised to 310 by the analyst", []),
        ("Gap between bond yields widens", []),
        ("Key rate left at 4.5%, says the bank", []),
        # persons, places, double names
        ("Premier Doug Ford promised a billion for transit", []),
        ("Oil spill fouls the Niger Delta, Shell faces lawsuit", ["SHEL"]),
        ("The Oracle of Omaha bought more bank shares", []),
        ("Judge Ruth Theisen-Eaton dismissed the case", []),
        ("Harrison Ford sells his house for $3 million", []),
        ("Amazon rainforest loss doubled, investors told", []),
        # names in the plural, in the genitive and with umlauts or without
        ("the Microsofts and Nvidias of this market", ["MSFT", "NVDA"]),
        ("Nestle and Nestl\u00e9 are spelled both ways", ["NSRGY"]),
        # abbreviations are no symbols; symbols without support are none either
        ("STO 10 calls, BTO 5 puts", []),
        ("GDP and CPI beat, the ECB waits", []),
        ("A new GPS satellite was delayed", []),
    ],
)
def test_sentence(text: str, expected: list[str]) -> None:
    assert ids(text) == expected


@pytest.mark.parametrize("written", ["$UN\u2026", "$MS...", "up again $A\u2026 http://t.co/xyz"])
def test_a_tag_that_was_cut_off_is_nobody_s(written: str) -> None:
    found = link(f"RT @them: look at {written}")
    assert (found.links, found.unlinked) == ((), ())


@pytest.mark.parametrize(
    ("text", "symbol"),
    [
        ("$SAP.DE beats", "SAP.DE"), ("$7203.T slips", "7203.T"), ("$RELIANCE.NS at a record", "RELIANCE.NS"),
        ("$MRK:GR down", "MRK.DE"), ("600519.SH limit up", "600519.SS"), ("SH600519 limit up", "600519.SS"),
        ("SZ000858 falls", "000858.SZ"), ("liquor (000858) falls", "000858.SZ"), ("0700.HK buys back", "0700.HK"),
        ("9988 HK jumps", "9988.HK"), ("VOD.L cut", "VOD.L"), ("VOD LN Equity cut", "VOD.L"), ("LON:VOD cut", "VOD.L"),
        ("BTC-USD below 60k", "BTC.USD"), ("$BTC.X pops", "BTC.USD"), ("^GSPC closes flat", "^GSPC"),
        ("$SPX closes flat", "^SPX"), ("$ES_F overnight", "ES=F"), ("XNAS:AAPL opens", "AAPL"),
        ("AAPL US Equity opens", "AAPL"), ("AAPL.O opens", "AAPL"), ("BRK-B opens", "BRK.B"), ("$brk.b opens", "BRK.B"),
    ],
)  # fmt: skip
def test_codes_are_read_where_they_stand(text: str, symbol: str) -> None:
    row = f"id,names,tickers\nX,Zyxwv Holding,{symbol}\nY,Another One,VOD SAP MRK T\n"
    catalogue = Catalogue(row.encode())
    assert [found.company for found in Linker(catalogue).link(text, day=DAY).links] == ["X"], text


def test_a_suffix_of_another_market_is_no_american_symbol() -> None:
    assert ids("$T.TO raises its dividend") == ["T.TO"] and link("$ZZZQ.TO raises").unlinked == ("ZZZQ.TO",)
    assert ids("RELIANCE.NS target raised to 3200") == ["RELIANCE.NS"]


def test_of_a_list_of_tags_none_is_the_subject() -> None:
    crowd = link("Movers: $AAPL $MSFT $INTC $CSCO $ORCL $IBM").links
    assert len(crowd) == 6 and max(each.relevance for each in crowd) < MICRO // 10
    subject, *rest = link("Cisco beats on earnings, raises its outlook $CSCO $ANET $JNPR $HPE").links
    assert subject.company == "CSCO" and all(subject.relevance > 4 * each.relevance for each in rest)


@pytest.mark.parametrize(
    ("text", "subject", "passing"),
    [
        ("Goldman Sachs upgrades Netflix to buy", "NFLX", "GS"),
        ("Netflix upgraded at Morgan Stanley", "NFLX", "MS"),
        ("Intel slides as rivals like Nvidia take share", "INTC", "NVDA"),
        ("Former Microsoft manager joins Salesforce as finance chief", "CRM", "MSFT"),
    ],
)
def test_who_is_named_in_passing_is_less_relevant(text: str, subject: str, passing: str) -> None:
    relevance = {each.company: each.relevance for each in link(text).links}
    assert relevance[subject] > 2 * relevance[passing]


@pytest.mark.parametrize(
    ("text", "day", "expected"),
    [
        ("Uber raises another billion from its investors", date(2016, 1, 4), []),
        ("Uber files for its flotation", date(2019, 4, 11), ["UBER"]),
        ("LinkedIn shares rise", date(2015, 1, 5), ["LNKD"]),
        ("LinkedIn shares rise", date(2026, 1, 5), []),
        ("LinkedIn shares rise", None, ["LNKD"]),  # a text without a day: the names of all times
    ],
)
def test_a_company_is_called_by_its_name_while_it_is_listed(text: str, day: date | None, expected: list[str]) -> None:
    assert [found.company for found in LINKER.link(text, day=day).links] == expected
