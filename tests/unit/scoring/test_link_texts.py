"""`bellwether link`: one answer per row, the same as the worker's, without a model."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from services.commands.offline.link import link
from services.scoring.on_demand.link_texts import TextLinker, symbols_of
from tests.linking import CATALOGUE, LINKER


def called(*arguments: str, said: str | None = None) -> tuple[int, list[dict[str, Any]]]:
    app = typer.Typer()
    app.command()(link)
    result = CliRunner().invoke(app, list(arguments), input=said)
    return result.exit_code, [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]


def test_an_answer_has_identity_symbols_relevance_and_places() -> None:
    code, (answer,) = called("Microsoft buys $BRK.B and $ZZZQQ", "--json")
    assert (code == 0 and answer["unlinked"] == ["NOPE1"]) or answer["unlinked"] == ["ZZZQQ"]
    microsoft, berkshire = answer["companies"]
    assert (microsoft["id"], microsoft["kind"], microsoft["name"]) == ("MSFT", "company", "Microsoft")
    assert "MSFT" in microsoft["symbols"] and {"BRK.A", "BRK.B"} <= set(berkshire["symbols"])
    assert [answer["text"][a:b] for a, b in microsoft["spans"]] == ["Microsoft"]
    assert 0 < berkshire["relevance"] <= microsoft["relevance"] <= 1


def test_a_file_is_read_row_by_row_with_its_days_and_titles(tmp_path: Path) -> None:
    rows = [
        {"text": "$FB up", "day": "2015-03-02"},
        {"text": "$FB up", "day": "2023-03-02T10:00:00Z"},
        {"text": "<p>AT&amp;T bids</p>", "title": "A <b>bid</b>"},
        {"text": "x", "day": "tomorrow"},
        {"title": "no text"},
    ]
    file = tmp_path / "texts.jsonl"
    file.write_text("\n".join([*map(json.dumps, rows), "{oops"]) + "\n\n", "utf-8")
    code, answers = called("--file", str(file), "--json")
    assert code == 1
    assert [[one["id"] for one in answer.get("companies", ())] for answer in answers] == [
        ["META"],
        [],
        ["T"],
        [],
        [],
        [],
    ]
    assert answers[1]["unlinked"] == ["FB"] and answers[2]["text"] == "A bid. AT&T bids"
    assert [answer["line"] for answer in answers if "error" in answer] == [4, 5, 6]
    assert "tomorrow" in answers[3]["error"]


def test_standard_input_and_wrong_calls(tmp_path: Path) -> None:
    assert called("--json", said="Intel rises")[1][0]["companies"][0]["id"] == "INTC"
    assert called("--file", "-", "--json", said='{"text": "Intel rises"}\n')[1][0]["companies"][0]["id"] == "INTC"
    assert called("Intel", "--file", "x.jsonl")[0] == 2
    assert called("--file", str(tmp_path / "absent.jsonl"))[0] == 2


def test_answers_are_the_worker_s() -> None:
    text = "Goldman Sachs upgrades Netflix; $AAPL and $MSFT wait"
    (answer,) = called(text, "--json")[1]
    assert [(one["id"], one["relevance"]) for one in answer["companies"]] == [
        (each.company, each.relevance / 1_000_000) for each in LINKER.link(text).links
    ]


def test_no_model_is_loaded() -> None:
    before = set(sys.modules)
    called("Intel rises", "--json")
    assert not {name for name in set(sys.modules) - before if name.split(".")[0] in ("torch", "transformers")}


@pytest.mark.parametrize("company", ["BRK.B", "META"])
def test_symbols_are_each_there_once(company: str) -> None:
    symbols = symbols_of(CATALOGUE.by_id[company])
    assert len(symbols) == len(set(symbols)) > 1


LINES = TextLinker(CATALOGUE, str.strip)
_PIECES = st.sampled_from(
    ["$AAPL", "SH600519", "茅台", "(NYSE: F)", "BTC-USD", "$UN\u2026", "7203.T", "Ford", "\ud800", "^GSPC"]
)
_TEXT = st.lists(_PIECES | st.text(max_size=4), max_size=12).map(" ".join)


@given(
    st.lists(
        st.fixed_dictionaries({"text": _TEXT, "title": _TEXT, "day": st.text(max_size=10) | st.none()}) | st.text()
    )
)
def test_any_line_has_one_answer_or_one_error(rows: list[object]) -> None:
    lines = [json.dumps(row) if isinstance(row, dict) else str(row).replace("\n", " ") for row in rows]
    answers = list(LINES.link_lines(lines))
    assert len(answers) == sum(bool(line.strip()) for line in lines)
    assert all(("error" in answer) != ("companies" in answer) for answer in answers)
    for answer in answers:
        for one in answer.get("companies", ()):
            assert all(0 <= start < end <= len(answer["text"]) for start, end in one["spans"])
