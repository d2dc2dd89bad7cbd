"""A user's own instruments: two columns suffice, what is laid over what, and what is refused with which words."""

from __future__ import annotations

from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.settings import load_settings
from shared.universe.own_files import files_in_use, own_rows, read_own
from shared.universe.securities import Catalogue, CatalogueError, Instrument

HAND = b"id,sector,names,tickers,evidence,against\nTWLO,Information Technology,Twilio,TWLO,sms,\n"


def laid(text: str) -> Catalogue:
    return Catalogue(HAND, own=[("mine.csv", text.encode())])


def test_ticker_and_name_suffice() -> None:
    catalogue = laid("ticker,name\nABCX,Abacus Example\nabcy.l,Abacus of London\n")
    found = catalogue.by_ticker("ABCX")
    assert found is not None and (found.id, found.name, found.kind) == ("ABCX", "Abacus Example", "company")
    assert found.source == "mine.csv" and catalogue.by_id["ABCY.L"].name == "Abacus of London"


def test_a_private_company_and_a_coin() -> None:
    catalogue = laid("id,kind,ticker,name\n,,,Acme Private Holdings\ncrypto:NEWC,Crypto,NEWC-USD,Newcoin\n")
    assert catalogue.by_id["Acme Private Holdings"].listings == ()
    assert catalogue.by_id["crypto:NEWC"].kind == "crypto"
    assert catalogue.by_ticker("NEWC.USD") is catalogue.by_id["crypto:NEWC"]


def test_a_row_of_a_known_company_is_laid_over_it() -> None:
    twilio = laid("ticker,name,country,isin\nTWLO,Twilio Inc of Mine,US,US90138F1021\n").by_id["TWLO"]
    assert [name.text for name in twilio.names] == ["Twilio Inc of Mine", "Twilio"]
    assert (twilio.sector, twilio.country, twilio.evidence) == ("Information Technology", "US", ("sms",))
    assert [(one.scheme, one.value, one.source) for one in twilio.identifiers] == [("isin", "US90138F1021", "mine.csv")]


def test_a_file_changes_the_digest_and_order_of_line_ends_does_not() -> None:
    text = "ticker,name\nABCX,Abacus Example\n"
    assert laid(text).digest() != Catalogue(HAND).digest()
    assert laid(text).digest() == laid(text.replace("\n", "\r\n")).digest()


def test_parquet_says_the_same_as_csv(tmp_path: Path) -> None:
    table = pyarrow.table({"ticker": ["ABCX", None], "name": ["Abacus, the Example", "Acme"]})
    pyarrow.parquet.write_table(table, tmp_path / "mine.parquet")
    rows = list(own_rows(read_own(tmp_path / "mine.parquet"), "mine.parquet", {}))
    assert [(row.id, row.name) for row in rows] == [("ABCX", "Abacus, the Example"), ("Acme", "Acme")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n", "neither ticker nor name"),
        ("ticker,name,colour\nA,B,C\n", "unknown column 'colour'"),
        ("ticker,name\nA B C!,D\n", "mine.csv line 2"),
        ("ticker,name\nABCX,Abacus, Inc\n", "line 2: more cells than the header has"),
        ("ticker,name\nABCX,\n", "ABCX has no name"),
        ("ticker,name,kind\nABCX,Abacus,stocks\n", "unknown kind 'stocks'"),
        ('ticker,name\nABCX,"Abacus\n', "line"),
    ],
)
def test_what_cannot_be_read_is_named(text: str, said: str) -> None:
    with pytest.raises(CatalogueError, match=said):
        laid(text)


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "old.csv").write_bytes("ticker,name\nABCX,Ab\xe4cus\n".encode("latin-1"))
    (tmp_path / "no.parquet").write_bytes(b"PAR1 nothing")
    with pytest.raises(CatalogueError, match="not UTF-8"):
        list(own_rows(read_own(tmp_path / "old.csv"), "old.csv", {}))
    for name, said in (("no.parquet", "no Parquet file"), ("absent.csv", "does not exist")):
        with pytest.raises(CatalogueError, match=said):
            read_own(tmp_path / name)


def test_the_settings_name_them_and_the_state_folder_holds_them(tmp_path: Path) -> None:
    (tmp_path / "universe").mkdir()
    (tmp_path / "universe" / "b.csv").write_text("ticker,name\nABCX,Abacus Example\n")
    (tmp_path / "universe" / "notes.txt").write_text("nothing")
    (tmp_path / "a.csv").write_text("ticker,name\nABCW,Abacus Twin\n")
    (tmp_path / "bellwether.yaml").write_text("universe: {files: [a.csv]}\n")
    try:
        load_settings(tmp_path)
        assert [path.name for path in files_in_use()] == ["a.csv", "b.csv"]
        mine = Catalogue.load()
        assert mine.by_id["ABCX"].name == "Abacus Example" and mine.by_id["ABCW"].name == "Abacus Twin"
    finally:
        load_settings(tmp_path / "elsewhere")
    assert "ABCX" not in Catalogue.load().by_id


def test_an_id_that_no_row_has_is_an_instrument_of_unknown_kind() -> None:
    found = Catalogue(HAND).get("ZZZQ.L")
    assert (found.id, found.kind, found.name, found.ticker) == ("ZZZQ.L", "unknown", "ZZZQ.L", "ZZZQ.L")


@given(st.text(max_size=200))
def test_any_text_is_rows_or_refused(text: str) -> None:
    try:
        rows = list(own_rows(text.encode("utf-8", "surrogatepass"), "mine.csv", {}))
    except CatalogueError:
        return
    assert all(isinstance(row, Instrument) and row.id for row in rows)
