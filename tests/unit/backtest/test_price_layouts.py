"""Prices as people keep them: Parquet, a file a ticker, wide tables, closes alone, columns of other names."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from services.backtest.prices import PriceError, Prices, load_prices

TODAY = date(2020, 1, 1)
ROWS = [
    ("2014-01-02", "AAPL", 10.5, 12.0, 10.0, 11.25, 100),
    ("2014-01-03", "AAPL", 11.5, 13.0, 11.0, 12.25, 200),
    ("2014-01-02", "MSFT", 20.5, 22.0, 20.0, 21.25, 300),
    ("2014-01-03", "MSFT", 21.5, 23.0, 21.0, 22.25, 400),
]
LONG = pd.DataFrame(ROWS, columns=["date", "ticker", "open", "high", "low", "close", "volume"])


def load(path: Path, **options: str) -> Prices:
    return load_prices(path, today=TODAY, **options)  # type: ignore[arg-type]


def is_right(prices: Prices) -> bool:
    return (
        prices.close["AAPL"].tolist() == [11.25, 12.25]
        and prices.open["MSFT"].tolist() == [20.5, 21.5]
        and prices.volume["MSFT"].tolist() == [300, 400]
    )


def test_parquet_as_it_is_written(tmp_path: Path) -> None:
    LONG.to_parquet(tmp_path / "a.parquet")
    assert is_right(load(tmp_path / "a.parquet"))
    dated = LONG.assign(date=pd.to_datetime(LONG["date"])).rename(columns=str.title)
    dated.set_index("Date").to_parquet(tmp_path / "b.parquet")
    assert is_right(load(tmp_path / "b.parquet"))
    wide = LONG.assign(date=pd.to_datetime(LONG["date"])).pivot(index="date", columns="ticker")
    wide.columns.names = ["Price", "Ticker"]
    wide.to_parquet(tmp_path / "c.parquet")
    assert is_right(load(tmp_path / "c.parquet"))


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_folder_with_a_file_for_each_ticker(tmp_path: Path, kind: str) -> None:
    for ticker, rows in LONG.groupby("ticker"):
        own = rows.drop(columns="ticker")
        path = tmp_path / f"{ticker}.{kind}"
        own.to_csv(path, index=False) if kind == "csv" else own.to_parquet(path)
    (tmp_path / "notes.md").write_text("x")
    assert is_right(load(tmp_path))
    (tmp_path / "unheard-of.csv").write_text("date,close\n2014-01-02,1\n")
    with pytest.raises(PriceError, match=r"unheard-of.csv: there is no column 'ticker'"):
        load(tmp_path)


def test_a_wide_table_is_of_closes(tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    path.write_text("Date,AAPL,MSFT\n2014-01-02,11.25,21.25\n2014-01-03,12.25,\n")
    prices = load(path)
    assert prices.close["AAPL"].tolist() == prices.open["AAPL"].tolist() == [11.25, 12.25]
    assert prices.close["MSFT"].dropna().tolist() == [21.25]
    assert any("closes alone" in str(problem) and not problem.dropped for problem in prices.problems)


def test_parquet_columns_of_other_names(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    LONG.rename(columns={"close": "Settle", "ticker": "Code"}).to_parquet(path)
    assert is_right(load(path, mapping="close=Settle,ticker=Code"))
    with pytest.raises(PriceError, match=r"no column 'Setle'; columns: date, Code, open, high, low, Settle, volume"):
        load(path, mapping="close=Setle,ticker=Code")


def test_columns_of_other_names(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Day,Code,O,H,L,Settle,V\n" + "\n".join(",".join(map(str, row)) for row in ROWS) + "\n")
    assert is_right(load(path, mapping="date=Day,ticker=Code,open=O,high=H,low=L,close=Settle,volume=V"))
    with pytest.raises(PriceError, match="no column 'Setle'"):
        load(path, mapping="close=Setle")
    with pytest.raises(PriceError, match="write FIELD=column"):
        load(path, mapping="price=Settle")
    parquet = tmp_path / "a.parquet"
    LONG.rename(columns={"close": "Settle"}).to_parquet(parquet)
    assert is_right(load(parquet, mapping="close=Settle"))


def test_what_holds_no_prices_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"no parquet")
    with pytest.raises(PriceError, match="not a file of prices"):
        load(tmp_path / "a.parquet")
    (tmp_path / "empty").mkdir()
    with pytest.raises(PriceError, match="no file of prices in it"):
        load(tmp_path / "empty")
