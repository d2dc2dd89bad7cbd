"""Where prices come from: a file, or a provider that the settings name. A provider gives lines of text; the same checks
follow as for a file (prices.py), so that nothing about it is trusted.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import quote

import pandas as pd

from services.backtest.bars import Clock, are_bars, check_bars
from services.backtest.price_files import LayoutError, table_of
from services.backtest.prices import PriceError, Prices, check_prices, read_prices
from shared.clients.web import TooLarge, WebClient, WebError
from shared.clock import to_datetime
from shared.settings import BacktestSettings, Settings
from shared.universe.securities import Catalogue
from shared.universe.spellings import company_called

_OK: Final = 200
_NOT_FOUND: Final = 404
MARGIN_DAYS: Final = 45  # prices behind the last signal: positions and horizons run out


class PriceProvider(Protocol):
    """Somebody who knows daily prices."""

    def fetch(self, tickers: Sequence[str], begin: date, end: date) -> pd.DataFrame:
        """Texts in the columns date, ticker, open, high, low, close[, adj_close], volume; both days inclusive.

        A ticker that it does not know is left out. Raises PriceError when it cannot be asked.
        """


class HttpCsv:
    """One CSV a ticker, from an address such as https://prices.example/{ticker}?from={begin}&to={end}."""

    def __init__(self, name: str, address: str, settings: BacktestSettings) -> None:
        self._name, self._address = name, address
        self._settings = settings

    def fetch(self, tickers: Sequence[str], begin: date, end: date) -> pd.DataFrame:
        settings = self._settings
        with WebClient(
            seconds=settings.timeout_seconds,
            max_bytes=settings.max_response_bytes,
            inside=settings.redirects_inside,
        ) as client:
            found = [self._one(client, ticker, begin, end) for ticker in tickers]
        known = [table for table in found if table is not None]
        if not known:
            raise PriceError(f"price provider {self._name!r} knows none of {len(tickers)} tickers, e.g. {tickers[0]}")
        return pd.concat(known, ignore_index=True).fillna("")

    def _one(self, client: WebClient, ticker: str, begin: date, end: date) -> pd.DataFrame | None:
        try:
            address = self._address.format(ticker=quote(ticker, safe=""), begin=begin, end=end)
        except (KeyError, IndexError, ValueError) as error:
            raise PriceError(f"price provider {self._name!r}: its address has an unknown field: {error}") from None
        text = self._get(client, address)
        if text is None:
            return None
        try:
            table = table_of(io.StringIO(text, newline=""))
        except (LayoutError, csv.Error):
            return None  # an empty answer: not known here
        if "date" not in table.columns:
            return None  # "No data": how some providers say that they do not know a ticker
        return table if "ticker" in table.columns else table.assign(ticker=ticker)

    def _get(self, client: WebClient, address: str) -> str | None:
        try:
            answer = client.get(address)
        except TooLarge:
            raise PriceError(f"price provider {self._name!r}: a response larger than max_response_bytes") from None
        except WebError as error:
            raise PriceError(f"price provider {self._name!r}: {error}") from None
        if answer.status == _NOT_FOUND:
            return None
        if answer.status != _OK:
            raise PriceError(f"price provider {self._name!r}: HTTP {answer.status}")
        return answer.body.decode("utf-8", "replace")


def provider_of(settings: BacktestSettings, name: str) -> PriceProvider:
    """Raises PriceError, listing what is known."""
    if name not in settings.price_urls:
        known = ", ".join(sorted(settings.price_urls)) or "none (BELLWETHER_BACKTEST__PRICE_URLS names them)"
        raise PriceError(f"--prices {name}: neither a price file nor a price provider; providers: {known}")
    return HttpCsv(name, settings.price_urls[name], settings)


def company_namer() -> Callable[[str, date], str]:
    """From a ticker and a day to a company id of the catalogue; a ticker that it does not know stays what it is."""
    catalogue = Catalogue.load()

    def company_of(ticker: str, day: date) -> str:
        found = company_called(ticker, catalogue, day)
        return found.id if found else ticker

    return company_of


def load_file(source: Path, ticker: str = "", mapping: str = "", clock: Clock | None = None, **checks: Any) -> Prices:
    """Prices of a file or folder: of days, or, where it has several moments of a day, of bars. Raises PriceError."""
    table = read_prices(source, ticker, mapping)
    if are_bars(table):
        return check_bars(table, str(source), clock=clock, company_of=company_namer(), **checks)
    return check_prices(table, str(source), company_of=company_namer(), **checks)


def load_any_prices(
    settings: Settings,
    source: str,
    signals: pd.DataFrame,
    ticker: str = "",
    mapping: str = "",
    clock: Clock | None = None,
    **checks: Any,
) -> Prices:
    """Prices from the file or folder `source`, else from the provider of that name for the signals' tickers."""
    if Path(source).exists() or Path(source).suffix:
        return load_file(Path(source), ticker, mapping, clock, **checks)
    provider = provider_of(settings.backtest, source)
    if signals.empty:
        raise PriceError(f"--prices {source}: the run has no signals, so there is nothing to ask for")
    begin, end = (to_datetime(int(signals["available_at"].agg(which))).date() for which in ("min", "max"))
    last = min(end + timedelta(days=MARGIN_DAYS), checks["today"])
    tickers = sorted(set(signals["ticker"]))
    table = provider.fetch(tickers, begin - timedelta(days=MARGIN_DAYS), last)
    return check_prices(table, f"price provider {source!r}", company_of=company_namer(), **checks)
