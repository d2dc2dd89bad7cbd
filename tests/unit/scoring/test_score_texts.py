"""`bellwether score`: reading texts, and the numbers that others script against."""

from __future__ import annotations

import json
import zipfile
from datetime import date
from pathlib import Path

import openpyxl
import pytest
import typer
from typer.testing import CliRunner

from services.commands.offline.given_texts import Rows, is_table, lines_of
from services.commands.offline.score import score
from services.commands.options import OptionError
from services.ingest.delivery.rejected import read_rejected
from services.ingest.documents.companies import CompanyNames
from services.ingest.documents.normalise import Rejected
from services.ingest.sources.source import SourceError
from services.ingest.sources.tabular.layout import Layout
from services.ingest.sources.tabular.mapping import MappingError
from services.ingest.sources.tabular.rows import PLAIN
from services.model.engine import build_engine
from services.scoring.on_demand.score_texts import Given, score_texts
from shared.clock import ReplayClock
from shared.settings import ModelSettings
from shared.universe.securities import Catalogue


def test_document_and_companies_have_probabilities_that_sum_to_one() -> None:
    engine = build_engine(ModelSettings(name="stub"))
    found = list(
        score_texts(map(Given, ["$AAPL rises as Microsoft slides $NOPE1", "nothing here"]), engine, Catalogue.load())
    )
    assert [one["ticker"] for one in found[0]["companies"]] == ["AAPL", "MSFT"]
    assert found[1]["companies"] == []
    for said in (found[0]["document"], *found[0]["companies"], found[1]["document"]):
        assert sum(said[key] for key in ("negative", "neutral", "positive")) == pytest.approx(1, abs=1e-9)
    assert all(0 < one["relevance"] <= 1 for one in found[0]["companies"])
    assert found[0]["event"]
    assert 0 < found[0]["event_probability"] <= 1


def _given(path: Path, mapping: dict[str, str] | None = None, layout: Layout = PLAIN) -> list[Given]:
    refused: list[Rejected] = []
    names = CompanyNames(Catalogue.load())
    if is_table(path):
        found = list(
            Rows(path, mapping or {}, layout, names, ReplayClock(1_700_000_000_000_000)).read(
                lambda _, one: refused.append(one)
            )
        )
    else:
        found = list(lines_of(path, lambda _, one: refused.append(one)))
    assert not refused, refused
    return found


def test_files_of_three_kinds(tmp_path: Path) -> None:
    plain, rows, table = tmp_path / "a.txt", tmp_path / "a.jsonl", tmp_path / "a.csv"
    plain.write_text("first\n\nsecond\n", "utf-8")
    rows.write_text('{"text": "first", "title": "Head"}\n\n{"text": "second"}\n', "utf-8")
    table.write_text('id,text\n1,"first, with\na line break"\n2,second\n', "utf-8")
    assert [one.text for one in _given(plain)] == ["first", "second"]
    assert [(one.title, one.text) for one in _given(rows)] == [("Head", "first"), ("", "second")]
    assert [one.text for one in _given(table)] == ["first, with\na line break", "second"]


@pytest.mark.parametrize(
    ("name", "content", "layout"),
    [
        ("western.csv", "text\nM\u00fcnchner R\u00fcck \u2013 up\n".encode("cp1252"), PLAIN),
        ("wide.csv", "text\nM\u00fcnchner R\u00fcck \u2013 up\n".encode("utf-16"), PLAIN),
        ("excel.csv", "sep=;\nid;text\n7;M\u00fcnchner R\u00fcck \u2013 up\n".encode(), PLAIN),
        ("bare.csv", "7,M\u00fcnchner R\u00fcck \u2013 up\n".encode(), Layout(columns=("id", "text"))),
        ("koi.csv", "text\nM\u00fcnchner R\u00fcck \u2013 up\n".encode("utf-8"), Layout("utf-8")),
        ("all.json", b'[{"content": "M\\u00fcnchner R\\u00fcck \\u2013 up"}]', PLAIN),
        ("around.json", b'{"articles": [{"body": "M\\u00fcnchner R\\u00fcck \\u2013 up"}]}', PLAIN),
    ],
)
def test_a_file_is_read_as_ingest_reads_it(tmp_path: Path, name: str, content: bytes, layout: Layout) -> None:
    (tmp_path / name).write_bytes(content)
    assert [one.text for one in _given(tmp_path / name, layout=layout)] == ["M\u00fcnchner R\u00fcck \u2013 up"]
    packed = tmp_path / f"{name}.zip"
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr(name, content)
    assert [one.text for one in _given(packed, layout=layout)] == ["M\u00fcnchner R\u00fcck \u2013 up"]


def test_a_workbook_is_a_file_of_rows(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in (("Headline", "Ticker"), ("Orders rise", "SIE.DE")):
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    assert [(one.title, one.companies) for one in _given(tmp_path / "a.xlsx")] == [("Orders rise", ("SIEGY",))]


def test_what_a_row_says_of_its_companies_and_its_day_counts(tmp_path: Path) -> None:
    rows = tmp_path / "a.csv"
    rows.write_text(
        "text,date,company\nups and downs,2014-05-02,\"['AAPL', 'TSLA']\"\n$FB gains,2015-03-04,\n"
        "$FB gains,,MSFT US Equity\n",
        "utf-8",
    )
    given = _given(rows, {"published_at": "date"})
    assert [(one.companies, one.day) for one in given] == [
        (("AAPL", "TSLA"), date(2014, 5, 2)), ((), date(2015, 3, 4)), (("MSFT",), None),
    ]  # fmt: skip
    said = list(score_texts(given, build_engine(ModelSettings(name="stub")), Catalogue.load()))
    assert [[one["company"] for one in each["companies"]] for each in said][:2] == [["AAPL", "TSLA"], ["META"]]
    assert [one["relevance"] for one in said[0]["companies"]] == [1.0, 1.0]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"id,words\n1,x\n", "no column 'text' or 'title'.*columns: id, words"),
        ("a.json", b'[{"text": "x"}', "not a whole JSON array"),
        ("a.parquet", b"none", "a.parquet"),
        ("absent.csv", None, "there is no such file"),
        ("absent", None, "No such file"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str, content: bytes | None, said: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises((SourceError, MappingError), match=said):
        _given(tmp_path / name)


def test_what_no_model_reads_is_unscored_and_counted(tmp_path: Path) -> None:
    german = "Der Umsatz von Siemens ist im dritten Quartal nach Angaben des Vorstands nicht gestiegen"
    texts = tmp_path / "a.txt"
    texts.write_text(
        f"{german}\nShares of Siemens are up after the earnings\n{german}, auch nicht im vierten\n", "utf-8"
    )
    state = tmp_path / "state"
    state.mkdir()
    (state / "bellwether.yaml").write_text("model:\n  name: stub\n  languages: [en]\n", "utf-8")
    runner, command = CliRunner(), typer.Typer()
    command.command()(score)
    done = runner.invoke(command, ["--file", str(texts), "--json", "--state", str(state)])
    assert done.exit_code == 0, done.output
    assert "3 read = 1 scored + 2 unscored (de 2: no model reads it) + 0 rejected" in done.stderr
    first, second, third = map(json.loads, done.stdout.splitlines())
    assert (first["unscored"], first["document"], first["model"], first["model_id"]) == ("de", None, "", "")
    assert [set(one) for one in first["companies"]] == [{"company", "ticker", "name", "relevance"}]
    assert "unscored" not in second and second["document"]["neutral"] > 0
    assert third["unscored"] == "de"
    done = runner.invoke(command, [german, "--state", str(state)])
    assert "unscored: no model reads its language (de); it names SIEGY" in done.stdout


def test_options_about_rows_need_a_file_of_rows(tmp_path: Path) -> None:
    command = typer.Typer()
    command.command()(score)
    done = CliRunner().invoke(command, ["text", "--columns", "text", "--model", "stub", "--state", str(tmp_path)])
    assert isinstance(done.exception, OptionError)
    assert "--columns" in str(done.exception) and "--file" in str(done.exception)


def test_a_bad_row_costs_itself_and_is_told(tmp_path: Path) -> None:
    rows = tmp_path / "posts.jsonl"
    rows.write_bytes(
        b'{"text": "$AAPL up $ZZZQ"}\n{oops\n{"text": [3]}\n{"text": ""}\n\xff\xfe\n{"text": "$AAPL up $ZZZQ"}\n'
    )
    table = tmp_path / "posts.csv"
    table.write_text("id,text\n1,first\n2,more,cells,here\n3,\n4,last\n", "utf-8")
    runner, command = CliRunner(), typer.Typer()
    command.command()(score)
    options = ["--model", "stub", "--json", "--state", str(tmp_path / "state")]
    done = runner.invoke(command, ["--file", str(rows), *options])
    assert (done.exit_code, len(done.stdout.splitlines())) == (0, 2), done.output
    assert "6 read = 2 scored, 1 of them copies + 4 rejected" in done.stderr
    assert "4 items rejected (empty 1, type 1, undecodable 2)" in done.stderr
    assert str(tmp_path / "state" / "rejected") in done.stderr and "ZZZQ (2)" in done.stderr
    refused = [(item.position, item.reason) for item in read_rejected(tmp_path / "state")]
    assert refused == [("2", "undecodable"), ("3", "type"), ("4", "empty"), ("5", "undecodable")]
    done = runner.invoke(command, ["--file", str(table), *options])
    assert (done.exit_code, len(done.stdout.splitlines())) == (0, 2), done.output
    assert "2 items rejected (empty 1, undecodable 1)" in done.stderr


def test_the_command_prints_one_object_per_text(tmp_path: Path) -> None:
    runner, command = CliRunner(), typer.Typer()
    command.command()(score)
    state = ["--model", "stub", "--json", "--state", str(tmp_path)]
    done = runner.invoke(command, ["Tesla jumps", *state])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout.splitlines()[-1])
    assert set(said) >= {"document", "companies", "event", "model", "model_id"}
    done = runner.invoke(command, ["--file", "-", *state], input="one\ntwo\n")
    assert len(done.stdout.splitlines()) == 2
    done = runner.invoke(command, state, input="one\ntwo\n")
    assert len(done.stdout.splitlines()) == 1
    assert runner.invoke(command, ["text", "--file", "x", *state]).exit_code == 2
