"""A price provider: a name in the settings, asked over HTTP, and believed no more than a file."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest

from services.backtest.prices import PriceError
from services.backtest.providers import load_any_prices
from shared.settings import BacktestSettings, Settings, load_settings

HEAD = "Date,Open,High,Low,Close,Volume\n"
ANSWERS: dict[str, str | bytes] = {
    "AAPL": HEAD + "2014-05-01,10,11,9,10,5\n2014-05-02,10,11,9,0,5\n2014-05-05,11,11,9,10,5\n",
    "MSFT": HEAD + "2014-05-01,20,21,19,20,5\n",
    "GONE": "No data",
    "HUGE": HEAD + "x" * 3_000,
    "BOMB": gzip.compress(b"x" * 50_000_000, 1)[:900],
    "BRK/B&x=1": HEAD + "2014-05-01,30,31,29,30,5\n",
}


class Handler(BaseHTTPRequestHandler):
    asked: ClassVar[list[dict[str, list[str]]]] = []

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        self.asked.append(query)
        answer = ANSWERS.get(query["s"][0])
        self.send_response(404 if answer is None else 200)
        if isinstance(answer, bytes):
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        self.wfile.write(answer if isinstance(answer, bytes) else (answer or "").encode())

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    Handler.asked.clear()
    yield f"http://127.0.0.1:{server.server_port}/q?s={{ticker}}&d1={{begin:%Y%m%d}}&d2={{end:%Y%m%d}}"
    server.shutdown()
    thread.join()
    server.server_close()


def settings_with(tmp_path: object, **urls: str) -> Settings:
    return load_settings(tmp_path, backtest=BacktestSettings(price_urls=urls, max_response_bytes=1_000))  # type: ignore[arg-type]


def signals(*tickers: str) -> pd.DataFrame:
    at = [1_398_952_800_000_000 + k for k in range(len(tickers))]  # 2014-05-01
    return pd.DataFrame({"ticker": tickers, "company": tickers, "available_at": at})


def test_a_provider_is_asked_for_the_signals_tickers_and_time(tmp_path: object, address: str) -> None:
    settings = settings_with(tmp_path, local=address)
    wanted = signals("AAPL", "MSFT", "GONE", "NOBODY")
    prices = load_any_prices(settings, "local", wanted, today=date(2020, 1, 1))
    assert sorted(query["s"][0] for query in Handler.asked) == ["AAPL", "GONE", "MSFT", "NOBODY"]
    assert (Handler.asked[0]["d1"], Handler.asked[0]["d2"]) == (["20140317"], ["20140615"])
    assert len(prices.open.columns) == 2
    assert [str(problem) for problem in prices.problems if problem.dropped] == [
        "row 3 (AAPL 2014-05-02): a price of zero or less"
    ]


@pytest.mark.parametrize(
    ("source", "ticker", "named"),
    [
        ("nowhere", "AAPL", "neither a price file nor a price provider; providers: broken, down, local"),
        ("missing.csv", "AAPL", r"missing\.csv: no such price file"),
        ("local", "NOBODY", "knows none of 1 tickers, e.g. NOBODY"),
        ("local", "HUGE", "a response larger than max_response_bytes"),
        ("local", "BOMB", "a response larger than max_response_bytes"),
        ("down", "AAPL", "price provider 'down': ConnectError"),
        ("broken", "AAPL", "its address has an unknown field: 'symbol'"),
    ],
)
def test_what_cannot_be_had_is_named(tmp_path: object, address: str, source: str, ticker: str, named: str) -> None:
    settings = settings_with(
        tmp_path, local=address, down="http://127.0.0.1:9/{ticker}", broken="http://127.0.0.1:9/{symbol}"
    )
    with pytest.raises(PriceError, match=named):
        load_any_prices(settings, source, signals(ticker), today=date(2020, 1, 1))


def test_a_ticker_is_one_value_of_the_address_whatever_is_in_it(tmp_path: object, address: str) -> None:
    prices = load_any_prices(
        settings_with(tmp_path, local=address), "local", signals("BRK/B&x=1"), today=date(2020, 1, 1)
    )
    assert Handler.asked[0]["s"] == ["BRK/B&x=1"] and len(prices.open.columns) == 1
