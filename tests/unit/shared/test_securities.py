"""The catalogue of companies: what resolves to what, on which day."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.universe import securities
from shared.universe.securities import Catalogue, CatalogueError, Instrument, Listing, plain_name, plain_symbol

CATALOGUE = Catalogue.load()
HAND = Catalogue((Path(securities.__file__).parent / "securities.csv").read_bytes())  # without the packs
HEADER = "id,sector,names,tickers,evidence,against\n"


def _id(company: Instrument | None) -> str | None:
    return company.id if company else None


def test_it_is_large_and_covers_every_gics_sector() -> None:
    assert len(HAND.companies) >= 600
    assert len(CATALOGUE.sectors) == 11
    assert all(company.sector and company.name and company.listings for company in HAND.companies)


def test_no_symbol_belongs_to_two_companies_on_one_day() -> None:
    holders: dict[str, list[tuple[Listing, str]]] = {}
    for company in CATALOGUE.instruments:
        for ticker in company.listings:
            holders.setdefault(ticker.symbol, []).append((ticker, company.id))
    for symbol, held in holders.items():
        for (a, one), (b, other) in combinations(held, 2):
            apart = (a.end and a.end <= b.start) or (b.end and b.end <= a.start)
            assert apart, f"{symbol}: {one} and {other}"


def test_no_name_belongs_to_two_companies() -> None:
    owners: dict[str, str] = {}
    for company in HAND.companies:
        for name in (company.name, *company.aliases):
            assert owners.setdefault(name.lower(), company.id) == company.id, name


def test_ticker_dates_are_days_in_order() -> None:
    for company in CATALOGUE.instruments:
        for ticker in company.listings:
            days = [date.fromisoformat(day) for day in (ticker.start, ticker.end) if day]
            assert days == sorted(set(days)), company.id


@pytest.mark.parametrize(
    ("symbol", "day", "expected"),
    [
        ("FB", date(2022, 6, 8), "META"),
        ("FB", date(2022, 6, 9), None),
        ("META", date(2022, 6, 9), "META"),
        ("META", date(2014, 1, 1), None),
        ("PCLN", date(2014, 5, 5), "BKNG"),
        ("GOLD", date(2014, 1, 1), "RANDGOLD"),
        ("GOLD", date(2020, 1, 1), "B"),
        ("ABX", date(2014, 1, 1), "B"),
        ("AA", date(2014, 1, 1), "HWM"),
        ("AA", date(2018, 1, 1), "AA"),
        ("S", date(2014, 1, 1), "S.SPRINT"),
        ("Q", date(2015, 1, 1), "IQV"),
        ("FOXA", date(2015, 1, 1), "TFCF"),
        ("FOXA", date(2020, 1, 1), "FOXA"),
        ("SNDK", date(2014, 1, 1), "SNDK"),
        ("SNDK", date(2020, 1, 1), None),
        ("COR", date(2015, 1, 1), "COR.CORESITE"),
        ("COR", date(2024, 1, 1), "COR"),
        ("$aapl", date(2014, 1, 1), "AAPL"),
        ("BRK-B", None, "BRK.B"),
        ("BRK/A", None, "BRK.B"),
        ("GOOG", None, "GOOGL"),
        ("GOOGL", date(2014, 4, 2), None),
    ],
)
def test_a_symbol_is_read_by_its_day(symbol: str, day: date | None, expected: str | None) -> None:
    assert _id(CATALOGUE.by_ticker(symbol, day)) == expected


@pytest.mark.parametrize(
    ("said", "day", "expected"),
    [
        ("Facebook", None, "META"),
        ("meta platforms, inc.", None, "META"),
        ("The Home Depot, Inc.", None, "HD"),
        ("Johnson and Johnson", None, "JNJ"),
        ("JPMORGAN CHASE & CO", None, "JPM"),
        ("L\u2019Oreal", None, "LRLCY"),
        ("McDonald's Corporation", None, "MCD"),
        ("NYSE:LMT", date(2014, 1, 1), "LMT"),
        ("FB", date(2024, 1, 1), "META"),  # nobody else ever had it
        ("COR", None, "COR"),
        ("WLP", None, "ELV"),
        ("No Such Company", None, None),
        ("", None, None),
    ],
)
def test_what_a_source_says_is_resolved(said: str, day: date | None, expected: str | None) -> None:
    assert _id(CATALOGUE.resolve(said, day)) == expected


def test_every_company_is_found_by_its_id_its_ticker_and_its_name() -> None:
    for company in HAND.companies:
        assert HAND.resolve(company.id) is company
    for each in CATALOGUE.instruments:
        assert CATALOGUE.by_id[each.id] is each
        holder = CATALOGUE.by_ticker(each.id)  # a former company's last symbol may be somebody else's by now
        assert CATALOGUE.resolve(each.id) is (holder or each) or ":" in each.id
        if each.listings:
            assert plain_symbol(each.ticker) == each.ticker


def test_search_puts_the_ticker_first_then_the_start_of_the_name() -> None:
    assert CATALOGUE.search("f")[0].id == "F"
    assert [company.id for company in CATALOGUE.search("face")] == ["META"]
    assert "AMZN" in [company.id for company in CATALOGUE.search("amaz")]
    assert "BAC" in [company.id for company in CATALOGUE.search("america", limit=50)]
    assert CATALOGUE.search("") == []
    assert len(CATALOGUE.search("a", limit=7)) == 7


def test_the_digest_names_the_data() -> None:
    row = "X,Materials,U.S. Steel,X<2025-06-18,,\n"
    one, same, other = (
        Catalogue((HEADER + text).encode()) for text in (row, row.replace("\n", "\r\n"), row + "Y,A,B,Y,,\n")
    )
    assert len(CATALOGUE.digest()) == 16
    assert one.digest() != other.digest()
    assert Catalogue((HEADER + row).encode()).digest() == one.digest()
    assert same.companies == one.companies


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (",Materials,U.S. Steel,X,,", "line 2"),
        ("X,Materials,U.S. Steel,X<June,,", "PARA>2022-02-17"),
        ("X,Materials,A|,X,,", "no empty name"),
        ("X,M,A,X,,\nX,M,B,Z,,", "same id"),
    ],
)
def test_a_wrong_row_is_named(row: str, said: str) -> None:
    with pytest.raises(CatalogueError, match=said):
        Catalogue((HEADER + row + "\n").encode())


@settings(max_examples=40)  # a search looks at every name, a tenth of a second
@given(st.text(), st.none() | st.dates(date(1990, 1, 1), date(2030, 1, 1)))
def test_any_text_can_be_asked_for(text: str, day: date | None) -> None:
    CATALOGUE.resolve(text, day)
    CATALOGUE.search(text)
    assert plain_name(plain_name(text)) == plain_name(text)


@given(st.sampled_from(CATALOGUE.companies), st.dates(date(2012, 1, 1), date(2026, 1, 1)))
def test_a_symbol_finds_its_company_exactly_while_it_is_valid(company: Instrument, day: date) -> None:
    for ticker in company.listings:
        assert (CATALOGUE.by_ticker(ticker.symbol, day) is company) == any(
            each.valid(day) for each in company.listings if each.symbol == ticker.symbol
        )
        if ticker.end:
            last = date.fromisoformat(ticker.end) - timedelta(days=1)
            assert CATALOGUE.by_ticker(ticker.symbol, last) is company
