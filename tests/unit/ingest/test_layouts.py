"""Files as people have them: other encodings, arrays, zips, workbooks, no header, other names: read whole or told."""

from __future__ import annotations

import gzip
import io
import json
import threading
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.documents.normalise import Reading, Rejected, normalise
from services.ingest.documents.raw_document import RawDocument
from services.ingest.sources.in_house.files import FileSource
from services.ingest.sources.source import SourceError
from services.ingest.sources.tabular import workbook
from services.ingest.sources.tabular.layout import PRESETS, LayoutError, layout_of, told_encoding, with_aliases

NOW = 1_790_000_000_000_000


def source(path: Path, mapping: dict[str, str] | None = None, **layout: str) -> FileSource:
    given = layout_of(layout.get("preset", ""), layout.get("encoding", ""), layout.get("columns", ""))
    return FileSource(path, mapping or {}, Reading("news", "file:x"), given)


def items(file: FileSource) -> list[Any]:
    return [item for batch in file.batches(None, threading.Event()) for item in batch.items]


def documents(file: FileSource) -> list[RawDocument]:
    made = [normalise(item, file.reading, NOW) for item in items(file) if not isinstance(item, Rejected)]
    assert all(isinstance(one, RawDocument) for one in made), made
    return [one for one in made if isinstance(one, RawDocument)]


def texts(file: FileSource) -> list[str]:
    return [one.text or one.title for one in documents(file)]


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


LINE = "text,published_at\nNestl\u00e9 beats \u2013 \u201cstrong\u201d,2026-03-02 14:00\nApple falls,2026-03-02 15:00\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252", "utf-16-le"])
@pytest.mark.parametrize("zipped", [False, True])
def test_an_encoding_is_told_from_the_file(tmp_path: Path, encoding: str, zipped: bool) -> None:
    raw = LINE.encode(encoding)
    path = write(tmp_path / ("a.csv.gz" if zipped else "a.csv"), gzip.compress(raw) if zipped else raw)
    file = source(path)
    assert texts(file) == ["Nestl\u00e9 beats \u2013 \u201cstrong\u201d", "Apple falls"]
    guessed = encoding in {"cp1252", "utf-16-le"}
    assert file.remarks == ([f"read as {encoding}, which is a guess; --encoding names another"] if guessed else [])


def test_an_encoding_may_be_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "text\n\u041c\u0438\u0440\n".encode("koi8-r"))
    assert texts(source(path, encoding="koi8-r")) == ["\u041c\u0438\u0440"]
    path = write(tmp_path / "a.jsonl", '{"text": "Zürich"}\n'.encode("latin-1"))
    assert texts(source(path, encoding="latin-1")) == ["Zürich"]
    for wrong in ("klingon", "hex", "rot13"):
        with pytest.raises(LayoutError, match="not an encoding"):
            layout_of("", wrong, "")


def test_damage_in_utf8_is_no_encoding(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "text\nZürich\n".encode() + b"Z\xfcrich\nApple\n")
    found = items(source(path))
    assert [isinstance(one, Rejected) for one in found] == [False, True, False]


@given(st.lists(st.sampled_from(["Apple", "Zürich", "\u041c\u0438\u0440", "株価"]), min_size=1))
def test_utf8_is_never_taken_for_anything_else(words: list[str]) -> None:
    raw = "\n".join(words).encode()
    assert told_encoding(lambda: io.BytesIO(raw)) == ("utf-8-sig", False)


def test_excels_word_on_the_separator(tmp_path: Path) -> None:
    raw = "sep=;\r\ntext;published_at\r\nApple, up;2026-03-02 14:00\r\n"
    assert texts(source(write(tmp_path / "a.csv", raw.encode("utf-8-sig")))) == ["Apple, up"]


def test_a_file_without_a_header(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", b"Apple up,2026-03-02\nTesla down,2026-03-03\n")
    from services.ingest.sources.tabular.mapping import MappingError

    with pytest.raises(MappingError, match="--columns"):
        items(source(path))
    assert texts(source(path, columns="text, published_at")) == ["Apple up", "Tesla down"]
    with pytest.raises(LayoutError, match="twice"):
        layout_of("", "", "a,b,a")


@pytest.mark.parametrize(
    "body",
    [
        b'[\n {"text": "one"},\n {"text": "two"}\n]',
        b'{"status": "ok", "articles": [{"text": "one"}, {"text": "two"}]}',
        b'{"text": "one"}\n{"text": "two"}\n',
        '\ufeff[{"text": "one"}, {"text": "two"}]'.encode(),
        '[{"text": "one"}, {"text": "two"}]'.encode("utf-16"),
    ],
)
def test_a_json_file(tmp_path: Path, body: bytes) -> None:
    assert texts(source(write(tmp_path / "a.json", body))) == ["one", "two"]
    assert texts(source(write(tmp_path / "a.json.gz", gzip.compress(body)))) == ["one", "two"]


def test_half_of_an_array_is_not_read_in_silence(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="not a whole JSON array"):
        items(source(write(tmp_path / "a.json", b'[{"text": "one"}, {"text": "tw')))
    mixed = items(source(write(tmp_path / "b.json", b'[{"text": "one"}, 7, null, {"text": "two"}]')))
    assert [isinstance(one, Rejected) for one in mixed] == [False, True, True, False]
    assert texts(source(write(tmp_path / "c.json", b'{"text": "alone"}'))) == ["alone"]


def test_a_zip_holds_one_file(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("README.txt", "hello")
        packed.writestr("__MACOSX/x.csv", "x")
        packed.writestr("in/tweets.csv", LINE.encode("cp1252"))
    file = source(path)
    assert texts(file)[1] == "Apple falls" and "cp1252" in file.remarks[0]
    with zipfile.ZipFile(path, "a") as packed:
        packed.writestr("more.jsonl", "{}")
    with pytest.raises(SourceError, match="2 files with rows in it"):
        items(source(path))
    with pytest.raises(SourceError, match="not a zip file"):
        items(source(write(tmp_path / "b.zip", b"PK\x03\x04 no")))


def book(path: Path, *rows: list[Any]) -> Path:
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    made.save(path)
    return path


def test_a_workbook(tmp_path: Path) -> None:
    at = datetime(2026, 3, 2, 14, 0)  # noqa: DTZ001  a workbook knows no zones
    path = book(tmp_path / "a.xlsx", ["Headline", "Date", "Id"], ["Apple up", at, 7], [None, None, None],
                ["Tesla", datetime(2026, 3, 3), 1.5])  # noqa: DTZ001  # fmt: skip
    file = source(path)
    first, second = documents(file)
    assert (first.title, first.external_id) == ("Apple up", "7") and first.published_at == 1_772_460_000_000_000
    assert second.available_at > second.published_at  # a bare date: the end of that day
    assert "columns taken by their names: title=Headline, published_at=Date, external_id=Id;" in file.remarks[0]
    bare = book(tmp_path / "b.xlsx", ["Apple up", "x"])
    assert texts(source(bare, columns="text,other")) == ["Apple up"]


def test_what_is_no_workbook_or_a_bomb_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SourceError, match="cannot be read as a workbook: BadZipFile"):
        items(source(write(tmp_path / "a.xlsx", b"no zip")))
    bomb = tmp_path / "b.xlsx"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/workbook.xml", b"0" * 2_000_000)
    monkeypatch.setattr(workbook, "MOST_UNPACKED", 1_000_000)
    with pytest.raises(ValueError, match="more than 1,000,000 bytes"):
        next(workbook._rows(str(bomb), ()))


def test_columns_of_other_names_and_what_a_person_says_goes_first() -> None:
    mapping, said = with_aliases({}, ["Tweet", "Created At", "ID", "user", "Ticker", "score"], ["user"])
    assert mapping == {"text": "Tweet", "published_at": "Created At", "external_id": "ID", "company": "Ticker"}
    assert said == ["text=Tweet", "published_at=Created At", "external_id=ID", "company=Ticker"]
    mapping, _ = with_aliases({"text": "body", "author": ""}, ["body", "content", "user", "date"])
    assert mapping == {"text": "body", "author": "", "published_at": "date"}
    assert with_aliases({}, ["text", "Text", "title"]) == ({}, [])


ROWS = {
    "sentiment140": '"0","1467810369","Mon Apr 06 22:19:45 PDT 2009","NO_QUERY","ann","Apple Caf\u00e9 is great"\n',
    "fnspid": ",Date,Article_title,Stock_symbol,Url,Publisher,Author,Article\n"
    "0.0,2020-06-05 06:30:54 UTC,Apple up,AAPL,https://x.example/1,P,Ann,All of it\n",
    "benzinga-raw": ",headline,url,publisher,date,stock\n"
    "0,Apple up,https://x.example/1,Benzinga,2020-06-05 10:30:54-04:00,AAPL\n",
    "benzinga-ratings": ",title,date,stock\n0.0,Apple up,2020-06-05 10:30:00-04:00,AAPL\n",
    "kaggle-stock-tweets": "Date,Tweet,Stock Name,Company Name\n2022-09-29 23:41:16+00:00,Apple up,AAPL,Apple\n",
    "kaggle-company-tweets": "tweet_id,writer,post_date,body,comment_num,retweet_num,like_num\n"
    "550441509175443456,Visual,1420070457,Apple up $AAPL,0,0,1\n",
    "kaggle-wallstreetbets": "title,score,id,url,comms_num,created,body,timestamp\n"
    "Apple up,55,l6ulcx,https://x.example/1,6,1611862661.0,to the moon,2021-01-28 21:37:41\n",
}


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_reads_its_data_set(tmp_path: Path, preset: str) -> None:
    file = source(write(tmp_path / "a.csv", ROWS[preset].encode(PRESETS[preset][1].encoding or "utf-8")), preset=preset)
    (document,) = documents(file)
    assert "Apple" in document.title + document.text and document.published_at < NOW
    assert not any(is_own for is_own in [document.published_at == document.received_at])
    with pytest.raises(LayoutError, match="presets: sentiment140"):
        layout_of("nobody", "", "")


def test_the_options_are_listed_in_the_help() -> None:
    from services.commands import options

    text = str(options.Preset.__metadata__[0].help)  # type: ignore[attr-defined]
    assert all(name in text for name in PRESETS)


@given(st.binary(max_size=200), st.sampled_from(["json", "jsonl", "csv", "tsv", "zip"]))
def test_any_bytes_in_any_format_are_rows_or_told(
    tmp_path_factory: pytest.TempPathFactory, raw: bytes, kind: str
) -> None:
    path = write(tmp_path_factory.mktemp("any") / f"a.{kind}", raw)
    from services.ingest.sources.tabular.mapping import MappingError

    try:
        items(source(path))
    except (SourceError, MappingError) as error:
        assert str(path.name) in str(error)


def test_json_as_others_write_it(tmp_path: Path) -> None:
    body = json.dumps(
        [{"headline": "Apple up", "tickers": ["AAPL"], "user": {"name": "ann"}, "created_at": 1_700_000_000}]
    )
    (item,) = items(source(write(tmp_path / "a.json", body.encode())))
    assert item["title"] == "Apple up" and item["company"] == ["AAPL"] and item["author"] is None
