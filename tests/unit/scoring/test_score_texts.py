"""`bellwether score`: reading texts, and the numbers that others script against."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from services.commands.offline.score import score
from services.ingest.delivery.rejected import read_rejected
from services.model.engine import build_engine
from services.scoring.on_demand.score_texts import UnreadableTexts, read_texts, score_texts
from shared.settings import ModelSettings
from shared.universe.securities import Catalogue


def test_document_and_companies_have_probabilities_that_sum_to_one() -> None:
    engine = build_engine(ModelSettings(name="stub"))
    found = list(score_texts(["$AAPL rises as Microsoft slides $NOPE1", "nothing here"], engine, Catalogue.load()))
    assert [one["ticker"] for one in found[0]["companies"]] == ["AAPL", "MSFT"]
    assert found[1]["companies"] == []
    for said in (found[0]["document"], *found[0]["companies"], found[1]["document"]):
        assert sum(said[key] for key in ("negative", "neutral", "positive")) == pytest.approx(1, abs=1e-9)
    assert all(0 < one["relevance"] <= 1 for one in found[0]["companies"])
    assert found[0]["event"]
    assert 0 < found[0]["event_probability"] <= 1


def test_files_of_three_kinds(tmp_path: Path) -> None:
    plain, rows, table = tmp_path / "a.txt", tmp_path / "a.jsonl", tmp_path / "a.csv"
    plain.write_text("first\n\nsecond\n", "utf-8")
    rows.write_text('{"text": "first", "title": "Head"}\n\n{"text": "second"}\n', "utf-8")
    table.write_text('id,text\n1,"first, with\na line break"\n2,second\n', "utf-8")
    assert list(read_texts(plain)) == ["first", "second"]
    assert list(read_texts(rows)) == ["Head. first", "second"]
    assert list(read_texts(table)) == ["first, with\na line break", "second"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"id,body\n1,x\n", "no column named text"),
        ("a.jsonl", b'{"text": "x"}\n{oops\n', "line 2 is not JSON"),
        ("a.jsonl", b'{"text": 3}\n', "line 1 is not an object with a string"),
        ("a.txt", b"\xff\xfe", "not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UnreadableTexts, match=said):
        list(read_texts(tmp_path / name))
    with pytest.raises(UnreadableTexts, match="no such file"):
        list(read_texts(tmp_path / "absent"))


def test_a_bad_row_costs_itself_and_is_told(tmp_path: Path) -> None:
    rows = tmp_path / "posts.jsonl"
    rows.write_bytes(
        b'{"text": "$AAPL up $ZZZQ"}\n{oops\n{"text": 3}\n{"text": ""}\n\xff\xfe\n{"text": "$AAPL up $ZZZQ"}\n'
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
