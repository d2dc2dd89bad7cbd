"""GDELT by a server of files: batches in turn, MD5, half an upload, a batch that never comes, titles and times."""

from __future__ import annotations

import hashlib
import io
import zipfile
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.sources.web_apis import gdelt_file
from services.ingest.sources.web_apis.gdelt_file import BadBatch, batch_time, read_batch
from shared.clock import to_micros
from tests.contract.feed_servers import answer, http_server
from tests.contract.listed import Running, build, documents, items, polls, read, refused

START = datetime(2026, 6, 12, 14, 0, tzinfo=UTC)
NOW = to_micros(START + timedelta(minutes=50))


def row(title: str, url: str = "https://paper.example/1", precise: str = "20260612134000", kind: str = "1") -> str:
    extras = f"<PAGE_LINKS>x</PAGE_LINKS><PAGE_PRECISEPUBTIMESTAMP>{precise}</PAGE_PRECISEPUBTIMESTAMP>"
    cells = ["20260612140000-1", "20260612140000", kind, "paper.example", url, *[""] * 21]
    return "\t".join([*cells, f"{extras}<PAGE_TITLE>{title}</PAGE_TITLE>"])


def packed(*rows: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("x.gkg.csv", "\n".join(rows))
    return out.getvalue()


class Gdelt:
    """Batches by their moment; the newest is announced."""

    def __init__(self) -> None:
        self.batches: dict[str, bytes] = {}
        self.md5 = ""
        self.asked: list[str] = []
        self.newest = "20260612140000"
        self.address = ""

    def put(self, quarters: int, *rows: str, suffix: str = ".gkg.csv.zip") -> None:
        self.newest = f"{START + quarters * timedelta(minutes=15):%Y%m%d%H%M%S}"
        self.batches[f"{self.newest}{suffix}"] = packed(*rows)

    def respond(self, request: BaseHTTPRequestHandler) -> None:
        name = request.path.removeprefix("/gdeltv2/")
        self.asked.append(name)
        if name.startswith("lastupdate"):
            suffix = ".translation.gkg.csv.zip" if "translation" in name else ".gkg.csv.zip"
            file = f"{self.newest}{suffix}"
            md5 = self.md5 or hashlib.md5(self.batches.get(file, b""), usedforsecurity=False).hexdigest()
            lines = [f"9 {'0' * 32} http://d/gdeltv2/{self.newest}.export.CSV.zip", f"9 {md5} http://d/gdeltv2/{file}"]
            return answer(request, 200, "\n".join(lines).encode())
        if name not in self.batches:
            return answer(request, 404)
        return answer(request, 200, self.batches[name])


def source(server: str, **options: Any) -> Any:
    one = build("gdelt", Running(NOW), server=server, **({"seconds": 0.05, "translated": False} | options))
    one._asker._rate._gap = 0.0
    return one


def test_rows_that_name_a_company_with_their_titles_and_times() -> None:
    there = Gdelt()
    there.put(
        0,
        row("Microsoft &amp; OpenAI agree"),
        row("The weather", "https://paper.example/2"),
        row("Microsoft tomorrow", "https://paper.example/3", precise="20260613000000"),
        row("Microsoft then", "https://paper.example/4", precise="20269999999999"),
        row("Microsoft in a table", "https://paper.example/5", kind="2"),
        row("Microsoft by no address", "paper"),
        "Microsoft\tcut off",
    )
    with http_server(there.respond) as server:
        one = source(server)
        found = documents(one, read(one, polls(1, one)), NOW)
    assert [each.title for each in found] == ["Microsoft & OpenAI agree", "Microsoft tomorrow", "Microsoft then"]
    assert found[0].published_at == to_micros(START - timedelta(minutes=20)) and found[0].available_at == NOW
    assert found[1].published_at == found[2].published_at == to_micros(START)  # never later than the batch
    assert found[0].url == found[0].external_id == "https://paper.example/1"


def test_batches_of_an_absence_are_fetched_in_turn_and_one_that_is_missing_is_told() -> None:
    there = Gdelt()
    there.put(0, row("Microsoft 0"))
    with http_server(there.respond) as server:
        one = source(server)
        cursor = read(one, polls(1, one))[-1].cursor
        there.put(1, row("Microsoft 1", "https://paper.example/11"))
        there.put(3, row("Microsoft 3", "https://paper.example/13"))
        later = read(one, polls(1, one), cursor)
        assert [item["title"] for item in items(later)] == ["Microsoft 1", "Microsoft 3"]
        assert [each.reason for each in refused(later)] == ["gap"] and "20260612143000" in refused(later)[0].detail
        asked = len(there.asked)
        assert items(read(one, polls(1, one), later[-1].cursor)) == [] and len(there.asked) == asked + 1
        killed = read(one, polls(1, one), later[0].cursor)
    assert [item["title"] for item in items(killed)] == ["Microsoft 3"]


def test_translated_pages_too() -> None:
    there = Gdelt()
    there.put(0, row("Microsoft"))
    there.put(0, row("Microsoft steigt", "https://zeitung.example/1"), suffix=".translation.gkg.csv.zip")
    with http_server(there.respond) as server:
        one = source(server, translated=True)
        batches = read(one, polls(1, one))
    assert [item["title"] for item in items(batches)] == ["Microsoft", "Microsoft steigt"]
    assert set(batches[-1].cursor) == {"english", "translated"}


def test_half_an_upload_is_fetched_again() -> None:
    there = Gdelt()
    there.put(0, row("Microsoft"))
    there.md5 = "f" * 32
    with http_server(there.respond) as server:
        one = source(server)
        assert items(read(one, polls(1, one))) == [] and "MD5" in one.trouble
        there.md5 = ""
        assert len(items(read(one, polls(1, one)))) == 1


def test_what_is_announced_for_the_future_is_not_believed() -> None:
    there = Gdelt()
    there.put(400, row("Microsoft"))
    with http_server(there.respond) as server:
        one = source(server)
        assert items(read(one, polls(1, one))) == [] and "no batch is announced" in one.trouble


def test_a_long_absence_is_a_gap() -> None:
    there = Gdelt()
    there.put(0, row("Microsoft"))
    with http_server(there.respond) as server:
        one = source(server)
        batches = read(one, lambda found: bool(refused(found)), {"english": "20260101000000"})
    assert refused(batches)[0].reason == "gap"
    assert batches[-1].cursor == {"english": "20260611134500"}


def test_a_bomb_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gdelt_file, "MOST_UNPACKED", 10_000)
    with pytest.raises(BadBatch, match="more than 10,000 bytes"):
        read_batch(packed("x" * 100_000), START, lambda _: True)


@given(st.binary(max_size=400), st.integers(0, 300), st.integers(0, 255))
def test_whatever_bytes_come_they_are_a_batch_or_refused(junk: bytes, at: int, byte: int) -> None:
    whole = bytearray(packed(row("Microsoft")))
    whole[at % len(whole)] = byte
    for raw in (junk, bytes(whole)):
        try:
            read_batch(raw, START, lambda _: True)
        except BadBatch as error:
            assert str(error)


def test_a_stamp_is_a_moment() -> None:
    assert batch_time("20260612140000") == START
    with pytest.raises(ValueError, match="does not match"):
        batch_time("20269912140000")
