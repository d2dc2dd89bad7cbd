"""The packs that are shipped: how many, of what, and that every row says where it comes from."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from shared.universe import securities
from shared.universe.building.packages import SOURCES
from shared.universe.instrument import Instrument
from shared.universe.rows import COLUMNS
from shared.universe.securities import Catalogue

PACKS = Path(securities.__file__).parent / "packs"
CATALOGUE = Catalogue.load()
TABLES = {path.stem: list(csv.reader(path.read_text().splitlines())) for path in PACKS.glob("*.csv")}
ROWS = {name: [dict(zip(header, row, strict=True)) for row in rows] for name, (header, *rows) in TABLES.items()}
LEAST = {
    "us": 5_000, "china": 5_940, "europe": 500, "japan": 60, "india": 250, "canada": 60, "korea": 60, "taiwan": 60,
    "australia": 60, "nordics": 60, "brazil": 60, "crypto": 100,
}  # fmt: skip


@pytest.mark.parametrize("pack", LEAST)
def test_each_market_is_there(pack: str) -> None:
    assert len(ROWS[pack]) >= LEAST[pack]


def test_there_are_many_of_every_kind() -> None:
    kinds = Counter(each.kind for each in CATALOGUE.instruments)
    assert len(CATALOGUE.instruments) >= 14_000
    assert kinds["etf"] + kinds["index"] >= 250 and kinds["commodity"] + kinds["currency"] >= 60
    assert kinds["crypto"] >= 100 and not kinds["unknown"]


def test_nine_in_ten_come_from_packages_and_every_row_says_from_which() -> None:
    packages = {f"{name} {version}" for name, (version, *_) in SOURCES.items()}
    rows = [row for pack in ROWS.values() for row in pack]
    said = [set(row["source"].split("; ")) for row in rows]
    assert all(source and source <= packages | {"Bellwether"} for source in said)
    assert sum(bool(source & packages) for source in said) >= 0.9 * len(rows)


def test_identifiers_come_from_packages_alone() -> None:
    for each in CATALOGUE.instruments:
        for found in each.identifiers:
            assert found.scheme in ("cik", "isin"), each.id
            assert found.source.split(" ")[0] in SOURCES, each.id
            assert len(found.value) == 12 if found.scheme == "isin" else found.value.isdigit(), each.id


def test_a_file_that_a_person_reads_has_every_column_and_its_rows_in_order() -> None:
    for name, (header, *rows) in TABLES.items():
        assert tuple(header) == COLUMNS
        ids = [row[0] for row in rows]
        assert ids == sorted(set(ids)), name


def find(symbol: str) -> Instrument:
    found = CATALOGUE.by_ticker(symbol)
    assert found is not None, symbol
    return found


@pytest.mark.parametrize(
    ("symbol", "id", "name"),
    [
        ("600519.SS", "600519.SS", "贵州茅台"),
        ("000858.SZ", "000858.SZ", "五粮液"),
        ("0700.HK", "TCEHY", "腾讯"),
        ("2318.HK", "601318.SS", "中国平安"),
        ("BABA", "BABA", "阿里巴巴"),
        ("7974.T", "7974.T", "Nintendo"),
        ("RELIANCE.NS", "RELIANCE.NS", "Reliance Industries"),
        ("2330.TW", "TSM", "台積電"),
        ("VOLV-B.ST", "VOLV-B.ST", "Volvo"),
        ("NOKIA.HE", "NOK", "Nokia"),
        ("SAP.DE", "SAP", "SAP"),
        ("BTC-USD", "crypto:BTC", "比特币"),
        ("SPY", "etf:SPY", "SPDR S&P 500"),
        ("^GSPC", "index:SPX", "S&P 500"),
        ("GC=F", "commodity:GOLD", "Gold"),
        ("EURUSD=X", "currency:EUR", "Euro"),
    ],
)
def test_what_people_write_of_is_known(symbol: str, id: str, name: str) -> None:
    found = find(symbol)
    assert found.id == id
    assert name in [each.text for each in found.names]


@pytest.mark.parametrize(
    ("child", "parent"),
    [
        ("ENR.DE", "SIE.DE"),
        ("006400.KS", "005930.KS"),
        ("HINDUNILVR.NS", "UL"),
        ("SIEMENS.NS", "SIE.DE"),
        ("CCH.L", "KO"),
    ],
)
def test_affiliates_are_not_their_namesakes(child: str, parent: str) -> None:
    assert find(child).id != find(parent).id
    assert find(child).parent == find(parent).id


def test_share_classes_are_listings_of_one_company() -> None:
    assert {one.share_class for one in find("GOOGL").listings} >= {""}
    assert find("BRK-A") is find("BRK-B")
    assert find("000002.SZ") is find("2202.HK")
    kinds = {one.symbol: one.share_class for one in find("JPM").listings}
    assert "preferred" in kinds.values()
