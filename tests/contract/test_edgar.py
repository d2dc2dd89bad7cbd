"""EDGAR by a server that pages, limits, lags and lies about time as the real one does."""

from __future__ import annotations

import html
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.sources.source import SourceError
from services.ingest.sources.web_apis.edgar_filing import NotAFiling, accepted_at, read_filing
from shared.clock import to_micros
from tests.contract.feed_servers import answer, http_server
from tests.contract.listed import Running, build, documents, items, polls, read, refused

NOW = to_micros(datetime(2026, 6, 12, 20, tzinfo=UTC))  # a Friday, 16:00 in New York
PRESS = "<html><body><p>ACME Corp&#8217;s sales rose 12%.</p></body></html>"


def accession(number: int) -> str:
    return f"0000320193-26-{number:06d}"


def submission(number: int, form: str = "8-K", press: str = PRESS, accepted: str = "20260612153001") -> str:
    exhibit = f"<DOCUMENT>\n<TYPE>EX-99.1\n<TEXT>\n{press}\n</TEXT>\n</DOCUMENT>\n" if press else ""
    return (
        f"<SEC-DOCUMENT>{accession(number)}.txt : 20260612\n<SEC-HEADER>{accession(number)}.hdr.sgml : 20260612\n"
        f"<ACCEPTANCE-DATETIME>{accepted}\nACCESSION NUMBER:\t\t{accession(number)}\n"
        f"CONFORMED SUBMISSION TYPE:\t{form}\nITEM INFORMATION:\t\tResults of Operations and Financial Condition\n"
        "ITEM INFORMATION:\t\tFinancial Statements and Exhibits\nFILED AS OF DATE:\t\t20260612\n\nFILER:\n\n"
        "\tCOMPANY DATA:\t\n\t\tCOMPANY CONFORMED NAME:\t\t\tAcme Widgets Corp\n"
        "\t\tCENTRAL INDEX KEY:\t\t\t0009999999\n\n</SEC-HEADER>\n<DOCUMENT>\n<TYPE>8-K\n<TEXT>\n<p>UNITED STATES"
        "</p>\n<p>Item 2.02 Results.</p>\n<p>See the release.</p>\n<p>SIGNATURE</p><p>Jane Doe</p>\n"
        "</TEXT>\n</DOCUMENT>\n"
        f"{exhibit}</SEC-DOCUMENT>\n"
    )


class Edgar:
    """Accessions in the order in which they were accepted; `shown` of them stand in the feed of current filings."""

    def __init__(self, numbers: list[int], shown: int = 2000) -> None:
        self.numbers = numbers
        self.shown = shown
        self.filings = {accession(number): submission(number) for number in numbers}
        self.statuses: dict[str, list[int]] = {}  # by accession: what is answered before it is found
        self.index: dict[str, list[int]] = {}
        self.fetched: list[str] = []
        self.agents: set[str | None] = set()

    def respond(self, request: BaseHTTPRequestHandler) -> None:
        self.agents.add(request.headers.get("User-Agent"))
        address = urlsplit(request.path)
        name = address.path.rpartition("/")[2]
        if name == "browse-edgar":
            self._current(request, parse_qs(address.query))
        elif name.startswith("master."):
            self._index(request, name)
        else:
            self._filing(request, name)

    def _current(self, request: BaseHTTPRequestHandler, query: dict[str, list[str]]) -> None:
        assert query["type"] == ["8-K"]
        start, size = int(query["start"][0]), int(query["count"][0])
        newest = self.numbers[-self.shown :][::-1]
        if start and start >= len(newest):  # the real one answers so behind its last page
            answer(request, 503, b"<html>unavailable</html>", Content_Type="text/html")
            return
        entries = "".join(self._entry(number) for number in newest[start : start + size])
        feed = f'<feed xmlns="http://www.w3.org/2005/Atom"><title>Latest Filings</title>{entries}</feed>'
        answer(request, 200, feed.encode(), Content_Type="application/atom+xml")

    def _entry(self, number: int) -> str:
        link = f"https://www.sec.gov/Archives/edgar/data/9999999/{accession(number).replace('-', '')}/x-index.htm"
        summary = html.escape(f"<b>Filed:</b> 2026-06-12 <b>AccNo:</b> {accession(number)}")
        one = (
            f'<title>8-K - Acme (0009999999) (Filer)</title><link rel="alternate" href="{link}"/>'
            f'<summary type="html">{summary}</summary><updated>2026-06-12T15:30:01-04:00</updated>'
            f"<id>urn:tag:sec.gov,2008:accession-number={accession(number)}</id>"
        )
        return (
            f"<entry>{one}</entry><entry>{one.replace('(Filer)', '(Subject)')}</entry>"
            if number % 2
            else (f"<entry>{one}</entry>")
        )

    def _index(self, request: BaseHTTPRequestHandler, name: str) -> None:
        day = name.split(".")[1]
        if day not in self.index:
            answer(request, 403, b"<html>AccessDenied</html>")
            return
        rows = [f"9999999|Acme|8-K|{day}|edgar/data/9999999/{accession(number)}.txt" for number in self.index[day]]
        rows.append(f"1|Other|4|{day}|edgar/data/1/0000000001-26-000001.txt")
        answer(request, 200, "\n".join(["CIK|Company Name|Form Type|Date Filed|File Name", "---", *rows]).encode())

    def _filing(self, request: BaseHTTPRequestHandler, name: str) -> None:
        own = name.removesuffix(".txt").removesuffix(".hdr.sgml")
        if self.statuses.get(own):
            answer(request, self.statuses[own].pop(0), b"", Retry_After="1")
            return
        self.fetched.append(name)
        body = self.filings[own]
        answer(request, 200, (body[: body.index("</SEC-HEADER>") + 13] if name.endswith(".sgml") else body).encode())


def source(server: str, **options: Any) -> Any:
    return build("edgar", Running(NOW), server=server, **({"seconds": 0.05} | options))


def test_a_filing_becomes_a_document_with_its_own_time() -> None:
    edgar = Edgar([1, 2])
    with http_server(edgar.respond) as server:
        one = source(server)
        batches = read(one, polls(2, one))
    first, second = documents(one, batches, NOW)
    assert (
        first.title
        == "Acme Widgets Corp: 8-K, Results of Operations and Financial Condition; Financial Statements and Exhibits"
    )
    assert first.text == "ACME Corp\u2019s sales rose 12%." and first.language == "en"
    assert first.external_id == accession(1) and second.external_id == accession(2)
    assert first.published_at == to_micros(datetime(2026, 6, 12, 19, 30, 1, tzinfo=UTC))  # 15:30:01 in New York
    assert first.available_at == NOW and first.source == "one"
    assert edgar.fetched == [f"{accession(1)}.txt", f"{accession(2)}.txt"]  # once each, at two polls
    assert {"Bellwether/0.1 (feed reader; me@example.com)"} == edgar.agents
    assert items(batches)[0]["company"] == ["Acme Widgets Corp"]


def test_it_pages_until_it_meets_what_it_has_seen() -> None:
    edgar = Edgar(list(range(1, 3)))
    with http_server(edgar.respond) as server:
        one = source(server)
        cursor = read(one, polls(1, one))[-1].cursor
        edgar.numbers += range(3, 253)
        edgar.filings |= {accession(number): submission(number) for number in range(3, 253)}
        one._asker._rate._gap = 0.0  # the pace of requests has a test of its own
        again = read(one, polls(1, one), cursor)
    assert [item["external_id"] for item in items(again)] == [accession(number) for number in range(3, 253)]
    assert "fill" not in again[-1].cursor


def test_a_gap_is_filled_from_the_daily_index_when_it_is_there() -> None:
    edgar = Edgar([1])
    with http_server(edgar.respond) as server:
        one = source(server)
        cursor = read(one, polls(1, one))[-1].cursor
        edgar.numbers += range(2, 10)
        edgar.filings |= {accession(number): submission(number) for number in range(2, 10)}
        edgar.shown = 3
        behind = read(one, polls(1, one), cursor)
        assert [item["external_id"] for item in items(behind)] == [accession(number) for number in (7, 8, 9)]
        assert behind[-1].cursor["fill"] == "2026-06-12"
        edgar.index["20260612"] = list(range(1, 10))
        filled = read(one, polls(1, one), behind[-1].cursor)
    assert {item["external_id"] for item in items(filled)} == {accession(number) for number in range(1, 10)}
    assert "fill" not in filled[-1].cursor


def test_a_kill_in_the_midst_of_a_poll_costs_nothing() -> None:
    edgar = Edgar(list(range(1, 36)))
    with http_server(edgar.respond) as server:
        one = source(server)
        one._asker._rate._gap = 0.0
        first = read(one, lambda batches: len(batches) == 2)
        again = source(server)
        again._asker._rate._gap = 0.0
        rest = read(again, polls(1, again), first[0].cursor)  # the second batch was not safe yet
    both = [item["external_id"] for item in [*items(first[:1]), *items(rest)]]
    assert both == [accession(number) for number in range(1, 36)]


def test_a_filing_that_cannot_be_fetched_is_refused_after_three_tries() -> None:
    edgar = Edgar([1, 2])
    edgar.statuses[accession(1)] = [404, 404, 404]
    with http_server(edgar.respond) as server:
        one = source(server)
        found = [read(one, polls(1, one)) for _ in range(3)]
    assert "HTTP 404" in refused(found[-1])[0].detail and [len(items(batches)) for batches in found] == [0, 0, 1]


@pytest.mark.parametrize("status", [403, 429, 500, 503])
def test_a_server_that_will_not_is_waited_for(status: int) -> None:
    edgar = Edgar([1])
    edgar.statuses[accession(1)] = [status] * 9
    with http_server(edgar.respond) as server:
        one = source(server)
        for _ in range(4):
            assert items(read(one, polls(1, one))) == []
        assert f"HTTP {status}" in one.trouble
        edgar.statuses.clear()
        assert len(items(read(one, polls(1, one)))) == 1


def test_of_a_huge_filing_the_header_is_read() -> None:
    edgar = Edgar([1])
    edgar.filings[accession(1)] = submission(1, press="x" * 200_000)
    with http_server(edgar.respond) as server:
        one = source(server, max_filing_bytes=100_000)
        (document,) = documents(one, read(one, polls(1, one)), NOW)
    assert document.text.startswith("Acme Widgets Corp filed 8-K, Results of Operations")


def test_requests_keep_their_distance() -> None:
    from services.ingest.sources.asking import Rate

    class Pauses(list[float]):
        def wait(self, seconds: float) -> None:
            self.append(seconds)

    pauses, rate = Pauses(), Rate(8.0)
    for _ in range(17):
        rate.wait(pauses)  # type: ignore[arg-type]
    assert len(pauses) == 16 and 1.9 < max(pauses) <= 2.0  # sixteen at once would be spread over two seconds


def test_a_contact_is_needed() -> None:
    with pytest.raises(SourceError, match="asks for a contact"):
        build("edgar", settings={"contact": ""})


def test_without_an_exhibit_the_items_are_the_text() -> None:
    filing = read_filing(submission(1, press=""), accession(1))
    assert filing.text == "Item 2.02 Results.\n\nSee the release." and filing.ciks == ("9999999",)
    with pytest.raises(NotAFiling, match="accession number"):
        read_filing(submission(2), accession(1))
    with pytest.raises(NotAFiling, match="missing"):
        read_filing("<html>Your request has been blocked</html>", accession(1))


def test_the_subject_of_a_filing_comes_before_who_filed_it() -> None:
    two = (
        f"ACCESSION NUMBER:\t\t{accession(1)}\nCONFORMED SUBMISSION TYPE:\tSC 13D\nFILED BY:\n\tCOMPANY DATA:\t\n"
        "\t\tCOMPANY CONFORMED NAME:\tBuyer LP\n\t\tCENTRAL INDEX KEY:\t0000000002\n"
        "SUBJECT COMPANY:\n\tCOMPANY DATA:\t\n"
        "\t\tCOMPANY CONFORMED NAME:\tTarget Inc\n\t\tCENTRAL INDEX KEY:\t0000000001\n</SEC-HEADER>"
    )
    assert read_filing(two, accession(1)).companies == ("Target Inc", "Buyer LP")


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("20260112090000", "2026-01-12T14:00:00+00:00"),
        ("20260612090000", "2026-06-12T13:00:00+00:00"),
        ("20261101013000", "2026-11-01T06:30:00+00:00"),  # comes twice: the later one
    ],
)
def test_acceptance_is_eastern_time(written: str, utc: str) -> None:
    found = accepted_at(f"<ACCEPTANCE-DATETIME>{written}\n")
    assert found is not None and found.isoformat() == utc


@given(st.text())
def test_whatever_stands_there_is_a_filing_or_none(text: str) -> None:
    accepted_at(f"<ACCEPTANCE-DATETIME>{text}")
    with pytest.raises(NotAFiling):
        read_filing(text, accession(1))
