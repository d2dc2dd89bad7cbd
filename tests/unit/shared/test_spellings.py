from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.universe.securities import Catalogue
from shared.universe.spellings import companies_in, company_called, explicit_symbol

CATALOGUE = Catalogue.load()
DAY = date(2026, 3, 2)


def ids(field: object) -> list[str]:
    return [company.id for company in companies_in(field, CATALOGUE, DAY)[0]]


@pytest.mark.parametrize(
    "field",
    [
        "MSFT", "msft", "$MSFT", "NASDAQ:MSFT", "XNAS:MSFT", "MSFT.O", "MSFT.OQ", "MSFT.US", "MSFT:US", "MSFT-US",
        "MSFT US Equity", "MSFT UW Equity", "MSFT US", "{MSFT}", "['MSFT']", "Microsoft Corp.", "Microsoft (MSFT)",
        "Microsoft Corporation (NASDAQ: MSFT)", "MICROSOFT CORPORATION, INC.", "Microsoft Corp Class A",
        ["MSFT", "msft"],
        "Microsoft Corporation Common Stock", "nan;MSFT",
    ],
)  # fmt: skip
def test_one_company_in_many_spellings(field: object) -> None:
    assert ids(field) == ["MSFT"] and companies_in(field, CATALOGUE, DAY)[1] == []


@pytest.mark.parametrize(
    "field",
    [
        "MSFT,NVDA", "MSFT, NVDA", "MSFT;NVDA", "MSFT|NVDA", "MSFT NVDA", "MSFT\nNVDA", "['MSFT', 'NVDA']",
        '["MSFT","NVDA"]', ["MSFT", "NVDA"], "(MSFT, NVDA)", "Microsoft; Nvidia", "MSFT.O, NVDA US Equity",
    ],
)  # fmt: skip
def test_lists(field: object) -> None:
    assert ids(field) == ["MSFT", "NVDA"]


@pytest.mark.parametrize("field", ["SE, AAPL", "AAPL, SE", "SE,AAPL", "AAPL\nSE"])
def test_a_ticker_that_is_a_legal_form_too(field: str) -> None:
    assert sorted(ids(field)) == ["AAPL", "SE"]


@pytest.mark.parametrize("field", ["ACME, SE", "Acme, Inc.", "ACME, INC."])
def test_a_legal_form_is_no_company(field: str) -> None:
    assert ids(field) == []


@pytest.mark.parametrize("spelling", ["BRK-B", "BRK/B", "BRK.B", "BRKB", "BRK_B", "Berkshire Hathaway Inc. Class B"])
def test_share_classes(spelling: str) -> None:
    assert ids(spelling) == ["BRK.B"]


@pytest.mark.parametrize(
    ("listing", "home"),
    [("BP.L", "BP"), ("BP/ LN Equity", ""), ("BP LN Equity", "BP"), ("700 HK", "TCEHY"), ("6758.T", "SONY")],
)
def test_home_listings_of_companies_that_are_known(listing: str, home: str) -> None:
    assert ids(listing) == ([home] if home else [])


def test_an_isin_is_looked_up() -> None:
    assert ids("US5949181045") == ids("us5949181045") == ["MSFT"] and ids("US0000000000") == []


@pytest.mark.parametrize("other", ["ZZZQ.TO", "ZZQ.PA", "699999.SS", "QQZ-USD", "QQZ.X", "US0000000000", "Nobody Inc."])
def test_what_is_not_known_is_named_and_never_another(other: str) -> None:
    assert companies_in(f"MSFT;{other}", CATALOGUE, DAY)[1] == [other] and ids(other) == []


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("T.TO", "T.TO"),
        ("MC.PA", "LVMUY"),
        ("600519.SH", "600519.SS"),
        ("BTC-USD", "crypto:BTC"),
        ("BTC.X", "crypto:BTC"),
    ],
)
def test_what_the_world_trades_is_known_by_its_home_symbol(written: str, meant: str) -> None:
    assert ids(written) == [meant]


@pytest.mark.parametrize("nothing", ["", "nan", "None", "[]", "{}", " ; ", [], ["", "null"], "N/A"])
def test_nothing_is_no_name(nothing: object) -> None:
    assert companies_in(nothing, CATALOGUE, DAY) == ([], [])


@given(
    st.lists(st.sampled_from([company.ticker for company in CATALOGUE.companies]), min_size=1, max_size=4, unique=True)
)
def test_every_ticker_in_every_list(tickers: list[str]) -> None:
    expected = [company.id for one in tickers if (company := company_called(one, CATALOGUE, DAY))]
    for sign in (";", "|", ", ", "\n"):
        assert ids(sign.join(tickers)) == ids(tickers) == list(dict.fromkeys(expected))


@given(st.one_of(st.text(), st.integers(), st.floats(), st.lists(st.text()), st.dictionaries(st.text(), st.text())))
def test_any_field_is_companies_or_names(field: object) -> None:
    companies, unknown = companies_in(field, CATALOGUE, DAY)
    assert len({company.id for company in companies}) == len(companies) and all(unknown)


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("ABCX", "ABCX"), ("$ABCX", "ABCX"), ("699999.SH", "699999.SS"), ("999.HK", "0999.HK"), ("ABC-B", "ABC.B"),
        ("Abcx", ""), ("ABCX Holdings", ""), ("TECHNOLOGY", ""), ("", ""),
    ],
)  # fmt: skip
def test_what_can_only_be_a_ticker(name: str, symbol: str) -> None:
    assert explicit_symbol(name) == symbol
