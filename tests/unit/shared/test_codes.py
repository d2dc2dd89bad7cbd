"""Codes as brokers, terminals and data sets write them, and the one spelling of the catalogue."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.universe.codes import symbols_of


@pytest.mark.parametrize(
    ("written", "symbol"),
    [
        ("601318.SH", "601318.SS"), ("601318.SS", "601318.SS"), ("SH601318", "601318.SS"), ("sz300750", "300750.SZ"),
        ("300750", "300750.SZ"), ("601318", "601318.SS"), ("830799", "830799.BJ"), ("SHA:601318", "601318.SS"),
        ("0388.HK", "0388.HK"), ("00388.HK", "0388.HK"), ("388 HK", "0388.HK"), ("388:HK", "0388.HK"),
        ("HKG:0388", "0388.HK"), ("6501.T", "6501.T"), ("6501 JP Equity", "6501.T"), ("TYO: 6501", "6501.T"),
        ("BARC.L", "BARC.L"), ("BARC LN", "BARC.L"), ("LON:BARC", "BARC.L"), ("ALV.DE", "ALV.DE"),
        ("ALV GY Equity", "ALV.DE"), ("$MRK:GR", "MRK.DE"), ("ETR:ALV", "ALV.DE"), ("AIR.PA", "AIR.PA"),
        ("TCS.NS", "TCS.NS"), ("NSE:TCS", "TCS.NS"), ("TCS IN Equity", "TCS.NS"), ("M&M.NS", "M&M.NS"),
        ("MSFT.OQ", "MSFT"), ("MSFT.O", "MSFT"), ("MSFT US Equity", "MSFT"), ("XNAS:MSFT", "MSFT"),
        ("NYSE American: MSFT", "MSFT"), ("MSFT-US", "MSFT"), ("BF/B", "BF.B"), ("BF-B US Equity", "BF.B"),
        ("BFB", "BF.B"), ("ETH-USD", "ETH.USD"), ("$ETH.X", "ETH.USD"), ("ETHUSDT", "ETH.USD"), ("^NDX", "NDX"),
        ("$NDX", "^NDX"), ("$NQ_F", "NQ=F"), ("EURUSD", "EURUSD=X"), ("NOVO-B.CO", "NOVO.B.CO"),
    ],
)  # fmt: skip
def test_a_code_in_many_spellings(written: str, symbol: str) -> None:
    assert symbol in symbols_of(written)


@pytest.mark.parametrize(("written", "other"), [("T.TO", "T"), ("MRK:GR", "MRK"), ("LON:F", "F"), ("ALV GY", "ALV")])
def test_a_suffix_of_another_market_is_never_taken_off(written: str, other: str) -> None:
    assert other not in symbols_of(written)


@given(st.text())
def test_any_text_has_some_spelling(text: str) -> None:
    assert all(isinstance(symbol, str) for symbol in symbols_of(text))
