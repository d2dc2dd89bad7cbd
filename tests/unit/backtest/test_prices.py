"""Every bad row of a price file is named; nothing is repaired in silence."""

from __future__ import annotations

import gzip
from datetime import date
from pathlib import Path

import numpy as np
import pytest

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
