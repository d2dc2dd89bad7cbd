"""Every bad row of a price file is named; nothing is repaired in silence."""

from __future__ import annotations

import gzip
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.backtest.price_files import numbers
from services.backtest.prices import PriceError, load_prices

HEAD = "date,ticker,open,high,low,close,adj_close,volume\n"
TODAY = date(2020, 1, 1)


def write(folder: Path, rows: str, head: str = HEAD) -> Path:
    path = folder / "prices.csv"
    path.write_text(head + rows)
    return path


def problems(path: Path) -> list[str]:
    return [str(p) for p in load_prices(path, today=TODAY).problems]


def test_adjusted_prices_carry_the_split(tmp_path: Path) -> None:
    path = write(tmp_path, "2014-01-02,AA,100,100,100,100,50,1\n2014-01-03,AA,52,52,52,52,52,1\n")
    prices = load_prices(path, today=TODAY)
    assert prices.open["AA"].tolist() == [50.0, 52.0]
    assert prices.close["AA"].tolist() == [50.0, 52.0]


def test_opens_at_are_the_exchange_hours(tmp_path: Path) -> None:
    prices = load_prices(write(tmp_path, "2014-01-02,AA,1,1,1,1,,1\n2014-07-01,AA,1,1,1,1,,1\n"), today=TODAY)
    assert [str(t) for t in prices.opens_at[[0, -1]]] == ["2014-01-02 14:30:00+00:00", "2014-07-01 13:30:00+00:00"]


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ("yesterday,AA,1,1,1,1,,1", "row 2 (AA yesterday): not a date"),
        ("2014-01-02,,1,1,1,1,,1", "row 2 ( 2014-01-02): no ticker"),
        ("2014-01-02,AA,1,1,1,,,1", "row 2 (AA 2014-01-02): no close"),
        ("2014-01-02,AA,1,1,1,1,0,1", "row 2 (AA 2014-01-02): an adj_close of zero or less"),
        ("2014-01-02,AA,1,1,1,1,-2,1", "row 2 (AA 2014-01-02): an adj_close of zero or less"),
        ("2014-01-02,AA,1,1,1,1,inf,1", "row 2 (AA 2014-01-02): its adj_close is not a number"),
        ("2014-01-02,AA,1,inf,1,1,,1", "row 2 (AA 2014-01-02): its high is not a number"),
        ("2014-01-02,AA,1,1,1,1e999,,1", "row 2 (AA 2014-01-02): its close is not a number"),
        ('2014-01-02,AA,1,1,1,"1,1",,1', "row 2 (AA 2014-01-02): its close is not a number"),
        ("2014-01-02,AA,1,1,1,one,,1", "row 2 (AA 2014-01-02): its close is not a number"),
        ("2014-01-02,AA,1,1,1,1,,1,9", "row 2 (AA 2014-01-02): 9 cells under 8 columns"),
        ('2014-01-02,"AA,1,1,1,1,,1', 'row 2 ("AA 2014-01-02): a quote opens here and does not close'),
        ("1700-01-02,AA,1,1,1,1,,1", "row 2 (AA 1700-01-02): a date before 1970-01-01"),
        ("9999-12-31,AA,1,1,1,1,,1", "row 2 (AA 9999-12-31): a date in the future"),
        ("03/04/2014,AA,1,1,1,1,,1", "row 2 (AA 03/04/2014): not a date"),
        ("2014-01-02,AA,0,1,1,1,,1", "row 2 (AA 2014-01-02): a price of zero or less"),
        ("2014-01-02,AA,1,1,2,1,,1", "row 2 (AA 2014-01-02): high below low"),
        ("2030-01-02,AA,1,1,1,1,,1", "row 2 (AA 2030-01-02): a date in the future"),
        ("2014-01-01,AA,1,1,1,1,,1", "row 2 (AA 2014-01-01): XNYS was closed on this day"),
    ],
)
def test_a_bad_row_is_named_and_left_out(tmp_path: Path, row: str, found: str) -> None:
    path = write(tmp_path, row + "\n2014-01-06,BB,1,1,1,1,,1\n")
    assert any(text.startswith(found) for text in problems(path))
    assert load_prices(path, today=TODAY).open.columns.tolist() == ["BB"]
    with pytest.raises(PriceError, match="--strict"):
        load_prices(path, today=TODAY, strict=True)


def test_duplicates_order_holes_and_jumps_are_named(tmp_path: Path) -> None:
    rows = "2014-01-06,AA,1,1,1,1,,1\n2014-01-02,AA,1,1,1,1,,1\n2014-01-02,AA,2,2,2,2,,1\n2014-01-07,AA,2,2,2,2,,1\n"
    texts = problems(write(tmp_path, rows))
    assert "row 4 (AA 2014-01-02): this day appears twice; the first row is used" in texts
    assert "row 3 (AA 2014-01-02): out of order; sorted" in texts
    assert "row 2 (AA 2014-01-06): 1 session(s) missing before this row" in texts
    assert any(text.startswith("row 5 (AA 2014-01-07): close moved by +100 %") for text in texts)


def test_strict_stops_at_a_hole_but_not_at_a_jump(tmp_path: Path) -> None:
    hole = write(tmp_path, "2014-01-02,AA,1,1,1,1,,1\n2014-01-06,AA,1,1,1,1,,1\n")
    with pytest.raises(PriceError, match=r"row 3 \(AA 2014-01-06\): 1 session"):
        load_prices(hole, today=TODAY, strict=True)
    jump = write(tmp_path, "2014-01-02,AA,1,1,1,1,,1\n2014-01-03,AA,2,2,2,2,,1\n")
    assert len(load_prices(jump, today=TODAY, strict=True).problems) == 1


def test_another_currency_is_named(tmp_path: Path) -> None:
    head = "date,ticker,open,high,low,close,volume,currency\n"
    path = write(tmp_path, "2014-01-02,AA,1,1,1,1,1,EUR\n2014-01-02,BB,1,1,1,1,1,USD\n", head)
    assert problems(path) == ["row 2 (AA 2014-01-02): a currency other than USD"]


def test_a_delisted_ticker_keeps_what_it_has(tmp_path: Path) -> None:
    rows = "2014-01-02,AA,1,1,1,1,,1\n2014-01-02,BB,1,1,1,1,,1\n2014-01-03,BB,1,1,1,1,,1\n"
    frame = load_prices(write(tmp_path, rows), today=TODAY).open
    assert frame["AA"].tolist()[0] == 1.0
    assert np.isnan(frame["AA"].tolist()[1])


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"date,ticker\n2014-01-02,AA\n"])
def test_a_file_that_is_not_prices_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "prices.csv"
    path.write_bytes(content)
    with pytest.raises(PriceError, match=r"prices\.csv"):
        load_prices(path, today=TODAY)


def test_gzip_and_unknown_calendar(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv.gz"
    path.write_bytes(gzip.compress((HEAD + "2014-01-02,AA,1,1,1,1,,1\n").encode()))
    assert len(load_prices(path, today=TODAY).open) == 1
    with pytest.raises(PriceError, match="XMOON"):
        load_prices(path, today=TODAY, calendar="XMOON")


ONE = [(10.5, 12.25, 10.0, 11.0, 1_166), (1_166.71, 1_170.5, 1_160.25, 1_165.0, 21_004_066)]


def bars(path: Path, **more: Any) -> list[tuple[float, float, float]]:
    """(open, close, volume) of the only company, by session."""
    prices = load_prices(path, today=TODAY, **more)
    assert prices.problems == () or all("moved by" in problem.problem for problem in prices.problems)
    (company,) = prices.open.columns
    return list(zip(prices.open[company], prices.close[company], prices.volume[company], strict=True))


@pytest.mark.parametrize(
    ("head", "rows"),
    [
        (
            "Date,Open,High,Low,Close,Adj Close,Volume",
            ["2014-01-02,{0},{1},{2},{3},{3},{4}", "2014-01-03,{0},{1},{2},{3},,{4}"],
        ),
        (
            "Date,Close/Last,Volume,Open,High,Low",
            ["01/03/2014,${3},{4},${0},${1},${2}", "01/02/2014,${3},{4},${0},${1},${2}"],
        ),
        (
            "<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>",
            ["20140102,000000,{0},{1},{2},{3},{4},0", "20140103,000000,{0},{1},{2},{3},{4},0"],
        ),
        (
            "timestamp,open,high,low,close,volume",
            ["2014-01-02 00:00:00-05:00,{0},{1},{2},{3},{4}", "2014-01-03 00:00:00+09:00,{0},{1},{2},{3},{4}"],
        ),
        ("Date;Open;High;Low;Last;Vol.", ["2 Jan 2014;{0};{1};{2};{3};{4}", "3-Jan-14;{0};{1};{2};{3};{4}"]),
    ],
)  # fmt: skip
def test_layouts_of_vendors(tmp_path: Path, head: str, rows: list[str]) -> None:
    values = ONE if "01/03" not in rows[0] else ONE[::-1]
    text = "\n".join([head, *(row.format(*bar) for row, bar in zip(rows, values, strict=True))])
    if ";" in head:
        text = text.replace(".", ",").replace("Vol,", "Vol.")
    path = tmp_path / "IBM.csv"  # whose prices these are
    path.write_text(text + "\n")
    assert bars(path) == [(bar[0], bar[3], float(bar[4])) for bar in ONE]
    other = path.rename(tmp_path / "HistoricalData_1.csv")
    assert bars(other, ticker="IBM") == bars(other, ticker="XYZ")
    with pytest.raises(PriceError, match="--ticker"):
        load_prices(other, today=TODAY)


@pytest.mark.parametrize(
    "head", ["Price,{0}\nTicker,{1}\nDate,,,,,,,,,,\n", "Ticker,{1}\nPrice,{0}\nDate\n", ",{0}\n,{1}\nDate,\n"]
)
def test_a_column_for_each_field_and_ticker(tmp_path: Path, head: str) -> None:
    fields = ",".join(name for name in ("Close", "High", "Low", "Open", "Volume") for _ in range(2))
    path = tmp_path / "prices.csv"
    path.write_text(
        head.format(fields, ",".join(["AA", "BB"] * 5))
        + "2014-01-02,11,21,12,22,10,20,10,20,5,6\n2014-01-03,11,,12,,10,,10,,5,\n"
    )
    prices = load_prices(path, today=TODAY)
    assert prices.close["AA"].tolist() == [11, 11] and prices.close["BB"].tolist()[0] == 21
    assert np.isnan(prices.close["BB"].tolist()[1]) and prices.problems == ()


@given(st.decimals(min_value=Decimal("0.01"), max_value=Decimal(10**9), places=2))
def test_a_number_is_the_same_however_it_is_written(number: Decimal) -> None:
    written = [
        f"{number}",
        f"{number:,}",
        f"${number:,}",
        f" {number:,} ".replace(",", "'"),
        f"{number:,}".replace(",", " "),
    ]
    assert numbers(pd.Series(written)).tolist() == [float(number)] * len(written)


@pytest.mark.parametrize(
    "text", ["1,1", "1,16,671", "1.2.3", "12,3456", "$", "-", "1/2", "0x1f", "1_000", "M", "1,166,71", "e3", ".", "+"]
)
def test_what_is_no_number_is_none(text: str) -> None:
    assert np.isnan(numbers(pd.Series([text])).tolist()[0])


def test_one_share_class_for_the_whole_file_and_the_other_named(tmp_path: Path) -> None:
    days = ["2014-01-02", "2014-01-03", "2014-01-06", "2014-01-07"]
    rows = [f"{day},BRK.A,170000,170000,170000,170000,,1\n" for day in days[1:3]]
    rows += [f"{day},BRK.B,115,115,115,115,,1\n" for day in (days[0], days[2], days[3])]
    path = write(tmp_path, "".join(rows))
    prices = load_prices(
        path, today=TODAY, company_of=lambda ticker, _: "BRK.B" if ticker.startswith("BRK") else ticker
    )
    assert prices.close["BRK.B"].dropna().tolist() == [115.0] * 3
    assert "row 2 (BRK.A 2014-01-03): another share class of BRK.B, whose BRK.B is used; its 2 rows are left out" in [
        str(problem) for problem in prices.problems
    ]


def test_a_ticker_that_follows_another_is_the_same_company_under_a_new_name(tmp_path: Path) -> None:
    path = write(tmp_path, "2014-01-02,FB,1,1,1,1,,1\n2014-01-03,FB,1,1,1,1,,1\n2014-01-06,META,1,1,1,1,,1\n")
    prices = load_prices(path, today=TODAY, company_of=lambda *_: "META")
    assert prices.close["META"].tolist() == [1.0] * 3 and prices.problems == ()


PIECES = st.sampled_from(
    ["date", "Date", "ticker", "open", "high", "low", "close", "volume", "Price", "Ticker", "2014-01-02",
     "1700-01-01", "9999-12-31",
     "01/02/2014", "AA", "1", "1,166.71", "$2", "inf", "nan", "-1", '"', ",", ";", "\n", "\x00", "\u00e9", ""]
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(PIECES, max_size=40).map("".join) | st.lists(PIECES, max_size=60).map(",".join), st.booleans())
def test_any_file_is_prices_or_an_error_that_names_it(
    tmp_path_factory: pytest.TempPathFactory, text: str, headed: bool
) -> None:
    path = tmp_path_factory.mktemp("any") / "prices.csv"
    path.write_text((HEAD if headed else "") + text)
    try:
        prices = load_prices(path, today=TODAY)
    except PriceError as error:
        assert "prices.csv" in str(error)
    else:
        assert np.isfinite(prices.close.to_numpy(dtype=float)[~prices.close.isna()]).all()
