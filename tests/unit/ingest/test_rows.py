from __future__ import annotations

import csv
import gzip
import io
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.documents.normalise import Rejected
from services.ingest.sources.source import SourceError
from services.ingest.sources.tabular.rows import Row, open_rows, parse_json


def rows(path: Path, skip: int = 0) -> list[Row]:
    with open_rows(path, skip) as (found, told, _):
        result = list(found)
        assert told() <= path.stat().st_size
        return result


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


OBJECTS: list[dict[str, Any]] = [{"text": f"row {number}", "n": number} for number in range(5)]
JSONL = b"\xef\xbb\xbf" + b"\n".join(json.dumps(row).encode() for row in OBJECTS) + b"\n\n"
CSV = "text,n\r\n" + "".join(f'"row {number}",{number}\r\n' for number in range(5))
TEXTS = [{"text": f"row {number}", "n": str(number)} for number in range(5)]


@pytest.mark.parametrize("skip", [0, 2, 5, 9])
@pytest.mark.parametrize("zipped", ["", ".gz"])
def test_formats_and_skipping(tmp_path: Path, zipped: str, skip: int) -> None:
    assert rows(write(tmp_path / f"a.jsonl{zipped}", JSONL), skip) == OBJECTS[skip:]
    assert rows(write(tmp_path / f"a.csv{zipped}", CSV.encode("utf-8-sig")), skip) == TEXTS[skip:]
    assert rows(write(tmp_path / f"b.csv{zipped}", CSV.replace(",", ";").encode()), skip) == TEXTS[skip:]
    assert rows(write(tmp_path / f"a.tsv{zipped}", CSV.replace(",", "\t").encode()), skip) == TEXTS[skip:]


def test_a_gzip_without_the_name_and_a_plain_file_with_it(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(gzip.compress(JSONL))
    (tmp_path / "b.jsonl.gz").write_bytes(JSONL)
    assert rows(tmp_path / "a.jsonl") == rows(tmp_path / "b.jsonl.gz") == OBJECTS


@pytest.mark.parametrize("skip", [0, 2, 700])
def test_parquet(tmp_path: Path, skip: int) -> None:
    table = pyarrow.table(
        {
            "text": [f"row {number}" for number in range(1201)],
            "at": [datetime(2014, 1, 2, 3, 4, 5, 6, tzinfo=UTC)] * 1201,
            "day": [date(2014, 1, 2), None, *[date(2014, 1, 3)] * 1199],
        }
    )
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet", row_group_size=500)
    found = rows(tmp_path / "a.parquet", skip)
    assert [row["text"] for row in found if isinstance(row, dict)] == [f"row {number}" for number in range(skip, 1201)]
    if not skip:
        assert found[1] == {"text": "row 1", "at": datetime(2014, 1, 2, 3, 4, 5, 6, tzinfo=UTC), "day": None}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"text": "half', "undecodable"), (b"[1, 2]", "undecodable"), (b"17", "undecodable"),
        (b"null", "undecodable"),
        (b'{"text": "\xff"}', "undecodable"), (b"[" * 100_000, "undecodable"), (b'{"a":' * 100_000, "undecodable"),
        (b'{"n": ' + b"9" * 5000 + b"}", "undecodable"), (b"\x00", "undecodable"),
    ],
)  # fmt: skip
def test_what_is_no_object_is_refused(line: bytes, reason: str) -> None:
    rejected = parse_json(line)
    assert isinstance(rejected, Rejected) and rejected.reason == reason and rejected.original == line


def test_what_only_the_standard_library_reads() -> None:
    assert parse_json(b'{"text": "\\ud83d", "n": NaN}')["text"] == "\ud83d"  # type: ignore[index]


def test_a_bad_csv_row_costs_one_row(tmp_path: Path) -> None:
    content = b'text,n\nfine,1\ntoo,many,cells\nb\x81d,2\n"quoted\nbreak",3\nshort\n\nend,4\n'
    found = rows(write(tmp_path / "a.csv", content))
    assert [row["text"] for row in found if not isinstance(row, Rejected)] == ["fine", "quoted\nbreak", "short", "end"]
    refused = [row for row in found if isinstance(row, Rejected)]
    assert [row.reason for row in refused] == ["undecodable"] * 2
    assert refused[1].original == b"b\x81d,2"


def test_a_huge_line_is_refused_and_the_next_one_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.ingest.sources.tabular.rows.MAX_ROW_BYTES", 1000)
    content = b'{"text": "' + b"x" * 5000 + b'"}\n{"text": "next"}\n'
    huge, after = rows(write(tmp_path / "a.jsonl", content))
    assert isinstance(huge, Rejected) and huge.reason == "too-long" and after == {"text": "next"}


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.docx", b"x", "cannot tell the format"),
        ("a.parquet", b"no parquet", "cannot be read on"),
        ("a.jsonl.gz", gzip.compress(JSONL * 1000)[:-20], "cannot be read on"),
        ("a.csv.gz", gzip.compress(CSV.encode() * 1000)[:-20], "cannot be read on"),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=words):
        rows(tmp_path / name)
    with pytest.raises(SourceError, match="No such file"):
        rows(tmp_path / "absent.csv")


@given(st.lists(st.binary(max_size=60).filter(lambda line: b"\n" not in line and line.strip()), max_size=10))
def test_any_bytes_are_as_many_rows_as_lines(tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]) -> None:
    path = tmp_path_factory.mktemp("rows") / "a.jsonl"
    path.write_bytes(b"{}\n" + b"\n".join(lines))
    assert len(rows(path)) == len(lines) + 1


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=2).filter(any), max_size=8))
def test_csv_written_is_csv_read(tmp_path_factory: pytest.TempPathFactory, cells: list[list[str]]) -> None:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([["text", "n"], *cells])
    path = tmp_path_factory.mktemp("rows") / "a.csv"
    path.write_text(out.getvalue(), "utf-8", newline="")
    assert rows(path) == [{"text": text, "n": n} for text, n in cells]


# begin and end with a letter: a quote beside a delimiter may open or close, and nobody can tell
INNER = st.text(st.sampled_from('ab",;\n \u00e9'), max_size=6).map(lambda inner: f"a{inner}b")
TABLES = st.lists(st.tuples(INNER, INNER | st.just(""), INNER | st.just("")), min_size=1, max_size=8)


def as_csv(table: list[tuple[str, str, str]], quoting: int) -> list[str]:
    """Each row as the standard library writes it."""
    lines = []
    for row in table:
        written = io.StringIO()
        csv.writer(written, quoting=quoting, lineterminator="\n").writerow(row)  # type: ignore[arg-type]
        lines.append(written.getvalue())
    return lines


@given(TABLES, st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]), st.data())
def test_one_unclosed_quote_costs_one_row(
    tmp_path_factory: pytest.TempPathFactory, table: list[tuple[str, str, str]], quoting: int, data: st.DataObject
) -> None:
    folder, lines = tmp_path_factory.mktemp("quotes"), as_csv(table, quoting)
    expected = [dict(zip("abc", row, strict=True)) for row in table]
    whole = write(folder / "whole.csv", "".join(["a,b,c\n", *lines]).encode())
    assert rows(whole) == expected
    at = data.draw(st.integers(0, len(lines)))
    broken = data.draw(st.sampled_from(['"unclosed,2026,x\n', 'u,"unclosed 2026\n', 'u,"un ""closed"" 2026\n']))
    path = write(folder / "broken.csv", "".join(["a,b,c\n", *lines[:at], broken, *lines[at:]]).encode())
    found = rows(path)
    assert [row for row in found if not isinstance(row, Rejected)] == expected
    (refused,) = [row for row in found if isinstance(row, Rejected)]
    assert found.index(refused) == at
    line = 2 + "".join(lines[:at]).count("\n")
    assert refused.reason == "undecodable" and f"line {line}: a quote opens here" in refused.detail
    assert refused.original == broken.encode()


def test_a_file_of_quotes_that_do_not_close_is_read_in_time(tmp_path: Path) -> None:
    lines = ['"' + "x" * 50 + "\n", 'a,"b""c\n', '""\n', 'x"",y\n'] * 20_000
    found = rows(write(tmp_path / "a.csv", ("a,b\n" + "".join(lines)).encode()))
    assert len(found) > 40_000
