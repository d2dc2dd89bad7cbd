"""Targets: what comes back from Kafka, from a price file, a backup or the settings. Read, or refused with words."""

from __future__ import annotations

import gzip
import hashlib
import math
from datetime import date
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from services.aggregation.admin.backup_file import BackupError, Header, check_backup
from services.backtest.bars import Clock, check_bars
from services.backtest.prices import PriceError, load_prices, read_prices
from services.runtime.record import Recorded
from services.scoring.entries import entry_of
from services.scoring.linking.linker import Linker
from shared.contract.events import (
    HEADER_FIRST_ORIGIN,
    Document,
    InvalidMessage,
    Opinion,
    Tick,
    decode_opinion,
    encode,
)
from shared.contract.keys import Keys
from shared.settings import Settings, SettingsError, load_settings
from shared.universe.expected.dates_file import ExpectedError, expected_in
from shared.universe.own_files import read_own
from shared.universe.securities import Catalogue, CatalogueError

_HAND: Final = b"id,sector,names,tickers,evidence,against\nTWLO,Information Technology,Twilio,TWLO,,\n"
_TOPIC: Final = "documents.news"
_DOCUMENT: Final = Document(
    id="0123456789abcdef0123456789abcdef", channel="news", source="rss:x", title="$AAPL", text="Apple rose, BP.L fell",
    published_at=1_699_999_000_000_000, received_at=1_699_999_000_000_000, available_at=1_699_999_000_000_000,
)  # fmt: skip
RECORDS: Final = (encode(_DOCUMENT), encode(Tick(watermark=1_699_999_000_000_000)), b'{"type":"document","v":9}')

PRICES: Final = (
    b"date,ticker,open,high,low,close,volume,adj_close\n2023-11-13,AAPL,10,11,9,10.5,1000,10.4\n"
    b"2023-11-14,AAPL,10.5,11,10,10.8,1200,10.7\n2023-11-15,AAPL,10.8,12,10,11,900,11\n"
    b"2023-11-13,MSFT,20,21,19,20.5,1000,20.4\n2023-11-14,MSFT,20,22,20,21,1100,20.9\n",
    b'Date,Ticker,Open,High,Low,Close,Volume\n11/13/2023,AAPL,$1,$2,$1,"1,166.71",1e3\n',
)

BARS: Final = (
    b"time,ticker,open,high,low,close,volume\n2023-11-14 14:30:00,AAPL,10,11,9,10.5,1000\n"
    b"2023-11-14 15:00:00,AAPL,10.5,11,10,10.8,1200\n2023-11-14 15:30:00Z,AAPL,10.8,12,10,11,900\n"
    b"2023-11-14T15:00:00+00:00,MSFT,20,21,19,20.5,1000\n1699977600,MSFT,20,22,20,21,1100\n",
    b"<TICKER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>\nAAPL,20231114,153000,1,2,1,1,1\n"
    b"AAPL,20231114,153500,1,2,1,1,1\nAAPL,20231124,180500,1,2,1,1,1\n",
)
EXPECTED: Final = (
    b"date,time,ticker,market,kind,note,known_from,known_until\n2026-04-30,16:30 America/New_York,AAPL,,earnings,Q2,,\n"
    b"2026-04-29,18:00Z,,US,central bank,FOMC,2025-06-20,2025-08-01T12:00Z\n2026-05-05,22:30+02:00,,*,x,,2026-04-01,\n",
)

_RUN: Final = "fuzzed"
_KEYS: Final = Keys(_RUN, 2)
_GROUPS: Final = [
    [[_KEYS.position(slot).encode(), b"t:5"], [_KEYS.totals(slot).encode(), {b"late": b"1"}]] for slot in (0, 1)
]
_HEADER: Final = Header(
    format="bellwether-backup", version=3, run=_RUN, slots=2, created_at=1, groups=2,
    binding={"partitions.run.fuzzed.opinions": "2", "created_at": "2023"},
)  # fmt: skip
BACKUPS: Final = tuple(
    msgspec.msgpack.encode([msgspec.msgpack.encode(part) for part in (_HEADER, *groups, 4)])
    for groups in ([*_GROUPS, [], []], [*_GROUPS, [], [[b"bw:profile:{a}:follows", {b"main|company|X": b"1"}]]])
)

SETTINGS: Final = (
    b"kafka: {bootstrap_servers: 'h:1', document_partitions: 4}\ningest:\n  rss: ['https://example.com/f.xml']\n",
    b"redis:\n  url: redis://h:1/0\n  password: secret-of-the-fuzzer\nmodel: {name: stub, precision: auto}\n",
    b"alerts: {rules: standard, secrets: {A: secret-of-the-fuzzer}}\naggregation: {strategies: [pulse]}\n",
)
INSTRUMENTS: Final = (
    b"ticker,name\nABCX,Abacus Example\nTWLO,Twilio\n",
    "id,kind,country,names,tickers,identifiers,parent,evidence\ncrypto:NEWC,crypto,,??Newcoin|新币@zh<2024-01-02,NEWC-USD,,,coin\n"
    'ABCY.L,company,GB,"Abacus, London",ABCY.L>2020-01-02~A@XLON ABZ<2020-01-02,isin:GB0000000000,ABCX,\n'.encode(),
)
SECRET: Final = "secret-of-the-fuzzer"


def record(data: bytes, number: int, folder: Path) -> None:
    """A record of documents.* is a document, a tick or a dead letter: exactly one of them."""
    del folder
    headers = [(HEADER_FIRST_ORIGIN, data[:60])] if number % 7 == 0 else []
    entry = entry_of(Recorded(_TOPIC, 0, number, None, data, headers), {_TOPIC: "id"}, Linker.of(Catalogue.load()))
    assert [entry.document is not None, entry.tick is not None, bool(entry.reason)].count(True) == 1
    assert not entry.reason or entry.detail
    try:
        decoded = decode_opinion(data)
    except InvalidMessage:
        return
    assert isinstance(decoded, Opinion | Tick) or decoded.origin.stream


def _calendar(number: int) -> str:
    """Now and then an exchange's, which takes seconds to make for a century that a file happens to span."""
    return "24/7" if number % 20 else "XNYS"


def prices(data: bytes, number: int, folder: Path) -> None:
    """Every row is used or named, and no price is nothing, negative or infinite."""
    path = folder / f"{number}.csv"
    path.write_bytes(data)
    try:
        loaded = load_prices(path, calendar=_calendar(number), today=date(2023, 12, 1))
    except PriceError as error:
        assert str(error)
        return
    finally:
        path.unlink()
    for frame in (loaded.open, loaded.close):
        values = frame.to_numpy(dtype=float)
        assert not np.isinf(values).any()
        assert not (values <= 0).any()
    assert all(problem.problem for problem in loaded.problems)


def bars(data: bytes, number: int, folder: Path) -> None:
    """The same of bars, in several clocks; and no bar lies outside of its session."""
    path = folder / f"{number}.csv"
    path.write_bytes(data)
    zone, labels = ("UTC", "exchange", "Europe/London")[number % 3], ("start", "end", "")[number // 3 % 3]
    try:
        loaded = check_bars(
            read_prices(path), str(path), calendar=_calendar(number), today=date(2023, 12, 1), clock=Clock(zone, labels)
        )  # fmt: skip
    except PriceError as error:
        assert str(error)
        return
    finally:
        path.unlink()
    assert loaded.grid is not None
    assert 1 <= loaded.grid.minutes <= 60
    assert loaded.open.index.is_monotonic_increasing
    assert loaded.open.notna().equals(loaded.close.notna())
    assert not (loaded.open.to_numpy() <= 0).any()
    assert loaded.grid.traded.to_numpy().any()


def expected(data: bytes, number: int, folder: Path) -> None:
    """A list of expected dates is read, or refused with the file and the remedy."""
    del number, folder
    try:
        found = expected_in(data, "events.csv", "events.csv", Catalogue.load(), 1_700_000_000_000_000)
    except ExpectedError as error:
        assert "events.csv" in str(error)
        return
    assert all(one.begin <= one.end and one.kind and bool(one.company) != bool(one.market) for one in found)


def backup(data: bytes, number: int, folder: Path) -> None:
    """A file is a whole backup of one run, or refused before anything of it is applied. Some get a right digest."""
    path = folder / f"{number}.backup"
    path.write_bytes(_framed(data) if number % 3 else gzip.compress(data, 1))
    try:
        header = check_backup(path)
        assert header.slots > 0
    except BackupError as error:
        assert str(path) in str(error)
    finally:
        path.unlink()


def _framed(data: bytes) -> bytes:
    """Parts in their frames, with lengths and a digest that are right: what is behind them is to be looked at."""
    try:
        parts = msgspec.msgpack.decode(data, type=list[bytes])
    except msgspec.MsgspecError:
        parts = [data]
    framed = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
    last = msgspec.msgpack.encode(hashlib.sha256(framed).digest())
    return gzip.compress(framed + len(last).to_bytes(8, "big") + last, 1)


def settings(data: bytes, number: int, folder: Path) -> None:
    """A file of settings is taken whole or refused, and no refusal repeats a secret."""
    del number
    file = folder / "bellwether.yaml"
    file.write_bytes(data)
    try:
        read = load_settings(folder)
    except SettingsError as error:
        assert str(error)
        assert SECRET not in str(error)
        return
    assert isinstance(read, Settings)
    assert math.isfinite(read.redis.timeout_seconds)


def instruments(data: bytes, number: int, folder: Path) -> None:
    """A user's file of instruments is laid over the catalogue, whole, or refused with its name."""
    path = folder / f"{number}.csv"
    path.write_bytes(data)
    try:
        catalogue = Catalogue(_HAND, own=[(path.name, read_own(path))])
    except CatalogueError as error:
        assert str(error)
        return
    finally:
        path.unlink()
    for each in catalogue.instruments:
        assert each.id and each.name
        assert catalogue.by_id[each.id] is each
